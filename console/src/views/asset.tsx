/* One asset: what makes its score, what was seen of it (a tab for every kind of observation), what was not. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { may, patch, url } from "../app/api";
import { num, pick, t, tx, when, zone } from "../app/i18n";
import { useList } from "../app/list";
import { useQuery } from "../app/query";
import { params, path } from "../app/router";
import type { Asset, CoverageRow, FindingRow, Obs, Value } from "../app/types";
import { Due, isStale, Score, Seen, SeverityMark, When } from "../ui/marks";
import { FieldValue, ObservationBox, fieldsOf, useKinds } from "../ui/observation";
import { Dialog, Empty, Facts, Failure, Labelled, LiveBar, Section, Skeleton, Tabs, useDo } from "../ui/parts";
import { LocalTable } from "../ui/local";
import { Say } from "../ui/say";
import { DataTable, sortRows, type Column } from "../ui/table";
import { Trend } from "../ui/trend";
import { percent } from "../ui/waterfall";
import { WordFilter } from "./findings";

export function AssetView({ id, tab }: { id: string; tab: string }): JSX.Element {
  const { data: a, error, reload } = useQuery<Asset>(`assets/${encodeURIComponent(id)}`, ["run", "finding"]);
  const [edit, setEdit] = useState(false);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!a) return <Skeleton lines={9} tall />;
  const kind = params.value.get("kind") ?? a.kinds?.[0]?.kind ?? "";
  const modules = [...new Set((a.kinds ?? []).map((k) => moduleOf(k.kind)))];
  const kindsOf = (m: string) => (a.kinds ?? []).filter((k) => moduleOf(k.kind) === m).sort((x, y) => Number(/summary$/.test(x.kind)) - Number(/summary$/.test(y.kind)));
  const tabs = [
    { href: path("assets", id), text: t("asset.overview"), on: tab === "" },
    { href: path("assets", id, "findings"), text: t("nav.findings"), on: tab === "findings", n: a.open },
    { href: path("assets", id, "coverage"), text: t("asset.coverage"), on: tab === "coverage" },
    ...modules.map((m) => ({ href: observationsOf(id, kindsOf(m)[0]?.kind ?? m), text: tx(`module.${m}`, m), on: tab === "observations" && moduleOf(kind) === m })),
  ];
  return (
    <>
      <p class="crumbs">
        <a href="/assets">{t("nav.assets")}</a>
      </p>
      <header class="finding-head">
        <div>
          <h1>
            <Say max={120}>{a.name}</Say>
          </h1>
          <p class="dim">
            {a.os ? <Say max={120}>{a.os}</Say> : <span class="unknown">{t("value.unknown")}</span>}
            {" · "}
            {t("asset.seen")} <Seen at={a.last_run} />
            {a.criticality !== null && a.criticality !== undefined && (
              <>
                {" · "}
                {t("asset.criticality")} {a.criticality}
              </>
            )}
            {may("operator") && (
              <>
                {" "}
                <button type="button" class="quiet" onClick={() => setEdit(true)}>
                  {t("do.edit")}
                </button>
              </>
            )}
          </p>
        </div>
        <div class="head-score">
          <span class="dim">{t("score.word")}</span>
          <Score value={a.score} big stale={isStale(a.last_run)} />
        </div>
      </header>
      <Tabs items={tabs} label={t("asset.tabs")} />
      {tab === "observations" && kindsOf(moduleOf(kind)).length > 1 && (
        <nav class="kinds" aria-label={t("asset.kinds")}>
          {kindsOf(moduleOf(kind)).map((k) => (
            <a key={k.kind} href={observationsOf(id, k.kind)} aria-current={k.kind === kind ? "page" : undefined}>
              {tx(`kind.${k.kind}`, k.kind)}
              <span class="n">{num(k.count)}</span>
            </a>
          ))}
        </nav>
      )}
      {tab === "" ? (
        <Overview a={a} />
      ) : tab === "findings" ? (
        <Findings id={id} />
      ) : tab === "coverage" ? (
        <CoverageTable rows={a.coverage ?? []} />
      ) : (
        <Observations id={id} kind={kind} key={kind} />
      )}
      {edit && <EditDialog a={a} close={() => setEdit(false)} done={reload} />}
    </>
  );
}

/* The kind has a dot in its name, which the last part of a path must not have: it goes into the query. */
const observationsOf = (id: string, kind: string) => `${path("assets", id, "observations")}?kind=${encodeURIComponent(kind)}`;

