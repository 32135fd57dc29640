/* The lists of the section: filtered and sorted by the URL, counted, exported. */
import type { ComponentChildren, JSX } from "preact";
import { url } from "../app/api";
import { dec, num, pick, t, tx, type TextKey } from "../app/i18n";
import { useList } from "../app/list";
import { org } from "../app/org";
import { useQuery } from "../app/query";
import { params, path, setParams } from "../app/router";
import type { ComponentRow, Feeds, ProductRow, SbomRow, Supplier, Upgrade, VulnRow } from "../app/software";
import { Due, SeverityMark, When } from "../ui/marks";
import { Empty, Failure, Section, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { Count, DataTable, type Column } from "../ui/table";
import { WordFilter } from "./findings";

export function Unknown({ n }: { n: number }): JSX.Element {
  return n > 0 ? <span class="hatched">{num(n)}</span> : <Count n={0} />;
}
export function Kev({ value }: { value: boolean | null }): JSX.Element {
  if (value === null) return <span class="unknown">{t("value.unknown")}</span>;
  return value ? <strong class="late">{t("software.kev-yes")}</strong> : <span class="dim">{t("software.kev-no")}</span>;
}
export function Percent({ p }: { p: number | null }): JSX.Element {
  return p === null ? <span class="unknown">{t("value.unknown")}</span> : <span>{dec(100 * p, 1)} %</span>;
}

/* How many are known to be exploited, and of how many nobody can say. */
export function exploited(d: { vulnerabilities: number; kev: number; kev_unknown: number }): string {
  if (d.kev_unknown === 0) return t("software.kev-count", { kev: d.kev });
  return d.kev === 0 && d.kev_unknown === d.vulnerabilities ? t("software.kev-none") : t("software.kev-rest", { kev: d.kev, n: d.kev_unknown });
}

/* None is known to be exploited, or nobody can say. */
const kevCount = (r: { kev: number; kev_unknown: number }): JSX.Element =>
  r.kev > 0 ? <strong class="late">{num(r.kev)}</strong> : r.kev_unknown > 0 ? <span class="hatched">{t("value.unknown")}</span> : <Count n={0} />;

interface ListProps<R> {
  id: string;
  api: string;
  columns: Column<R>[];
  sort?: string;
  filters?: string[]; /* names of parameters that the URL may hold */
  fixed?: Record<string, string>;
  children?: ComponentChildren; /* controls of the filters */
  empty: TextKey;
  rowId: (r: R) => string;
  href?: (r: R) => string | null;
  keys?: boolean;
}

/* One list: filters, table, export, and what to say when there is nothing. */
export function SoftwareList<R>(props: ListProps<R>): JSX.Element {
  const p = params.value;
  const filter: Record<string, string | null> = { ...props.fixed, org: org.value };
  for (const n of props.filters ?? []) filter[n] = p.get(n);
  const sort = props.sort === undefined ? null : (p.get("sort") ?? props.sort);
  const list = useList<R>(props.api, { ...filter, sort }, ["run"]);
  const filtered = (props.filters ?? []).some((n) => filter[n]);
  return (
    <div class="software-list">
      <div class="filters">
        {props.children}
        <a class="button" href={url(props.api, { ...filter, sort, format: "csv" })} download={`${props.id}.csv`}>
          {t("do.export-csv")}
        </a>
      </div>
      {list.error !== undefined ? (
        <Failure error={list.error} again={list.reload} />
      ) : list.loading ? (
        <Skeleton lines={8} />
      ) : list.rows.length === 0 ? (
        <Empty title={filtered ? t("software.none-filtered") : t(props.empty)} />
      ) : (
        <DataTable id={props.id} label={t(props.empty)} columns={props.columns} rows={list.rows} rowId={props.rowId} href={props.href ?? (() => null)}
          {...(sort === null ? {} : { sort })} total={list.total} more={list.more} stale={list.stale} keys={props.keys ?? true} />
      )}
    </div>
  );
}

export function Switch({ param, text }: { param: string; text: TextKey }): JSX.Element {
  return (
    <label class="choice choice-check">
      <input type="checkbox" checked={params.value.get(param) === "true"} onChange={(e) => setParams({ [param]: e.currentTarget.checked ? "true" : null })} />
      <span>{t(text)}</span>
    </label>
  );
}

/* ---- products ---- */

const productColumns = (): Column<ProductRow>[] => [
  { key: "name", label: t("software.product"), width: 165, sort: "name", narrow: "title", cell: (r) => <a href={path("software", "products", r.id)}><Say max={100}>{r.name}</Say></a> },
  { key: "supplier", label: t("software.supplier"), width: 110, sort: "supplier", cell: (r) => (r.supplier ? <Say max={60}>{r.supplier}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
  { key: "vulnerabilities", label: t("software.vulnerabilities"), width: 136, numeric: true, sort: "vulnerabilities", falling: true, cell: (r) => <Count n={r.vulnerabilities} /> },
  { key: "kev", label: t("software.kev"), width: 106, numeric: true, cell: kevCount },
  { key: "p", label: t("software.p"), width: 118, numeric: true, sort: "p", falling: true, hint: t("software.p-hint"), cell: (r) => <Percent p={r.p_any} /> },
  { key: "components", label: t("software.components"), width: 122, numeric: true, sort: "components", falling: true, cell: (r) => (r.components === 0 ? <span class="hatched">{t("software.no-sbom")}</span> : <Count n={r.components} />) },
  { key: "unknown", label: t("software.unknown"), width: 96, numeric: true, cell: (r) => <Unknown n={r.unknown + r.unjudged} /> },
  { key: "org", label: t("col.org"), width: 116, narrow: "hide", cell: (r) => <Say max={60}>{pick(r.org.name)}</Say> },
  { key: "newest", label: t("software.newest-sbom"), width: 138, sort: "newest_sbom", falling: true, cell: (r) => <When at={r.newest_sbom} rel /> },
];

export function ProductsList(): JSX.Element {
  return (
    <SoftwareList<ProductRow> id="products" api="software/products" columns={productColumns()} sort="-vulnerabilities" filters={["q", "vulnerable", "unknown", "supplier"]} empty="software.no-products" rowId={(r) => r.id} href={(r) => path("software", "products", r.id)}>
      <WordFilter />
      <Switch param="vulnerable" text="software.only-vulnerable" />
      <Switch param="unknown" text="software.only-unknown" />
    </SoftwareList>
  );
}

/* ---- vulnerabilities ---- */

export const vulnColumns = (): Column<VulnRow>[] => [
  { key: "id", label: "ID", width: 152, sort: "id", narrow: "title", cell: (r) => <a href={path("software", "vulnerabilities", r.id)}><Say max={60}>{r.id}</Say></a> },
  { key: "severity", label: t("col.severity"), width: 112, cell: (r) => (r.severity ? <SeverityMark value={r.severity} /> : <span class="unknown">{t("value.unknown")}</span>) },
  { key: "cvss", label: "CVSS", width: 66, numeric: true, sort: "cvss", falling: true, cell: (r) => (r.cvss === null ? <span class="unknown">?</span> : dec(r.cvss, 1)) },
  { key: "epss", label: "EPSS", width: 104, numeric: true, cell: (r) => <Percent p={r.epss} /> },
  { key: "kev", label: t("software.kev"), width: 110, sort: "risk", falling: true, cell: (r) => <Kev value={r.kev} /> },
  { key: "summary", label: t("software.summary"), width: 220, narrow: "hide", cell: (r) => <Say max={140}>{r.summary}</Say> },
  { key: "reach", label: t("software.reach-short"), width: 164, numeric: true, sort: "holders", falling: true, cell: (r) => t("software.reach-of", { releases: r.releases, assets: r.assets }) },
  { key: "due", label: t("col.due"), width: 136, cell: (r) => <Due due={r.due?.at} overdue={r.due?.overdue} /> },
];

export function VulnsList({ fixed, keys = true }: { fixed?: Record<string, string>; keys?: boolean }): JSX.Element {
  const p = params.value;
  return (
    <SoftwareList<VulnRow> id="vulnerabilities" api="software/vulnerabilities" columns={vulnColumns()} sort="-risk" filters={fixed ? [] : ["q", "kev", "severity", "answered"]} {...(fixed ? { fixed } : {})} empty="software.no-vulnerabilities" rowId={(r) => r.id} href={(r) => path("software", "vulnerabilities", r.id)} keys={keys}>
      {!fixed && (
        <>
          <WordFilter />
          <label class="choice">
            <span>{t("col.severity")}</span>
            <select value={p.get("severity") ?? ""} onChange={(e) => setParams({ severity: e.currentTarget.value || null })}>
              <option value="">{t("filter.any")}</option>
              {["critical", "high", "medium", "low"].map((s) => (
                <option key={s} value={s}>{t("filter.or-worse", { severity: tx(`severity.${s}`, s) })}</option>
              ))}
            </select>
          </label>
          <Switch param="kev" text="software.only-kev" />
          <Switch param="answered" text="software.with-answered" />
        </>
      )}
    </SoftwareList>
  );
}

/* ---- components ---- */

export const stateText = (r: ComponentRow): JSX.Element =>
  r.state === "judged" ? <span class="dim">{t("software.state.judged")}</span> : <span class="hatched" title={tx(`software.why.${r.why_unknown}`, r.why_unknown)}>{tx(`software.state.${r.state}`, r.state)}</span>;

export const componentColumns = (): Column<ComponentRow>[] => [
  { key: "name", label: t("col.name"), width: 250, sort: "name", narrow: "title", cell: (r) => <a href={path("software", "components", r.id)}><Say max={100}>{r.name}</Say></a> },
  { key: "version", label: t("software.version"), width: 130, cell: (r) => (r.version ? <Say max={50}>{r.version}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
  { key: "ecosystem", label: t("software.ecosystem"), width: 110, sort: "ecosystem", cell: (r) => (r.ecosystem ? <Say max={40}>{r.ecosystem}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
  { key: "vulnerabilities", label: t("software.vulnerabilities"), width: 136, numeric: true, sort: "vulnerabilities", falling: true, cell: (r) => <Count n={r.vulnerabilities} /> },
  { key: "state", label: t("software.judged"), width: 120, cell: stateText },
  { key: "licence", label: t("software.licence"), width: 150, sort: "licence", cell: (r) => (r.licence ? <Say max={60}>{r.licence}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
  { key: "holders", label: t("software.held-by"), width: 150, numeric: true, sort: "holders", falling: true, cell: (r) => t("software.reach-of", { releases: r.releases, assets: r.assets }) },
];

export function ComponentsList({ fixed, keys = true }: { fixed?: Record<string, string>; keys?: boolean }): JSX.Element {
  const facets = useQuery<{ ecosystems: { value: string; components: number }[]; licences: { value: string; components: number }[] }>(fixed ? null : "software/facets");
  const choose = (param: "ecosystem" | "licence", label: TextKey, values: { value: string; components: number }[]) => (
    <label class="choice">
      <span>{t(label)}</span>
      <select value={params.value.get(param) ?? ""} onChange={(e) => setParams({ [param]: e.currentTarget.value || null })}>
        <option value="">{t("filter.any")}</option>
        {values.slice(0, 100).map((v) => (
          <option key={v.value} value={v.value || "-"}>{`${(v.value || t("value.unknown")).slice(0, 60)} (${num(v.components)})`}</option>
        ))}
      </select>
    </label>
  );
  return (
    <SoftwareList<ComponentRow> id="components" api="software/components" columns={componentColumns()} sort="-vulnerabilities" filters={fixed ? [] : ["q", "ecosystem", "licence", "vulnerable", "unknown", "name"]} {...(fixed ? { fixed } : {})} empty="software.no-components" rowId={(r) => r.id} href={(r) => path("software", "components", r.id)} keys={keys}>
      {!fixed && (
        <>
          <WordFilter />
          {choose("ecosystem", "software.ecosystem", facets.data?.ecosystems ?? [])}
          {choose("licence", "software.licence", facets.data?.licences ?? [])}
          <Switch param="vulnerable" text="software.only-vulnerable" />
          <Switch param="unknown" text="software.only-unknown" />
        </>
      )}
    </SoftwareList>
  );
}

/* ---- upgrades, suppliers, bills of materials, feeds ---- */

export function UpgradesList(): JSX.Element {
  const columns: Column<Upgrade>[] = [
    { key: "package", label: t("software.package"), width: 230, narrow: "title", cell: (r) => <Say max={100}>{r.package}</Say> },
    { key: "ecosystem", label: t("software.ecosystem"), width: 100, cell: (r) => <Say max={40}>{r.ecosystem}</Say> },
    { key: "to", label: t("software.upgrade-to"), width: 150, cell: (r) => <Say max={60}>{r.to}</Say> },
    { key: "findings", label: t("software.closes"), width: 230, numeric: true, cell: (r) => t("software.closes-of", { findings: r.findings, vulnerabilities: r.vulnerabilities }) },
    { key: "kev", label: t("software.kev"), width: 100, numeric: true, cell: kevCount },
    { key: "share", label: t("software.share"), width: 100, numeric: true, cell: (r) => <Percent p={r.share} /> },
    { key: "so-far", label: t("software.share-so-far"), width: 130, numeric: true, cell: (r) => <Percent p={r.share_so_far} /> },
  ];
  return (
    <>
      <p class="lead-note dim">{t("software.upgrades-lead")}</p>
      <SoftwareList<Upgrade> id="upgrades" api="software/upgrades" columns={columns} empty="software.no-upgrades" rowId={(r) => `${r.ecosystem}/${r.package}`} />
    </>
  );
}

export function SuppliersList(): JSX.Element {
  const columns: Column<Supplier>[] = [
    { key: "name", label: t("software.supplier"), width: 240, narrow: "title", cell: (r) => <a href={`/software?supplier=${encodeURIComponent(r.name || "-")}`}>{r.name ? <Say max={80}>{r.name}</Say> : t("value.unknown")}</a> },
    { key: "products", label: t("software.products"), width: 80, numeric: true, cell: (r) => <Count n={r.products} /> },
    { key: "vulnerabilities", label: t("software.vulnerabilities"), width: 136, numeric: true, cell: (r) => <Count n={r.vulnerabilities} /> },
    { key: "kev", label: t("software.kev"), width: 100, numeric: true, cell: kevCount },
    { key: "p", label: t("software.p"), width: 128, numeric: true, cell: (r) => <Percent p={r.p_any} /> },
    { key: "unknown", label: t("software.unknown"), width: 90, numeric: true, cell: (r) => <Unknown n={r.unknown} /> },
    { key: "without", label: t("software.without"), width: 130, numeric: true, cell: (r) => <Unknown n={r.without_sbom} /> },
    { key: "oldest", label: t("software.oldest-sbom"), width: 130, cell: (r) => <When at={r.oldest_sbom} rel /> },
    { key: "contract", label: t("software.contract-next"), width: 140, cell: (r) => (r.contract_next ? <Due due={r.contract_next} /> : <span class="dim">—</span>) },
  ];
  return <SoftwareList<Supplier> id="suppliers" api="software/suppliers" columns={columns} empty="software.no-products" rowId={(r) => r.name} />;
}

export function SbomsList(): JSX.Element {
  const columns: Column<SbomRow>[] = [
    { key: "product", label: t("software.product"), width: 240, sort: "product", narrow: "title", cell: (r) => <a href={path("software", "sboms", r.id)}><Say max={80}>{`${r.product.name} ${r.version}`}</Say></a> },
    { key: "family", label: t("software.format"), width: 130, cell: (r) => <Say max={40}>{`${r.family} ${r.spec}`}</Say> },
    { key: "components", label: t("software.components"), width: 120, numeric: true, sort: "components", falling: true, cell: (r) => <Count n={r.components} /> },
    { key: "edges", label: t("software.edges"), width: 110, numeric: true, cell: (r) => (r.edges === 0 ? <span class="hatched">{t("software.not-stated")}</span> : <Count n={r.edges} />) },
    { key: "unknown", label: t("software.unknown"), width: 90, numeric: true, cell: (r) => <Unknown n={r.unknown} /> },
    { key: "author", label: t("software.author"), width: 150, narrow: "hide", cell: (r) => (r.author ? <Say max={60}>{r.author}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
    { key: "made", label: t("software.made-at"), width: 130, sort: "made_at", falling: true, cell: (r) => <When at={r.made_at} rel /> },
    { key: "put", label: t("software.put-at"), width: 130, sort: "put_at", falling: true, cell: (r) => <When at={r.put_at} rel /> },
  ];
  return (
    <SoftwareList<SbomRow> id="sboms" api="software/sboms" columns={columns} sort="-put_at" filters={["q", "all"]} empty="software.no-sboms" rowId={(r) => r.id} href={(r) => path("software", "sboms", r.id)}>
      <WordFilter />
      <Switch param="all" text="software.with-former" />
    </SoftwareList>
  );
}

const stale = 2 * 86400000; /* an advisory feed that is older is shown as not to be relied on */

export function FeedsList(): JSX.Element {
  const { data, error, reload } = useQuery<Feeds>("software/feeds", ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={6} />;
  if (data.passes.length === 0)
    return (
      <Empty title={t("software.no-feeds")}>
        <pre><code>hinomi feed update && hinomi sbom rematch</code></pre>
      </Empty>
    );
  const old = (at: string | undefined) => !at || Date.now() - new Date(at).getTime() > stale;
  return (
    <>
      <Section title={t("software.feeds")}>
        <div class="sideways" tabIndex={0}>
        <table class="plain-table">
          <thead><tr><th scope="col">{t("col.name")}</th><th scope="col">{t("software.feed-age")}</th><th scope="col" class="num">{t("software.records")}</th><th scope="col" class="num">{t("software.rejected")}</th><th scope="col">{t("software.licence")}</th><th scope="col">{t("col.source")}</th></tr></thead>
          <tbody>
            {data.feeds.map((f, i) => (
              <tr key={i}>
                <td><Say max={60}>{f.name ?? ""}</Say></td>
                <td class={old(f.date) ? "hatched" : undefined}><When at={f.date} rel />{old(f.date) && ` — ${t("software.feed-stale")}`}</td>
                <td class="num">{num(f.records ?? 0)}</td>
                <td class="num"><Unknown n={f.rejected ?? 0} /></td>
                <td><Say max={80}>{f.licence ?? ""}</Say></td>
                <td class="anywhere"><Say max={160}>{f.source ?? ""}</Say></td>
              </tr>
            ))}
          </tbody>
        </table>
        </div>
      </Section>
      <Section title={t("software.passes")}>
        <div class="sideways" tabIndex={0}>
        <table class="plain-table">
          <thead><tr><th scope="col">{t("software.pass-at")}</th><th scope="col">{t("software.data-of")}</th><th scope="col" class="num">{t("software.components")}</th><th scope="col" class="num">{t("software.unknown")}</th><th scope="col" class="num">{t("software.matches")}</th><th scope="col" class="num">{t("software.opened")}</th><th scope="col" class="num">{t("software.closed")}</th></tr></thead>
          <tbody>
            {data.passes.map((p, i) => (
              <tr key={i}>
                <td><When at={p.at} /></td>
                <td><When at={p.feed_at} rel /></td>
                <td class="num">{num(p.components)}</td>
                <td class="num"><Unknown n={p.unknown} /></td>
                <td class="num">{num(p.matches)}</td>
                <td class="num">{num(p.opened)}</td>
                <td class="num">{num(p.closed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        </div>
      </Section>
    </>
  );
}
