/* Sources: the honest page. What was looked at, when, how much; what could not be seen, was lost, or was malformed. */
import type { JSX } from "preact";
import { may, post } from "../app/api";
import { num, pick, t, tx } from "../app/i18n";
import { org } from "../app/org";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { SourceAsset, SourceRow, Status } from "../app/types";
import { Seen, When } from "../ui/marks";
import { Empty, Failure, MenuButton, Section, Skeleton, useDo } from "../ui/parts";
import { LocalTable } from "../ui/local";
import { plain, Say } from "../ui/say";
import { Count, type Column } from "../ui/table";

const many = <T,>(d: T[] | { items: T[] } | undefined): T[] => (Array.isArray(d) ? d : (d?.items ?? []));

export function SourcesView(): JSX.Element {
  const { data, error, reload } = useQuery<SourceRow[] | { items: SourceRow[] }>(org.value ? `sources?org=${encodeURIComponent(org.value)}` : "sources", ["run"]);
  const rows = many(data);
  const unseen = rows.reduce((n, r) => n + r.not_seen, 0);
  const malformed = rows.reduce((n, r) => n + r.malformed, 0);
  const quarantined = rows.reduce((n, r) => n + r.quarantined, 0);
  return (
    <>
      <header class="page-head">
        <h1>{t("nav.sources")}</h1>
        <DiagnoseButton />
      </header>
      <p class="lead-note dim">{t("sources.lead")}</p>
      <Watching />
      {error !== undefined ? (
        <Failure error={error} again={reload} />
      ) : !data ? (
        <Skeleton lines={8} />
      ) : rows.length === 0 ? (
        <Empty title={t("sources.none")}>
          <p class="dim">{t("now.empty-note")}</p>
        </Empty>
      ) : (
        <>
          <p class="sources-sum">
            {unseen + malformed + quarantined === 0 ? t("sources.all-good") : t("sources.sum", { unseen, malformed, quarantined })}
          </p>
          <LocalTable id="sources" label={t("nav.sources")} columns={columns()} rows={rows} rowId={(r) => r.module} href={(r) => path("sources", r.module)} fallback="module" />
        </>
      )}
    </>
  );
}

function columns(): Column<SourceRow>[] {
  const count = (key: "malformed" | "quarantined", label: string): Column<SourceRow> => ({
    key, label, width: 112, numeric: true, sort: key, falling: true, value: (r) => r[key],
    cell: (r) => (r[key] > 0 ? <strong class="soon">{num(r[key])}</strong> : <Count n={0} />),
  });
  return [
    {
      key: "module", label: t("col.source"), width: 430, sort: "module", narrow: "title", value: (r) => `${tx(`module.${r.module}`, r.module)} ${pick(r.text)}`,
      cell: (r) => (
        <span title={plain(pick(r.text))}>
          <a href={path("sources", r.module)}>{tx(`module.${r.module}`, r.module)}</a>{" "}
          <span class="dim small">
            <Say max={160}>{pick(r.text)}</Say>
          </span>
        </span>
      ),
    },
    { key: "last", label: t("col.last-run"), width: 104, sort: "last", falling: true, value: (r) => r.last_run ?? null, cell: (r) => <Seen at={r.last_run} /> },
    { key: "assets", label: t("nav.assets"), width: 70, numeric: true, sort: "assets", falling: true, value: (r) => r.assets, cell: (r) => <Count n={r.assets} /> },
    { key: "observations", label: t("col.observations"), width: 108, numeric: true, sort: "observations", falling: true, value: (r) => r.observations, cell: (r) => <Count n={r.observations} /> },
    { key: "not_seen", label: t("col.not-seen"), width: 84, numeric: true, sort: "not_seen", falling: true, value: (r) => r.not_seen, cell: (r) => (r.not_seen > 0 ? <span class="hatched">{num(r.not_seen)}</span> : <Count n={0} />) },
    count("malformed", t("col.malformed")),
    count("quarantined", t("col.quarantined")),
  ];
}

