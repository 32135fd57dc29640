/* The list of findings: dense, filtered by the URL, selectable, exportable. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { may, url } from "../app/api";
import { day, pick, recall, remember, t, tx } from "../app/i18n";
import { useKeys } from "../app/keys";
import { useList } from "../app/list";
import { go, params, path, setParams, withParams } from "../app/router";
import type { FindingRow, Severity } from "../app/types";
import { AcceptDialog, AssignDialog } from "../ui/act";
import { Due, Score, SeverityMark, StateMark, StatusMark } from "../ui/marks";
import { Dialog, Empty, Failure, Labelled, LiveBar, MenuButton, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { WordFilter } from "../ui/local";
import { DataTable, type Column } from "../ui/table";

export { WordFilter };

const filterNames = ["org", "asset", "kind", "module", "class", "severity", "status", "due", "fix", "q", "cause", "min_score"] as const;
const severities: Severity[] = ["critical", "high", "medium", "low", "info"];
const changes = ["requested", "approved", "applied", "failed", "undone"];
const classes = ["vulnerability", "configuration", "integrity", "resilience", "detection", "hygiene"];

function columns(): Column<FindingRow>[] {
  return [
    { key: "severity", label: t("col.severity"), width: 86, sort: "severity", falling: true, cell: (f) => <SeverityMark value={f.severity} /> },
    {
      key: "title", label: t("col.finding"), width: 372, narrow: "title",
      cell: (f) => (
        <a href={path("findings", f.id)}>
          <Say max={200}>{pick(f.title)}</Say>
        </a>
      ),
    },
    {
      key: "asset", label: t("col.asset"), width: 116, sort: "asset",
      cell: (f) => (
        <a class="plain-link" href={path("assets", f.asset.id)}>
          <Say max={60}>{f.asset.name}</Say>
        </a>
      ),
    },
    { key: "due", label: t("col.due"), width: 124, sort: "due", cell: (f) => <Due due={f.due} overdue={f.overdue} done={f.status === "closed"} /> },
    { key: "state", label: t("col.action"), width: 104, cell: (f) => (f.action ? <StateMark value={f.action.state} /> : f.status === "open" ? <span class="dim">—</span> : <StatusMark value={f.status} />) },
    { key: "first", label: t("col.first-seen"), width: 112, sort: "first_seen", falling: true, narrow: "hide", cell: (f) => day(f.first_seen) },
    { key: "score", label: t("col.score"), width: 86, numeric: true, sort: "score", falling: true, cell: (f) => <Score value={f.score} /> },
  ];
}

export function FindingsView(): JSX.Element {
  const p = params.value;
  const filter: Record<string, string | null> = {};
  for (const n of filterNames) filter[n] = p.get(n);
  const sort = p.get("sort") ?? "-score";
  const list = useList<FindingRow>("findings", { ...filter, sort }, ["finding", "action"]);
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [assign, setAssign] = useState(false);
  const [accept, setAccept] = useState(false);
  const key = JSON.stringify(filter);
  useEffect(() => setIds(new Set()), [key]);
  const chosen = list.rows.filter((r) => ids.has(r.id));
  useKeys([{ keys: "a", text: "keys.assign", run: () => chosen.length > 0 && may("operator") && setAssign(true) }], [chosen.length]);
  const exportUrl = (format: string) => url("findings", { ...filter, sort, format });
  const filtered = filterNames.some((n) => filter[n]);

  return (
    <>
      <header class="page-head">
        <h1>{t("nav.findings")}</h1>
        <SavedFilters />
        <MenuButton label={t("do.export")}>
          <a href={exportUrl("csv")} download="findings.csv">CSV</a>
          <a href={exportUrl("ocsf")} download="findings.ocsf.json">OCSF</a>
          <a href={exportUrl("sarif")} download="findings.sarif.json">SARIF</a>
        </MenuButton>
      </header>
      <Filters />
      {list.waiting > 0 && <LiveBar show={list.show} text={t("live.changed", { n: list.waiting })} />}
      {chosen.length > 0 && (
        <div class="bulk" role="region" aria-label={t("table.selection")}>
          <span>{t("table.selected", { n: chosen.length })}</span>
          {may("operator") && (
            <button type="button" onClick={() => setAssign(true)}>
              {t("now.assign")}
            </button>
          )}
          {may("approver") && (
            <button type="button" onClick={() => setAccept(true)}>
              {t("finding.accept")}
            </button>
          )}
          <button type="button" class="quiet" onClick={() => setIds(new Set())}>
            {t("table.clear")}
          </button>
        </div>
      )}
      {list.error !== undefined ? (
        <Failure error={list.error} again={list.reload} />
      ) : list.loading ? (
        <Skeleton lines={12} />
      ) : list.rows.length === 0 ? (
        <Empty title={filtered ? t("findings.none-filtered") : t("findings.none")}>
          {filtered ? (
            <a class="button" href="/findings">
              {t("filter.clear")}
            </a>
          ) : (
            <a class="button" href="/sources">
              {t("findings.see-sources")}
            </a>
          )}
        </Empty>
      ) : (
        <DataTable
          id="findings"
          label={t("nav.findings")}
          columns={columns()}
          rows={list.rows}
          rowId={(f) => f.id}
          href={(f) => path("findings", f.id)}
          sort={sort}
          selection={{ ids, set: setIds }}
          total={list.total}
          more={list.more}
          stale={list.stale}
        />
      )}
      {assign && <AssignDialog findings={chosen} close={() => setAssign(false)} done={list.reload} />}
      {accept && (
        <AcceptDialog
          findings={chosen}
          close={() => setAccept(false)}
          done={() => {
            setIds(new Set());
            list.reload();
          }}
        />
      )}
    </>
  );
}

function Filters(): JSX.Element {
  const p = params.value;
  const choice = (name: string, label: string, values: [string, string][]) => (
    <label class="choice">
      <span>{label}</span>
      <select value={p.get(name) ?? ""} onChange={(e) => setParams({ [name]: e.currentTarget.value || null })}>
        {values.map(([v, text]) => (
          <option key={v} value={v}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
  const loose = (["org", "asset", "cause", "kind", "module", "min_score"] as const).filter((n) => p.get(n));
  return (
    <div class="filters">
      <WordFilter />
      {choice("severity", t("col.severity"), [["", t("filter.any")], ...severities.map((s): [string, string] => [s, t("filter.or-worse", { severity: tx(`severity.${s}`, s) })])])}
      {choice("status", t("col.status"), [
        ["", t("status.open")],
        ["not_seen", t("status.not_seen")],
        ["excepted", t("status.excepted")],
        ["closed", t("status.closed")],
      ])}
      {choice("due", t("col.due"), [
        ["", t("filter.any")],
        ["overdue", t("due.overdue-word")],
        ["week", t("due.week-word")],
        ["none", t("due.none")],
      ])}
      {choice("fix", t("filter.fix"), [["", t("filter.any")], ...changes.map((c): [string, string] => [c, tx(`change.${c}`, c)])])}
      {choice("class", t("col.class"), [["", t("filter.any")], ...classes.map((c): [string, string] => [c, tx(`class.${c}`, c)])])}
      {loose.map((n) => (
        <a key={n} class="chip" href={withParams({ [n]: null })} aria-label={t("filter.remove", { name: n })}>
          {tx(`filter.${n}`, n)}: <Say max={40}>{p.get(n)}</Say> ✕
        </a>
      ))}
    </div>
  );
}

/* Saved filters are names for addresses; they stay in this browser. */
function SavedFilters(): JSX.Element {
  const [list, setList] = useState<[string, string][]>(readSaved);
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const keep = (next: [string, string][]) => {
    setList(next);
    remember("hinomi.filters", JSON.stringify(next));
  };
  const search = params.value.toString();
  return (
    <>
      <MenuButton label={t("filter.saved")}>
        {list.map(([n, s]) => (
          <div class="saved" key={n}>
            <a href={`/findings${s ? `?${s}` : ""}`}>
              <Say max={60}>{n}</Say>
            </a>
            <button type="button" class="bare" aria-label={t("filter.forget", { name: n })} onClick={() => keep(list.filter(([x]) => x !== n))}>
              ✕
            </button>
          </div>
        ))}
        {list.length === 0 && <p class="dim">{t("filter.none-saved")}</p>}
        <button type="button" onClick={() => setNaming(true)}>
          {t("filter.save")}
        </button>
      </MenuButton>
      {naming && (
        <Dialog title={t("filter.save")} close={() => setNaming(false)}>
          <form
            onSubmit={(e) => {
              e.preventDefault();
              if (!name.trim()) return;
              keep([...list.filter(([n]) => n !== name.trim()), [name.trim(), search]]);
              setName("");
              setNaming(false);
              go(`/findings${search ? `?${search}` : ""}`, true);
            }}
          >
            <Labelled label={t("filter.name")}>
              {(id) => <input id={id} required maxLength={60} value={name} autofocus onInput={(e) => setName(e.currentTarget.value)} />}
            </Labelled>
            <div class="buttons">
              <button type="submit" class="primary">
                {t("do.save")}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}

function readSaved(): [string, string][] {
  try {
    const v: unknown = JSON.parse(recall("hinomi.filters") ?? "[]");
    return Array.isArray(v) ? v.filter((x): x is [string, string] => Array.isArray(x) && typeof x[0] === "string" && typeof x[1] === "string") : [];
  } catch {
    return [];
  }
}
