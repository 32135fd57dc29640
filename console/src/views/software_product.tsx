/* One product: what is in it, where it runs, what is owed; and one bill of materials with what is wrong with it. */
import type { JSX } from "preact";
import { base } from "../app/api";
import { num, pick, t, tx } from "../app/i18n";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { Page } from "../app/types";
import type { Deployment, Product, ProductVersion, Sbom } from "../app/software";
import { Due, Share, When } from "../ui/marks";
import { Empty, Facts, Failure, Section, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { Count, DataTable, type Column } from "../ui/table";
import { UploadButton } from "./software_upload";
import { ComponentsList, exploited, Unknown, VulnsList } from "./software_lists";
import { deploymentsOfOne } from "./software_said";

function versionColumns(): Column<ProductVersion>[] {
  return [
    { key: "version", label: t("software.version"), width: 140, narrow: "title", cell: (r) => (r.sbom ? <a href={path("software", "sboms", r.sbom)}><Say max={60}>{r.version}</Say></a> : <Say max={60}>{r.version}</Say>) },
    { key: "sbom", label: "SBOM", width: 170, cell: (r) => (r.sbom ? <When at={r.sbom_since} rel /> : <span class="hatched">{t("software.no-sbom")}</span>) },
    { key: "components", label: t("software.components"), width: 100, numeric: true, cell: (r) => <Count n={r.components} /> },
    { key: "unknown", label: t("software.unknown"), width: 90, numeric: true, cell: (r) => <Unknown n={r.unknown} /> },
    { key: "vulnerabilities", label: t("software.vulnerabilities"), width: 110, numeric: true, cell: (r) => <Count n={r.vulnerabilities} /> },
    { key: "kev", label: t("software.kev"), width: 100, numeric: true, cell: (r) => (r.kev > 0 ? <strong class="late">{num(r.kev)}</strong> : <Count n={0} />) },
    { key: "deployments", label: t("software.deployments"), width: 110, numeric: true, cell: (r) => <Count n={r.deployments} /> },
  ];
}

function sentence(p: Product): string {
  if (p.components === 0) return t("software.product-blind", { name: p.name });
  if (p.vulnerabilities === 0) return t("software.product-none", { name: p.name, components: p.components, unknown: p.unknown + p.unjudged });
  const chance = p.p_any !== null ? t("software.p-any", { p: (100 * p.p_any).toFixed(1) }) : t("software.p-unknown");
  return `${t("software.product-sentence", { name: p.name, n: p.vulnerabilities })} ${exploited(p)} ${chance}`;
}

export function ProductView({ id }: { id: string }): JSX.Element {
  const { data: p, error, reload } = useQuery<Product>(`software/products/${encodeURIComponent(id)}`, ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!p) return <Skeleton lines={8} tall />;
  return (
    <>
      <p class="crumbs">
        <a href="/software">{t("nav.software")}</a>
      </p>
      <header class="page-head">
        <h1>
          <Say>{p.name}</Say>
        </h1>
        <UploadButton product={{ id: p.id, name: p.name }} />
      </header>
      <p class="software-sentence">{sentence(p)}</p>
      <Facts
        items={[
          [t("software.supplier"), p.supplier ? <Say>{p.supplier}</Say> : <span class="unknown">{t("value.unknown")}</span>],
          [t("col.org"), <Say>{pick(p.org.name)}</Say>],
          [t("software.owner"), p.owner ? <Say>{p.owner.name}</Say> : <span class="unknown">{t("software.nobody")}</span>],
          [t("software.contract"), p.contract ? <Say>{p.contract}</Say> : <span class="dim">—</span>],
          [t("software.contract-until"), p.contract_until ? <Due due={p.contract_until} /> : <span class="dim">—</span>],
          [t("software.judged"), <Share part={p.components - p.unknown - p.unjudged} whole={p.components} label={t("software.judged-of", { n: p.components - p.unknown - p.unjudged, total: p.components })} />],
        ]}
      />
      {p.obligations.length > 0 && (
        <Section title={t("software.obligations")}>
          <ul>
            {p.obligations.map((o, i) => (
              <li key={i}>
                <Say>{o}</Say>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title={t("software.versions")}>
        {p.versions.length === 0 ? (
          <Empty title={t("software.no-versions")} />
        ) : (
          <DataTable id="product-versions" label={t("software.versions")} columns={versionColumns()} rows={p.versions} rowId={(r) => r.id} keys={false} href={(r) => (r.sbom ? path("software", "sboms", r.sbom) : null)} />
        )}
      </Section>
      <Section title={t("software.vulnerabilities")}>
        <VulnsList fixed={{ product: p.id }} keys={false} />
      </Section>
      <Section title={t("software.where")}>
        <Deployments product={p.id} />
      </Section>
      <Section title={t("software.components")}>
        <ComponentsList fixed={{ product: p.id }} keys={false} />
      </Section>
      <Section title={t("software.history")}>
        <table class="plain-table">
          <tbody>
            {p.history.slice(-20).reverse().map((h, i) => (
              <tr key={i}>
                <td>
                  <When at={h.at} />
                </td>
                <td>{tx(`software.event.${h.what}`, h.what)}</td>
                <td>
                  <Say max={60}>{h.by ?? ""}</Say>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
    </>
  );
}

function Deployments({ product }: { product: string }): JSX.Element {
  const { data, error, reload } = useQuery<Page<Deployment>>(`software/deployments?product=${encodeURIComponent(product)}&limit=200`);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={3} />;
  if (data.items.length === 0) return <Empty title={t("software.not-deployed")} />;
  return <DataTable id="deployments" label={t("software.where")} columns={deploymentsOfOne()} rows={data.items} rowId={(r) => r.id} total={data.total ?? null} keys={false} />;
}

export function SbomView({ id }: { id: string }): JSX.Element {
  const { data: b, error, reload } = useQuery<Sbom>(`software/sboms/${encodeURIComponent(id)}`);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!b) return <Skeleton lines={8} tall />;
  return (
    <>
      <p class="crumbs">
        <a href="/software/sboms">{t("software.sboms")}</a>
      </p>
      <header class="page-head">
        <h1>
          <Say>{`${b.product.name} ${b.version}`}</Say>
        </h1>
        <a class="button" href={`${base}software/sboms/${encodeURIComponent(b.id)}/document`} download={`sbom-${b.id}`}>
          {t("software.document")}
        </a>
      </header>
      <Facts
        items={[
          [t("software.product"), <a href={path("software", "products", b.product.id)}><Say>{b.product.name}</Say></a>],
          [t("software.format"), <Say>{`${b.family} ${b.spec}`}</Say>],
          [t("software.subject"), b.subject ? <Say>{b.subject}</Say> : <span class="unknown">{t("value.unknown")}</span>],
          [t("software.author"), b.author ? <Say>{b.author}</Say> : <span class="unknown">{t("value.unknown")}</span>],
          [t("software.made-at"), <When at={b.made_at} />],
          [t("software.put-at"), <When at={b.put_at} />],
          [t("software.edges"), b.edges === 0 ? <span class="hatched">{t("software.not-stated")}</span> : num(b.edges)],
          ["SHA-256", <code><Say>{b.sha256}</Say></code>],
        ]}
      />
      <Section title={t("software.quality")}>
        <Quality of={b.quality} />
      </Section>
      <Section title={t("software.problems")}>
        {b.problems.length === 0 ? (
          <p class="dim">{t("software.no-problems")}</p>
        ) : (
          <table class="plain-table">
            <tbody>
              {b.problems.slice(0, 500).map((p, i) => (
                <tr key={i}>
                  <td>{tx(`software.problem.${p.severity}`, p.severity ?? "")}</td>
                  <td><Say max={200}>{pick(p.message) || (p.code ?? "")}</Say></td>
                  <td><code><Say max={200}>{p.place ?? (p.line ? `:${p.line}` : "")}</Say></code></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
      <Section title={t("software.components")}>
        <ComponentsList fixed={{ sbom: b.id }} keys={false} />
      </Section>
    </>
  );
}

/* Shares of the components that say what each element asks; "n of m", the rest hatched. */
function Quality({ of }: { of: Record<string, unknown> }): JSX.Element {
  const whole = typeof of.components === "number" ? of.components : 0;
  const rows = Object.entries(of).filter((e): e is [string, number] => e[0] !== "components" && typeof e[1] === "number");
  if (rows.length === 0) return <p class="hatched">{t("software.quality-none")}</p>;
  return (
    <table class="plain-table">
      <tbody>
        {rows.map(([k, n]) => (
          <tr key={k}>
            <th scope="row">{tx(`software.quality.${k}`, k)}</th>
            <td>
              <Share part={n} whole={whole} label={t("software.judged-of", { n, total: whole })} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
