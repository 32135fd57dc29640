/* Software: the portfolio in one sentence, then its parts, each a list of its own. */
import type { JSX } from "preact";
import { num, t, type TextKey } from "../app/i18n";
import { withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { org } from "../app/org";
import { path } from "../app/router";
import type { SoftwareNow } from "../app/software";
import { Share, When } from "../ui/marks";
import { Empty, Failure, Skeleton, Tabs } from "../ui/parts";
import { ComponentView } from "./software_component";
import { ComponentsList, exploited, FeedsList, ProductsList, SbomsList, SuppliersList, UpgradesList, VulnsList } from "./software_lists";
import { DeploymentsList, StatementsList } from "./software_said";
import { UploadButton } from "./software_upload";
import { ProductView, SbomView } from "./software_product";
import { VulnView } from "./software_vuln";

const parts: { name: string; text: TextKey; list: () => JSX.Element; one?: (id: string) => JSX.Element }[] = [
  { name: "", text: "software.products", list: () => <ProductsList /> },
  { name: "vulnerabilities", text: "software.vulnerabilities", list: () => <VulnsList />, one: (id) => <VulnView id={id} /> },
  { name: "components", text: "software.components", list: () => <ComponentsList />, one: (id) => <ComponentView id={id} /> },
  { name: "upgrades", text: "software.upgrades", list: () => <UpgradesList /> },
  { name: "suppliers", text: "software.suppliers", list: () => <SuppliersList /> },
  { name: "sboms", text: "software.sboms", list: () => <SbomsList />, one: (id) => <SbomView id={id} /> },
  { name: "deployments", text: "software.deployments", list: () => <DeploymentsList /> },
  { name: "statements", text: "software.statements", list: () => <StatementsList /> },
  { name: "feeds", text: "software.feeds", list: () => <FeedsList /> },
];

export function SoftwareView({ part, id }: { part: string; id: string | undefined }): JSX.Element {
  if (part === "products" && id) return <ProductView id={id} />;
  const here = parts.find((p) => p.name === part) ?? parts[0];
  if (id && here?.one) return here.one(id);
  return (
    <>
      <header class="page-head">
        <h1>{t("nav.software")}</h1>
        <UploadButton />
      </header>
      <Head />
      <Tabs label={t("software.parts")} items={parts.map((p) => ({ href: withOrg(p.name ? path("software", p.name) : "/software"), text: t(p.text), on: p === here }))} />
      {here?.list()}
    </>
  );
}

/* The sentence first. What is not known is said in the same breath. */
function Head(): JSX.Element {
  const { data: d, error, reload } = useQuery<SoftwareNow>(org.value ? `software?org=${encodeURIComponent(org.value)}` : "software", ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!d) return <Skeleton lines={2} />;
  if (d.components === 0)
    return (
      <Empty title={t("software.nothing")}>
        <p class="dim">{t("software.nothing-note")}</p>
        <pre>
          <code>hinomi sbom ingest sbom.cdx.json --product NAME --version 1.0</code>
        </pre>
      </Empty>
    );
  return (
    <div class="software-head">
      <p class="software-sentence">
        {d.matched_at
          ? d.vulnerabilities === 0
            ? t("software.sentence-none", { components: d.components, judged: d.judged })
            : `${t("software.sentence", { n: d.vulnerabilities, products: d.products, hosts: d.hosts })} ${exploited(d)}`
          : t("software.sentence-unmatched", { components: d.components })}{" "}
        {d.vulnerabilities > 0 && (d.p_any !== null ? t("software.p-any", { p: (100 * d.p_any).toFixed(1) }) : t("software.p-unknown"))}
      </p>
      <p class="dim">
        <Share part={d.judged} whole={d.components} label={t("software.judged-of", { n: d.judged, total: d.components })} />{" "}
        {t("software.judged-note", { unknown: d.unknown + d.unjudged })}
        {d.without_sbom > 0 && <> · <span class="hatched">{t("software.without-sbom", { n: d.without_sbom })}</span></>}
        {d.answered > 0 && <> · {t("software.answered", { n: d.answered })}</>}
        {d.feed_at && <> · {t("software.data-of")} <When at={d.feed_at} rel /></>}
        {d.epss_unknown > 0 && <> · {t("software.epss-unknown", { n: d.epss_unknown })}</>}
        <span class="sr">{num(d.components)}</span>
      </p>
    </div>
  );
}