const moduleOf = (kind: string) => kind.split(".")[0] ?? kind;

function Overview({ a }: { a: Asset }): JSX.Element {
  const parts = a.score_parts ?? [];
  const most = Math.max(0.001, ...parts.map((x) => x.p * x.loss));
  const trend = a.trend ?? [];
  const unseen = (a.coverage ?? []).filter((c) => (c.not_seen_n ?? 0) > 0 || c.complete === false);
  return (
    <div class="finding-columns">
      <div>
        <Section title={t("asset.parts")}>
          {parts.length === 0 ? (
            <p class="dim">{a.score === null || a.score === undefined ? t("asset.no-score") : t("asset.no-parts")}</p>
          ) : (
            <ol class="lower">
              {parts.slice(0, 15).map((x) => (
                <li key={x.cause}>
                  <a href={`/findings?asset=${encodeURIComponent(a.id)}&cause=${encodeURIComponent(x.cause)}`}>
                    <Say max={160}>{pick(x.title)}</Say>
                  </a>
                  <span class="lower-num">{percent(x.p)}</span>
                  <svg width="100%" height="4" aria-hidden="true">
                    <rect width={`${((x.p * x.loss) / most) * 100}%`} height="4" class="bar-up" rx="1" />
                  </svg>
                  <span class="dim lower-note">{t("asset.part-note", { n: x.findings, loss: x.loss.toFixed(2) })}</span>
                </li>
              ))}
            </ol>
          )}
        </Section>
        {trend.length > 0 && (
          <Section title={t("now.trend")}>
            <Trend title={t("score.word")} unit={t("trend.score-unit")} times={trend.map((p) => p.at)} max={100} series={[{ name: t("score.word"), tone: "accent", values: trend.map((p) => p.score) }]} />
          </Section>
        )}
      </div>
      <div class="beside">
        <Section title={t("asset.identity")}>
          <Facts
            items={[
              [t("col.org"), <Say key="o">{pick(typeof a.org === "string" ? a.org : a.org.name)}</Say>],
              ...((a.names?.length ?? 0) > 0 ? ([[t("asset.names"), <Say key="n" max={300}>{(a.names ?? []).join(", ")}</Say>]] as [string, JSX.Element][]) : []),
              ...(a.identity ?? []).map((k): [string, JSX.Element] => [tx(`identity.${k.type}`, k.type), <Say key={k.type + k.value} max={80}>{k.value}</Say>]),
            ]}
          />
        </Section>
        <Section title={t("asset.unseen")}>
          {unseen.length === 0 ? (
            <p class="dim">{t("asset.all-seen")}</p>
          ) : (
            <ul class="unseen-list">
              {unseen.map((c) => (
                <li key={c.module}>
                  <a href={path("sources", c.module)}>{tx(`module.${c.module}`, c.module)}</a>{" "}
                  <span class="hatched">{(c.not_seen_n ?? 0) > 0 ? t("asset.unseen-n", { n: c.not_seen_n ?? 0 }) : t("sources.incomplete")}</span>
                </li>
              ))}
            </ul>
          )}
        </Section>
      </div>
    </div>
  );
}

