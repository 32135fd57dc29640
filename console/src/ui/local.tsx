/* A list that is here whole: filtered, sorted, counted and exported in the browser. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../app/i18n";
import { params, setParams, withParams } from "../app/router";
import { Empty } from "./parts";
import { DataTable, sortRows, type Column, type TableProps } from "./table";

export function WordFilter({ param = "q" }: { param?: string }): JSX.Element {
  const given = params.value.get(param) ?? "";
  const [text, setText] = useState(given);
  useEffect(() => setText(given), [given]);
  useEffect(() => {
    if (text.trim() === given) return;
    const timer = window.setTimeout(() => setParams({ [param]: text.trim() || null }), 250);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <label class="choice choice-word">
      <span>{t("filter.words")}</span>
      <input type="search" value={text} onInput={(e) => setText(e.currentTarget.value)} />
    </label>
  );
}

interface Props<R> extends Pick<TableProps<R>, "id" | "label" | "columns" | "rows" | "rowId" | "href" | "open"> {
  fallback?: string; /* order without a choice; absent: the order of the rows */
  children?: ComponentChildren; /* beside the filter */
}

export function LocalTable<R>({ id, label, columns, rows, fallback, children, ...table }: Props<R>): JSX.Element {
  const q = params.value.get("q") ?? "";
  const sort = params.value.get("sort") ?? fallback ?? "";
  const matching = matchRows(rows, columns, q);
  const shown = sort ? sortRows(matching, columns, sort, fallback ?? sort) : matching;
  return (
    <>
      <div class="filters">
        <WordFilter />
        {children}
        <button type="button" class="export" onClick={() => save(`${id}.csv`, csvOf(columns, shown))}>
          {t("do.export-csv")}
        </button>
      </div>
      {shown.length === 0 ? (
        <Empty title={t("table.none-filtered")}>
          <a class="button" href={withParams({ q: null })}>
            {t("filter.clear")}
          </a>
        </Empty>
      ) : (
        <DataTable id={id} label={label} columns={columns} rows={shown} sort={sort} {...table} />
      )}
    </>
  );
}

/* Every word somewhere in the row. */
export function matchRows<R>(rows: R[], columns: Column<R>[], q: string): R[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((r) => {
    const all = columns.map((c) => String(c.value?.(r) ?? "")).join(" ").toLowerCase();
    return words.every((w) => all.includes(w));
  });
}

/* As the server writes it: RFC 4180, a byte order mark, and no cell that a spreadsheet would run as a formula. */
export function csvOf<R>(columns: Column<R>[], rows: R[]): string {
  const told = columns.filter((c) => c.value);
  const cell = (v: string | number | null | undefined) => {
    const s = v === null || v === undefined ? "" : String(v);
    const formula = /^[=+\-@\t\r]/.test(s) && Number.isNaN(Number(s));
    return formula || /[",\r\n;]/.test(s) ? `"${formula ? "'" : ""}${s.replaceAll('"', '""')}"` : s;
  };
  const line = (cells: (string | number | null | undefined)[]) => `${cells.map(cell).join(",")}\r\n`;
  return `\ufeff${line(told.map((c) => c.label))}${rows.map((r) => line(told.map((c) => c.value?.(r)))).join("")}`;
}

function save(name: string, text: string): void {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  a.download = name;
  a.click();
  window.setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
