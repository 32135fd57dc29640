import type { JSX } from "preact";
import { url } from "../app/api";
import { pick, t } from "../app/i18n";
import { useList } from "../app/list";
import { params, path, setParams } from "../app/router";
import type { AssetRow } from "../app/types";
import { isStale, Score, Seen, SeverityMark } from "../ui/marks";
import { Empty, Failure, LiveBar, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { Count, DataTable, type Column } from "../ui/table";
import { WordFilter } from "./findings";

export function assetColumns(): Column<AssetRow>[] {
  return [
    {
      key: "name", label: t("col.name"), width: 170, sort: "name", narrow: "title",
      cell: (a) => (
        <a href={path("assets", a.id)}>
          <Say max={80}>{a.name}</Say>
        </a>
      ),
    },
    { key: "os", label: t("col.os"), width: 246, cell: (a) => (a.os ? <Say max={60}>{a.os}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
    { key: "worst", label: t("col.worst"), width: 112, cell: (a) => (a.worst ? <SeverityMark value={a.worst} /> : <span class="dim">—</span>) },
    { key: "open", label: t("col.open"), width: 76, numeric: true, sort: "open", falling: true, cell: (a) => <Count n={a.open} /> },
    { key: "overdue", label: t("col.overdue"), width: 80, numeric: true, cell: (a) => (a.overdue > 0 ? <strong class="late">{a.overdue}</strong> : <Count n={0} />) },
    { key: "org", label: t("col.org"), width: 130, narrow: "hide", cell: (a) => <Say max={60}>{pick(typeof a.org === "string" ? a.org : a.org.name)}</Say> },
    { key: "last", label: t("col.last-run"), width: 124, sort: "last_run", falling: true, cell: (a) => <Seen at={a.last_run} /> },
    { key: "score", label: t("col.score"), width: 90, numeric: true, sort: "score", falling: true, cell: (a) => <Score value={a.score} stale={isStale(a.last_run)} /> },
  ];
}

export function AssetsView(): JSX.Element {
  const p = params.value;
  const filter = { org: p.get("org"), q: p.get("q"), not_seen_days: p.get("not_seen_days"), sort: p.get("sort") ?? "-score" };
  const list = useList<AssetRow>("assets", filter, ["run", "org"]);
  const filtered = !!(filter.q || filter.not_seen_days || filter.org);
  return (
    <>
      <header class="page-head">
        <h1>{t("nav.assets")}</h1>
        <a class="button" href={url("assets", { ...filter, format: "csv" })} download="assets.csv">
          {t("do.export-csv")}
        </a>
      </header>
      <div class="filters">
        <WordFilter />
        <label class="choice">
          <span>{t("assets.seen")}</span>
          <select value={filter.not_seen_days ?? ""} onChange={(e) => setParams({ not_seen_days: e.currentTarget.value || null })}>
            <option value="">{t("filter.any")}</option>
            {[1, 3, 7, 30].map((n) => (
              <option key={n} value={String(n)}>
                {t("assets.not-seen-days", { n })}
              </option>
            ))}
          </select>
        </label>
      </div>
      {list.waiting > 0 && <LiveBar show={list.show} text={t("live.changed", { n: list.waiting })} />}
      {list.error !== undefined ? (
        <Failure error={list.error} again={list.reload} />
      ) : list.loading ? (
        <Skeleton lines={10} />
      ) : list.rows.length === 0 ? (
        <Empty title={filtered ? t("assets.none-filtered") : t("assets.none")}>
          {filtered ? (
            <a class="button" href="/assets">
              {t("filter.clear")}
            </a>
          ) : (
            <>
              <p class="dim">{t("assets.none-note")}</p>
              <pre>
                <code>hinomi diagnose --json | hinomi ingest -</code>
              </pre>
            </>
          )}
        </Empty>
      ) : (
        <DataTable
          id="assets"
          label={t("nav.assets")}
          columns={assetColumns()}
          rows={list.rows}
          rowId={(a) => a.id}
          href={(a) => path("assets", a.id)}
          sort={filter.sort}
          total={list.total}
          more={list.more}
          stale={list.stale}
        />
      )}
    </>
  );
}
