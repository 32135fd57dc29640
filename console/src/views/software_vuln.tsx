/* One vulnerability: the sentence, who must act by when, how far it reaches, who said what. */
import type { JSX } from "preact";
import { dec, pick, t, tx } from "../app/i18n";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { Vuln, VulnHost } from "../app/software";
import { Due, SeverityMark, When } from "../ui/marks";
import { Empty, Facts, Failure, Section, Skeleton } from "../ui/parts";
import { ReachGraph } from "../ui/reach";
import { Say } from "../ui/say";
import { DataTable, type Column } from "../ui/table";
import { ComponentsList, Kev, Percent } from "./software_lists";

type Affected = Vuln["affected"][number];

function hostColumns(): Column<VulnHost>[] {
  return [
    { key: "name", label: t("col.asset"), width: 180, narrow: "title", cell: (h) => <a href={path("assets", h.id)}><Say max={60}>{h.name}</Say></a> },
    { key: "org", label: t("col.org"), width: 150, narrow: "hide", cell: (h) => <Say max={60}>{pick(h.org.name)}</Say> },
    { key: "exposed", label: t("software.exposed"), width: 130, cell: (h) => (h.exposed === "unknown" ? <span class="hatched">{t("value.unknown")}</span> : h.exposed === "yes" ? <strong class="late">{t("software.exposed-yes")}</strong> : t("software.exposed-no")) },
    { key: "why", label: t("software.because"), width: 300, cell: (h) => <Say max={120}>{`${tx(`software.seen.${h.why}`, h.why)}${h.listener ? ` (${h.listener})` : ""}`}</Say> },
    { key: "due", label: t("col.due"), width: 160, cell: (h) => <Due due={h.due?.at} overdue={h.due?.overdue} /> },
  ];
}

function affectedColumns(): Column<Affected>[] {
  return [
    { key: "product", label: t("software.product"), width: 220, narrow: "title", cell: (a) => <a href={path("software", "products", a.product.id)}><Say max={80}>{a.product.name}</Say></a> },
    { key: "version", label: t("software.version"), width: 110, cell: (a) => <Say max={40}>{a.version}</Say> },
    { key: "supplier", label: t("software.supplier"), width: 160, cell: (a) => <Say max={60}>{a.supplier}</Say> },
    { key: "owner", label: t("software.must-act"), width: 150, cell: (a) => (a.owner ? <Say max={60}>{a.owner.name}</Say> : <span class="unknown">{t("software.nobody")}</span>) },
    { key: "statement", label: t("software.statement"), width: 160, cell: (a) => (a.statement === "none" ? <span class="dim">{t("software.vex.none")}</span> : tx(`software.vex.${a.statement}`, a.statement)) },
  ];
}

/* Statements say of every place that it is not affected there, or fixed. */
const answeredEverywhere = (v: Vuln): boolean => v.products === 0 && v.assets === 0 && v.answered > 0;

function sentence(v: Vuln): string {
  if (answeredEverywhere(v)) return t("software.vuln-answered", { n: v.answered });
  const where = t("software.vuln-where", { products: v.products, hosts: v.hosts_total });
  const known = v.kev === true ? t("software.vuln-kev") : v.kev === null ? t("software.vuln-kev-unknown") : "";
  const seen = t(v.exposed === "yes" ? "software.vuln-exposed" : v.exposed === "no" ? "software.vuln-not-exposed" : "software.vuln-exposure-unknown");
  return [where, known, seen].filter(Boolean).join(" ");
}

export function VulnView({ id }: { id: string }): JSX.Element {
  const { data: v, error, reload } = useQuery<Vuln>(`software/vulnerabilities/${encodeURIComponent(id)}`, ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!v) return <Skeleton lines={8} tall />;
  return (
    <>
      <p class="crumbs">
        <a href="/software/vulnerabilities">{t("software.vulnerabilities")}</a>
      </p>
      <h1>
        <Say>{v.id}</Say>
      </h1>
      <p class="software-sentence">
        {sentence(v)} {!answeredEverywhere(v) && <Due due={v.due?.at} overdue={v.due?.overdue} long />}
      </p>
      {v.summary && (
        <p class="dim">
          <Say>{v.summary}</Say>
        </p>
      )}
      <Facts
        items={[
          [t("col.severity"), v.severity ? <SeverityMark value={v.severity} /> : <span class="unknown">{t("value.unknown")}</span>],
          ["CVSS", v.cvss === null ? <span class="unknown">{t("value.unknown")}</span> : dec(v.cvss, 1)],
          ["EPSS", <Percent p={v.epss} />],
          [t("software.kev"), <Kev value={v.kev} />],
          [t("software.fixed-in"), v.fixed ? <Say>{v.fixed}</Say> : <span class="unknown">{t("value.unknown")}</span>],
          [t("software.rule"), v.due ? <><Say>{pick(v.due.text)}</Say> <code>{v.due.rule}</code></> : <span class="dim">—</span>],
        ]}
      />
      {v.due && (
        <p class="dim small">
          {v.due.inputs.map((i, n) => (
            <span key={i.name} class="due-input">
              {n > 0 && " · "}
              {tx(`software.input.${i.name}`, i.name)}: {i.value === "unknown" ? <span class="hatched">{`${t("value.unknown")} (${t("due.taken", { value: tx(`software.value.${i.taken}`, i.taken) })})`}</span> : tx(`software.value.${i.value}`, i.value)}
            </span>
          ))}
        </p>
      )}
      <Section title={t("software.reach")}>
        <ReachGraph of={v.id} />
      </Section>
      <Section title={t("software.who-acts")}>
        {v.affected.length === 0 ? <Empty title={t("software.no-product-affected")} /> : <DataTable id="vuln-affected" label={t("software.who-acts")} columns={affectedColumns()} rows={v.affected} rowId={(a) => `${a.product.id}/${a.version}`} total={v.affected_total} keys={false} />}
      </Section>
      <Section title={t("software.hosts")}>
        {v.hosts.length === 0 ? (
          <Empty title={t("software.no-host-affected")} />
        ) : (
          <>
            {v.hosts_total > v.looked_at && <p class="hatched">{t("software.looked-at", { n: v.looked_at, total: v.hosts_total })}</p>}
            <DataTable id="vuln-hosts" label={t("software.hosts")} columns={hostColumns()} rows={v.hosts} rowId={(h) => h.id} total={v.hosts_total} keys={false} />
          </>
        )}
      </Section>
      <Section title={t("software.components")}>
        <ComponentsList fixed={{ vuln: v.id }} keys={false} />
      </Section>
      <Section title={t("software.advisories")}>
        <table class="plain-table">
          <tbody>
            {v.advisories.map((a) => (
              <tr key={a.id}>
                <td><Say max={60}>{a.id}</Say></td>
                <td><Say max={40}>{a.source}</Say></td>
                <td><code><Say max={120}>{a.vector}</Say></code></td>
                <td><When at={a.modified} rel /></td>
                <td class="dim"><Say max={60}>{a.licence}</Say></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
    </>
  );
}
