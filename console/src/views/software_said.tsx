/* What somebody has said: where it runs and who is to be told, and what is stated about vulnerabilities (VEX). */
import type { JSX } from "preact";
import { t, tx } from "../app/i18n";
import { path } from "../app/router";
import type { Deployment, Statement } from "../app/software";
import { When } from "../ui/marks";
import { Say } from "../ui/say";
import type { Column } from "../ui/table";
import { WordFilter } from "./findings";
import { SoftwareList, Switch } from "./software_lists";

const Nobody = (): JSX.Element => <span class="unknown">{t("software.nobody")}</span>;
const Unstated = (): JSX.Element => <span class="unknown">{t("value.unknown")}</span>;

const deploymentColumns = (): Column<Deployment>[] => [
  { key: "product", label: t("software.product"), width: 170, sort: "product", narrow: "title", cell: (r) => <a href={path("software", "products", r.product.id)}><Say max={80}>{r.product.name}</Say></a> },
  { key: "version", label: t("software.version"), width: 100, sort: "version", cell: (r) => <Say max={40}>{r.version}</Say> },
  { key: "asset", label: t("col.asset"), width: 170, sort: "asset", cell: (r) => (r.asset ? <a href={path("assets", r.asset.id)}><Say max={60}>{r.asset.name}</Say></a> : <Unstated />) },
  { key: "service", label: t("software.service"), width: 150, sort: "service", cell: (r) => <Say max={60}>{r.service}</Say> },
  { key: "customers", label: t("software.customers"), width: 260, cell: (r) => <Say max={160}>{r.customers.join(", ")}</Say> },
  { key: "owner", label: t("software.owner"), width: 130, cell: (r) => (r.owner ? <Say max={40}>{r.owner.name}</Say> : <Nobody />) },
  { key: "since", label: t("software.since"), width: 120, sort: "since", falling: true, cell: (r) => <When at={r.since} rel /> },
];

/* On the page of their product: without it, in one order. */
export const deploymentsOfOne = (): Column<Deployment>[] => deploymentColumns().slice(1).map(({ sort: _, ...column }) => column);

export function DeploymentsList(): JSX.Element {
  return (
    <SoftwareList<Deployment> id="all-deployments" api="software/deployments" columns={deploymentColumns()} sort="-since" filters={["q", "ended"]} empty="software.no-deployments" rowId={(r) => r.id} href={(r) => path("software", "products", r.product.id)}>
      <WordFilter />
      <Switch param="ended" text="software.with-ended" />
    </SoftwareList>
  );
}

const statementColumns = (): Column<Statement>[] => [
  { key: "vuln", label: t("software.vulnerability"), width: 160, sort: "vuln", narrow: "title", cell: (r) => <a href={path("software", "vulnerabilities", r.vuln)}><Say max={60}>{r.vuln}</Say></a> },
  { key: "status", label: t("software.statement"), width: 140, sort: "status", cell: (r) => <span class={r.in_force ? undefined : "dim"}>{tx(`software.vex.${r.status}`, r.status)}{!r.in_force && ` — ${t("software.not-in-force")}`}</span> },
  { key: "product", label: t("software.product"), width: 150, sort: "product", cell: (r) => (r.product ? <a href={path("software", "products", r.product.id)}><Say max={80}>{`${r.product.name} ${r.version}`.trim()}</Say></a> : <span class="dim">{t("software.every-product")}</span>) },
  { key: "purl", label: t("software.component"), width: 200, narrow: "hide", cell: (r) => <Say max={120}>{r.purl}</Say> },
  { key: "why", label: t("software.reason"), width: 260, narrow: "hide", cell: (r) => <Say max={200}>{[r.justification, r.statement].filter(Boolean).join(": ")}</Say> },
  { key: "author", label: t("software.author"), width: 120, sort: "author", cell: (r) => <Say max={60}>{r.author}</Say> },
  { key: "at", label: t("software.said-at"), width: 120, sort: "at", falling: true, cell: (r) => <When at={r.at} rel /> },
  { key: "expires", label: t("software.expires"), width: 120, sort: "expires", cell: (r) => (r.expires ? <When at={r.expires} rel /> : <span class="dim">{t("software.no-end")}</span>) },
];

export function StatementsList(): JSX.Element {
  return (
    <SoftwareList<Statement> id="statements" api="software/statements" columns={statementColumns()} sort="-at" filters={["q", "ended"]} empty="software.no-statements" rowId={(r) => r.id} href={(r) => path("software", "vulnerabilities", r.vuln)}>
      <WordFilter />
      <Switch param="ended" text="software.with-ended" />
    </SoftwareList>
  );
}
