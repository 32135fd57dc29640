/* One component: which versions there are, who has it, what pulls it in, what is known to be wrong with it. */
import type { JSX } from "preact";
import { t, tx } from "../app/i18n";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { ComponentFull } from "../app/software";
import { Facts, Failure, Section, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { ReachGraph } from "../ui/reach";
import { ComponentsList, stateText, VulnsList } from "./software_lists";

export function ComponentView({ id }: { id: string }): JSX.Element {
  const { data: c, error, reload } = useQuery<ComponentFull>(`software/components/${encodeURIComponent(id)}`, ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!c) return <Skeleton lines={8} tall />;
  const missing = <span class="unknown">{t("value.unknown")}</span>;
  return (
    <>
      <p class="crumbs">
        <a href="/software/components">{t("software.components")}</a>
      </p>
      <h1>
        <Say>{`${c.name} ${c.version}`}</Say>
      </h1>
      <p class="software-sentence">
        {c.state === "judged"
          ? t("software.component-sentence", { n: c.vulnerabilities, releases: c.releases, assets: c.assets })
          : t("software.component-unknown", { why: tx(`software.why.${c.why_unknown || c.state}`, c.why_unknown || c.state) })}
      </p>
      <Facts
        items={[
          [t("software.ecosystem"), c.ecosystem ? <Say>{c.ecosystem}</Say> : missing],
          [t("software.licence"), c.licence ? <Say>{c.licence}</Say> : missing],
          [t("software.supplier"), c.supplier ? <Say>{c.supplier}</Say> : missing],
          ["purl", c.purl ? <code><Say>{c.purl}</Say></code> : missing],
          ["CPE", c.cpe ? <code><Say>{c.cpe}</Say></code> : missing],
          [t("software.judged"), stateText(c)],
          ...(c.held ? [[t("software.held"), <Say>{`${tx(`software.held.${c.held}`, c.held)} (${c.held_by})`}</Say>] as [string, JSX.Element]] : []),
        ]}
      />
      <Section title={t("software.vulnerabilities")}>
        <VulnsList fixed={{ component: c.id }} keys={false} />
      </Section>
      {c.purl && (
        <Section title={t("software.reach")}>
          <ReachGraph of={c.purl} />
        </Section>
      )}
      <Section title={t("software.paths", { n: c.paths_total })}>
        <ul class="paths">
          {c.paths.map((p, i) => (
            <li key={i}>
              <a href={path("software", "products", p.product.id)}>
                <Say max={60}>{`${p.product.name} ${p.version}`}</Say>
              </a>
              {!p.stated && <> → <span class="hatched">{t("software.not-stated")}</span></>}
              {p.steps.map((s) => (
                <span key={s.id}>
                  {" → "}
                  <a class="plain-link" href={path("software", "components", s.id)}>
                    <Say max={60}>{`${s.name} ${s.version}`}</Say>
                  </a>
                </span>
              ))}
            </li>
          ))}
        </ul>
      </Section>
      <Section title={t("software.other-versions")}>
        <ComponentsList fixed={{ name: c.name }} keys={false} />
      </Section>
    </>
  );
}