function Findings({ id }: { id: string }): JSX.Element {
  const sort = params.value.get("sort") ?? "-score";
  const list = useList<FindingRow>("findings", { asset: id, sort, q: params.value.get("q") }, ["finding", "action"]);
  const columns: Column<FindingRow>[] = [
    { key: "severity", label: t("col.severity"), width: 104, sort: "severity", falling: true, cell: (f) => <SeverityMark value={f.severity} /> },
    { key: "title", label: t("col.finding"), width: 460, narrow: "title", cell: (f) => <a href={path("findings", f.id)}><Say max={200}>{pick(f.title)}</Say></a> },
    { key: "due", label: t("col.due"), width: 140, sort: "due", cell: (f) => <Due due={f.due} overdue={f.overdue} /> },
    { key: "score", label: t("col.score"), width: 86, numeric: true, sort: "score", falling: true, cell: (f) => <Score value={f.score} /> },
  ];
  return (
    <>
      <div class="filters">
        <WordFilter />
        <a class="button" href={url("findings", { asset: id, sort, q: params.value.get("q"), format: "csv" })} download="findings.csv">
          {t("do.export-csv")}
        </a>
      </div>
      {list.waiting > 0 && <LiveBar show={list.show} text={t("live.changed", { n: list.waiting })} />}
      {list.error !== undefined ? (
        <Failure error={list.error} again={list.reload} />
      ) : list.loading ? (
        <Skeleton lines={8} />
      ) : list.rows.length === 0 ? (
        <Empty title={t("findings.none-filtered")} />
      ) : (
        <DataTable id="asset-findings" label={t("nav.findings")} columns={columns} rows={list.rows} rowId={(f) => f.id} href={(f) => path("findings", f.id)} sort={sort} total={list.total} more={list.more} stale={list.stale} />
      )}
    </>
  );
}

/* Columns come from what the kind declares: its subject, then its fields in their order. The server sorts by subject
 * and time; for any other column all pages are fetched first and sorted here. */
const mostRows = 20000;

function Observations({ id, kind }: { id: string; kind: string }): JSX.Element {
  const p = params.value;
  const sort = p.get("sort") ?? "subject";
  const byField = !/^-?(subject|at)$/.test(sort);
  const filter = { kind, q: p.get("q"), sort: byField ? "subject" : sort, limit: byField ? 500 : 100 };
  const list = useList<Obs>(`assets/${encodeURIComponent(id)}/observations`, filter);
  const kinds = useKinds();
  const [open, setOpen] = useState<Obs | null>(null);
  const more = list.more;
  useEffect(() => {
    if (byField && more && !list.stale && list.rows.length < mostRows) more();
  }, [byField, list.rows.length, list.stale, !!more]);
  const fields = fieldsOf(kinds, kind);
  const columns: Column<Obs>[] = [
    { key: "subject", label: t("col.subject"), width: 240, sort: "subject", narrow: "title", cell: (o) => <button type="button" class="link" onClick={() => setOpen(o)}><Say max={120}>{o.subject}</Say></button> },
    ...fields.map((f): Column<Obs> => ({
      key: f.name,
      label: f.type === "time" ? `${f.name} (${zone()})` : f.name,
      ...(f.meaning ? { hint: pick(f.meaning) } : {}),
      width: f.type === "integer" || f.type === "boolean" ? 104 : f.type === "time" ? 160 : 168,
      numeric: f.type === "integer",
      sort: f.name,
      cell: (o) => <FieldValue value={o.fields[f.name]} field={f} short />,
      value: (o) => plainValue(o.fields[f.name]),
    })),
    { key: "at", label: `${t("col.seen-at")} (${zone()})`, width: 150, sort: "at", falling: true, narrow: "hide", cell: (o) => <time dateTime={o.at}>{when(o.at)}</time> },
  ];
  const rows = byField ? sortRows(list.rows, columns, sort, sort) : list.rows;
  return (
    <>
      <div class="filters">
        <WordFilter />
        <a class="button" href={url(`assets/${encodeURIComponent(id)}/observations`, { kind, q: filter.q, sort: filter.sort, format: "csv" })} download={`${kind}.csv`}>
          {t("do.export-csv")}
        </a>
      </div>
      {list.error !== undefined ? (
        <Failure error={list.error} again={list.reload} />
      ) : list.loading ? (
        <Skeleton lines={10} />
      ) : rows.length === 0 ? (
        <Empty title={filter.q ? t("asset.none-filtered") : t("asset.none")} />
      ) : (
        <DataTable id={`obs-${kind}`} label={tx(`kind.${kind}`, kind)} columns={columns} rows={rows} rowId={(o) => o.id} open={setOpen} sort={sort} total={list.total} more={byField && rows.length < mostRows ? null : more} stale={list.stale || (byField && !!more && rows.length < mostRows)} />
      )}
      {open && (
        <Dialog title={t("obs.title")} close={() => setOpen(null)} wide>
          <ObservationBox of={open} whole />
        </Dialog>
      )}
    </>
  );
}