function DiagnoseButton(): JSX.Element | null {
  const [busy, run] = useDo();
  if (!may("operator")) return null;
  const start = (deep: boolean) => void run(() => post("diagnose", { deep }), t("sources.said-started"));
  return (
    <>
      <button type="button" class="primary" disabled={busy} onClick={() => start(false)}>
        {t("sources.diagnose")}
      </button>
      <MenuButton label={t("sources.more")}>
        <button type="button" disabled={busy} onClick={() => start(true)}>
          {t("sources.deep")}
        </button>
      </MenuButton>
    </>
  );
}

function Watching(): JSX.Element | null {
  const { data } = useQuery<Status>("status", ["status", "run"]);
  const w = data?.watch;
  if (!w) return null;
  return (
    <p class="dim">
      {w.on ? t("sources.watching") : t("sources.not-watching")}
      {w.last_run && (
        <>
          <br />
          {t("sources.last")} <When at={w.last_run} />
        </>
      )}
      {w.on && w.last_run && w.next_run && (
        <>
          {" · "}
          {t("sources.next")} <When at={w.next_run} />
        </>
      )}
    </p>
  );
}

export function SourceView({ module }: { module: string }): JSX.Element {
  const { data, error, reload } = useQuery<SourceAsset[] | { items: SourceAsset[] } | SourceAsset>(`sources/${encodeURIComponent(module)}`, ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={8} tall />;
  const rows = "asset" in data ? [data] : many<SourceAsset>(data);
  return (
    <>
      <p class="crumbs">
        <a href="/sources">{t("nav.sources")}</a>
      </p>
      <h1>{tx(`module.${module}`, module)}</h1>
      {rows.length === 0 && <Empty title={t("sources.none-here")} />}
      {rows.map((r, i) => (
        <AssetPart key={i} r={r} />
      ))}
    </>
  );
}

function AssetPart({ r }: { r: SourceAsset }): JSX.Element {
  const asset = typeof r.asset === "string" ? { id: r.asset, name: r.asset } : r.asset;
  const unseen = r.not_seen ?? [];
  const malformed = r.malformed ?? [];
  const quarantined = r.quarantined ?? [];
  return (
    <Section
      title={asset.name}
      aside={
        <a href={path("assets", asset.id)}>
          {t("sources.asset")}
        </a>
      }
    >
      <p>
        <When at={r.last_run} />
        {typeof r.duration_ms === "number" && <> · {t("sources.took", { n: r.duration_ms })}</>}
        {typeof r.observations === "number" && <> · {t("sources.observations", { n: r.observations })}</>}
        {r.privilege && <> · {tx(`privilege.${r.privilege}`, r.privilege)}</>}
        {" · "}
        {r.complete ? t("sources.complete") : <span class="hatched">{t("sources.incomplete")}</span>}
      </p>
      <Reasons title={t("sources.not-seen")} none={t("sources.not-seen-none")} rows={unseen.map((x) => [pick(x.what_text) || x.what, pick(x.why_text) || x.why])} hatched />
      {malformed.length > 0 && <Reasons title={t("sources.malformed")} none="" rows={malformed.map((x) => [x.offset === undefined ? x.path : `${x.path} @ ${x.offset}`, pick(x.why_text) || x.why])} />}
      {quarantined.length > 0 && <Reasons title={t("sources.quarantined")} none="" rows={quarantined.map((x) => [x.path, pick(x.why_text) || x.why])} />}
    </Section>
  );
}

function Reasons({ title, none, rows, hatched }: { title: string; none: string; rows: [string, string][]; hatched?: boolean }): JSX.Element {
  return (
    <div class="reasons">
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p class="dim">{none}</p>
      ) : (
        <table class="plain-table">
          <tbody>
            {rows.slice(0, 500).map(([what, why], i) => (
              <tr key={i}>
                <td class={hatched ? "hatched" : undefined}>
                  <Say max={300}>{what}</Say>
                </td>
                <td>
                  <Say max={300}>{why}</Say>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
