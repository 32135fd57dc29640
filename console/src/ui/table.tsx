/* The table: sorting by URL, resizable columns, sticky header, keyboard j/k/enter/x, selection. At 390 px each row
 * becomes a small card with the same cells. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { num, recall, remember, t } from "../app/i18n";
import { useKeys } from "../app/keys";
import { go, params, withParams } from "../app/router";
import { Icon } from "./icon";

export interface Column<R> {
  key: string;
  label: string;
  width: number;
  numeric?: boolean;
  hint?: string;
  sort?: string;
  falling?: boolean; /* first click sorts falling */
  narrow?: "title" | "hide";
  cell: (row: R) => ComponentChildren;
  value?: (row: R) => string | number | null; /* for local sorting */
}

export interface Selection {
  ids: ReadonlySet<string>;
  set: (ids: Set<string>) => void;
}

export interface TableProps<R> {
  id: string;
  label: string;
  columns: Column<R>[];
  rows: R[];
  rowId: (row: R) => string;
  href?: (row: R) => string | null;
  open?: (row: R) => void;
  sort?: string;
  sortParam?: string;
  selection?: Selection;
  total?: number | null;
  more?: (() => void) | null;
  stale?: boolean;
  keys?: boolean;
}

export function DataTable<R>(props: TableProps<R>): JSX.Element {
  const { id, columns, rows, rowId, selection } = props;
  const [active, setActive] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const [widths, setWidths] = useState<Record<string, number>>(() => readWidths(id));
  const width = (c: Column<R>) => widths[c.key] ?? c.width;
  const sum = columns.reduce((n, c) => n + width(c), selection ? 36 : 0);
  const fitted = Object.keys(widths).length === 0; /* until somebody sets a width, columns share the room there is */

  const openRow = (row: R) => {
    const to = props.href?.(row);
    if (props.open) props.open(row);
    else if (to) go(to);
  };
  const toggle = (row: R) => {
    if (!selection) return;
    const next = new Set(selection.ids);
    if (!next.delete(rowId(row))) next.add(rowId(row));
    selection.set(next);
  };
  const move = (to: number) => {
    const i = Math.max(0, Math.min(rows.length - 1, to));
    setActive(i);
    const el = body.current?.rows[i];
    el?.focus();
    el?.scrollIntoView({ block: "nearest" });
  };
  const here = () => {
    const el = document.activeElement?.closest("tr");
    const i = el ? [...(body.current?.rows ?? [])].indexOf(el as HTMLTableRowElement) : -1;
    return i;
  };
  const inTable = () => here() >= 0;
  useKeys(
    props.keys === false
      ? []
      : [
          { keys: "j", text: "keys.next", run: () => move(inTable() ? here() + 1 : active) },
          { keys: "k", text: "keys.previous", run: () => move(inTable() ? here() - 1 : active) },
          ...(selection
            ? [{ keys: "x", text: "keys.select" as const, run: () => rows[active] !== undefined && toggle(rows[active] as R) }]
            : []),
        ],
    [rows, active, selection?.ids, props.keys],
  );
  useEffect(() => {
    if (active >= rows.length) setActive(Math.max(0, rows.length - 1));
  }, [rows.length, active]);

  const all = rows.length > 0 && rows.every((r) => selection?.ids.has(rowId(r)));
  const some = !all && rows.some((r) => selection?.ids.has(rowId(r)));
  const resize = (key: string, w: number) => {
    const next = { ...widths, [key]: Math.round(Math.max(56, Math.min(900, w))) };
    setWidths(next);
    remember(`hinomi.widths.${id}`, JSON.stringify(next));
  };

  return (
    <div class={props.stale ? "table-box stale" : "table-box"} aria-busy={props.stale ? "true" : undefined}>
      <div class="table-scroll">
        <table class="data" role="table" style={{ "--least": `${Math.round(sum * (fitted ? 0.88 : 1))}px` }} aria-label={props.label} aria-rowcount={props.total ?? rows.length}>
          <colgroup>
            {selection && <col class="col-check" />}
            {columns.map((c) => (
              <col key={c.key} style={{ width: fitted ? `${(width(c) / sum) * 100}%` : `${width(c)}px` }} />
            ))}
          </colgroup>
          <thead role="rowgroup">
            <tr role="row">
              {selection && (
                <th role="columnheader" class="cell-check">
                  <input
                    type="checkbox"
                    checked={all}
                    ref={(el) => {
                      if (el) el.indeterminate = some;
                    }}
                    aria-label={t("table.select-all")}
                    onChange={() => selection.set(all ? new Set() : new Set(rows.map(rowId)))}
                  />
                </th>
              )}
              {columns.map((c) => (
                <Head key={c.key} column={c} sort={props.sort} param={props.sortParam ?? "sort"} width={width(c)} resize={(w) => resize(c.key, w)} />
              ))}
            </tr>
          </thead>
          <tbody ref={body} role="rowgroup">
            {rows.map((row, i) => {
              const rid = rowId(row);
              const chosen = selection?.ids.has(rid) ?? false;
              return (
                <tr
                  key={rid}
                  role="row"
                  tabIndex={i === active ? 0 : -1}
                  class={chosen ? "chosen" : undefined}
                  onFocus={(e) => {
                    if (e.target === e.currentTarget) setActive(i);
                  }}
                  onKeyDown={(e) => rowKey(e, i)}
                  onClick={(e) => {
                    if ((e.target as Element).closest("a,button,input,select,summary,label")) return;
                    if (window.getSelection()?.toString()) return;
                    openRow(row);
                  }}
                >
                  {selection && (
                    <td role="cell" class="cell-check">
                      <input type="checkbox" checked={chosen} aria-label={t("table.select-row")} tabIndex={-1} onChange={() => toggle(row)} />
                    </td>
                  )}
                  {columns.map((c) => (
                    <td
                      key={c.key}
                      role="cell"
                      data-label={c.label}
                      class={[c.numeric ? "num" : "", c.narrow ? `narrow-${c.narrow}` : ""].join(" ").trim() || undefined}
                    >
                      {c.cell(row)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <footer class="table-foot">
        <span>
          {props.total !== null && props.total !== undefined && props.total > rows.length
            ? t("table.count-of", { n: rows.length, total: props.total })
            : t("table.count", { n: props.total ?? rows.length })}
          {selection && selection.ids.size > 0 && ` · ${t("table.selected", { n: selection.ids.size })}`}
        </span>
        {props.more && (
          <button type="button" onClick={props.more}>
            {t("table.more")}
          </button>
        )}
      </footer>
    </div>
  );

  function rowKey(e: KeyboardEvent, i: number): void {
    if (e.target !== e.currentTarget) return;
    const row = rows[i];
    if (row === undefined) return;
    if (e.key === "Enter") openRow(row);
    else if (e.key === " " && selection) toggle(row);
    else if (e.key === "ArrowDown") move(i + 1);
    else if (e.key === "ArrowUp") move(i - 1);
    else if (e.key === "Home") move(0);
    else if (e.key === "End") move(rows.length - 1);
    else return;
    e.preventDefault();
  }
}

function Head<R>({ column: c, sort, param, width, resize }: { column: Column<R>; sort: string | undefined; param: string; width: number; resize: (w: number) => void }): JSX.Element {
  const field = c.sort;
  const rising = sort === field;
  const falling = sort === `-${field}`;
  const on = field !== undefined && (rising || falling);
  const next = rising ? `-${field}` : falling ? field : c.falling ? `-${field}` : field;
  return (
    <th role="columnheader" scope="col" title={c.hint} class={c.numeric ? "num" : undefined} aria-sort={on ? (falling ? "descending" : "ascending") : undefined}>
      {field ? (
        <a class="sort" href={withParams({ [param]: next ?? null, cursor: null })}>
          {c.label}
          {on && <Icon name={falling ? "down" : "up"} size={11} />}
        </a>
      ) : (
        <span>{c.label}</span>
      )}
      <Grip label={c.label} width={width} resize={resize} />
    </th>
  );
}

function Grip({ label, width, resize }: { label: string; width: number; resize: (w: number) => void }): JSX.Element {
  return (
    <span
      class="grip"
      role="separator"
      aria-orientation="vertical"
      aria-label={t("table.resize", { column: label })}
      aria-valuenow={width}
      aria-valuemin={56}
      aria-valuemax={900}
      tabIndex={0}
      onKeyDown={(e) => {
        if (e.key === "ArrowLeft") resize(width - 16);
        else if (e.key === "ArrowRight") resize(width + 16);
        else return;
        e.preventDefault();
      }}
      onPointerDown={(e) => {
        e.preventDefault();
        const start = e.clientX;
        const el = e.currentTarget;
        el.setPointerCapture(e.pointerId);
        const moved = (m: PointerEvent) => resize(width + m.clientX - start);
        el.addEventListener("pointermove", moved);
        el.addEventListener("pointerup", () => el.removeEventListener("pointermove", moved), { once: true });
      }}
    />
  );
}

function readWidths(id: string): Record<string, number> {
  try {
    const v: unknown = JSON.parse(recall(`hinomi.widths.${id}`) ?? "{}");
    if (typeof v !== "object" || v === null) return {};
    return Object.fromEntries(Object.entries(v).filter((e): e is [string, number] => typeof e[1] === "number"));
  } catch {
    return {};
  }
}

/* Rows that are all here already: sorted in the browser by the column that the URL names. */
export function sortRows<R>(rows: R[], columns: Column<R>[], sort: string | null, fallback: string): R[] {
  const s = sort ?? fallback;
  const falling = s.startsWith("-");
  const c = columns.find((x) => x.sort === s.replace(/^-/, ""));
  if (!c?.value) return rows;
  const value = c.value;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1; /* unknown comes last either way */
    const d = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
    return falling ? -d : d;
  });
}

export function sortOf(param = "sort"): string | null {
  return params.value.get(param);
}

export function Count({ n }: { n: number }): JSX.Element {
  return <span class={n === 0 ? "dim" : undefined}>{num(n)}</span>;
}