function plainValue(v: Value | undefined): string | number | null {
  if (v === undefined || v === null) return null;
  if (typeof v === "boolean") return v ? 1 : 0;
  return Array.isArray(v) ? v.join(", ") : v;
}

export function CoverageTable({ rows }: { rows: CoverageRow[] }): JSX.Element {
  const columns: Column<CoverageRow>[] = [
    { key: "module", label: t("col.source"), width: 150, sort: "module", narrow: "title", value: (c) => tx(`module.${c.module}`, c.module), cell: (c) => <a href={path("sources", c.module)}>{tx(`module.${c.module}`, c.module)}</a> },
    { key: "complete", label: t("col.complete"), width: 130, sort: "complete", value: (c) => (c.complete ? 1 : 0), cell: (c) => (c.complete ? t("sources.complete") : <span class="hatched">{t("sources.incomplete")}</span>) },
    { key: "privilege", label: t("col.privilege"), width: 110, value: (c) => tx(`privilege.${c.privilege ?? ""}`, c.privilege ?? ""), cell: (c) => tx(`privilege.${c.privilege ?? ""}`, c.privilege ?? "") },
    { key: "scope", label: t("col.scope"), width: 110, value: (c) => c.scope ?? "", cell: (c) => <Say max={60}>{c.scope}</Say> },
    { key: "observations", label: t("col.observations"), width: 120, numeric: true, sort: "observations", falling: true, value: (c) => c.observations ?? 0, cell: (c) => num(c.observations ?? 0) },
    { key: "not_seen", label: t("col.not-seen"), width: 100, numeric: true, sort: "not_seen", falling: true, value: (c) => c.not_seen_n ?? 0, cell: (c) => ((c.not_seen_n ?? 0) > 0 ? <span class="hatched">{num(c.not_seen_n ?? 0)}</span> : "0") },
    { key: "malformed", label: t("col.malformed"), width: 110, numeric: true, sort: "malformed", falling: true, value: (c) => c.malformed_n ?? 0, cell: (c) => num(c.malformed_n ?? 0) },
    { key: "last", label: t("col.last-run"), width: 190, sort: "last", value: (c) => c.last_run ?? null, cell: (c) => <When at={c.last_run} /> },
  ];
  if (rows.length === 0) return <Empty title={t("asset.no-coverage")} />;
  return <LocalTable id="coverage" label={t("asset.coverage")} columns={columns} rows={rows} rowId={(c) => c.module} href={(c) => path("sources", c.module)} fallback="module" />;
}

function EditDialog({ a, close, done }: { a: Asset; close: () => void; done: () => void }): JSX.Element {
  const [name, setName] = useState(a.name);
  const [criticality, setCriticality] = useState(String(a.criticality ?? ""));
  const [busy, run] = useDo();
  return (
    <Dialog title={t("asset.edit")} close={close}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const body: Record<string, unknown> = { name: name.trim() };
          const n = Number(criticality);
          if (criticality !== "" && Number.isFinite(n)) body.criticality = n;
          void run(() => patch(`assets/${encodeURIComponent(a.id)}`, body), t("do.saved")).then((ok) => {
            if (!ok) return;
            done();
            close();
          });
        }}
      >
        <Labelled label={t("col.name")}>{(id) => <input id={id} required maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} />}</Labelled>
        <Labelled label={t("asset.criticality")} hint={t("asset.criticality-hint")}>
          {(id) => <input id={id} type="number" min="0" step="any" value={criticality} onInput={(e) => setCriticality(e.currentTarget.value)} />}
        </Labelled>
        <div class="buttons">
          <button type="submit" class="primary" disabled={busy}>
            {t("do.save")}
          </button>
          <button type="button" onClick={close}>
            {t("do.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
