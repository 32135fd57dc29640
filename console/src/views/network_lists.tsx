/* Lists of the section Network: paged by the server, exported whole. */
import type { JSX } from "preact";
import { num, pick, t, tx } from "../app/i18n";
import { count, text, type NetworkRow } from "../app/network";
import { path } from "../app/router";
import { When } from "../ui/marks";
import { Say } from "../ui/say";
import type { Column } from "../ui/table";
import { SoftwareList } from "./software_lists";

type C = Column<NetworkRow>;
const number = (key: string, label: string, width = 110): C => ({ key, label, width, numeric: true, cell: (r) => num(count(r, key)) });
const time = (key: string, label: string): C => ({ key, label, width: 150, cell: (r) => <When at={text(r, key)} rel /> });
const port = (): C => ({ key: "port", label: t("network.port"), width: 90, numeric: true, cell: (r) => (text(r, "proto") ? `${count(r, "port")}/${text(r, "proto")}` : String(count(r, "port"))) });
const tool = (): C => ({ key: "fingerprint", label: t("network.tool"), width: 130, cell: (r) => (text(r, "fingerprint") ? <Say max={40}>{text(r, "fingerprint")}</Say> : <span class="unknown">{t("value.unknown")}</span>) });
const by = (): C => ({ key: "by", label: t("network.seen-by"), width: 130, narrow: "hide", cell: (r) => <a href={path("assets", r.asset.id)}><Say max={40}>{r.asset.name}</Say></a> });
const state = (): C => ({ key: "open", label: t("network.state"), width: 100, cell: (r) => (r.fields["open"] === true ? <strong class="late">{t("network.open")}</strong> : <span class="dim">{t("network.over")}</span>) });
const address = (): C => ({ key: "address", label: t("network.address"), width: 180, narrow: "title", cell: (r) => <a href={path("observations", r.id)}><Say max={60}>{text(r, "address")}</Say></a> });

export function CampaignsList(): JSX.Element {
  const columns: C[] = [
    { key: "name", label: t("col.name"), width: 220, narrow: "title", cell: (r) => <a href={path("network", "campaigns", r.id)}><Say max={80}>{r.subject}</Say></a> },
    tool(), port(), number("sources", t("network.sources")), number("packets", t("network.packets")), time("first", t("network.first")), time("last", t("network.last")), by(),
  ];
  return <SoftwareList<NetworkRow> id="campaigns" api="network/campaigns" columns={columns} empty="network.none-campaigns" rowId={(r) => r.id} href={(r) => path("network", "campaigns", r.id)} />;
}

export function MembersList(): JSX.Element {
  const columns: C[] = [
    address(),
    { key: "member", label: t("network.member"), width: 190, cell: (r) => <Say max={60}>{text(r, "member")}</Say> },
    state(),
    { key: "sends", label: t("network.what"), width: 130, cell: (r) => (r.fields["sends"] === true ? t("network.sends") : t("network.answers")) },
    tool(), port(), number("packets", t("network.packets")), time("first", t("network.first")), time("last", t("network.last")), by(),
  ];
  return <SoftwareList<NetworkRow> id="members" api="network/members" columns={columns} empty="network.none-members" rowId={(r) => r.id} href={(r) => path("observations", r.id)} />;
}

export function VictimsList(): JSX.Element {
  const columns: C[] = [
    address(), state(), port(), number("ppm", t("network.per-minute")), number("packets", t("network.packets")), time("start", t("network.first")), time("end", t("network.last")),
    { key: "member", label: t("network.member"), width: 160, cell: (r) => (text(r, "member") ? <Say max={60}>{text(r, "member")}</Say> : <span class="dim">—</span>) },
    by(),
  ];
  return <SoftwareList<NetworkRow> id="victims" api="network/victims" columns={columns} empty="network.none-victims" rowId={(r) => r.id} href={(r) => path("observations", r.id)} />;
}

export function SurgesList(): JSX.Element {
  const columns: C[] = [{ ...port(), narrow: "title" }, time("hour", t("network.last")), number("sources", t("network.sources")), number("expected", t("network.expected")), by()];
  return <SoftwareList<NetworkRow> id="surges" api="network/surges" columns={columns} empty="network.none-surges" rowId={(r) => r.id} href={(r) => path("observations", r.id)} />;
}

export const suspectKind = (r: { fields: NetworkRow["fields"] }): string => tx(`network-kind.${String(r.fields["kind"])}`, String(r.fields["kind"]));
export const suspectSentence = (r: NetworkRow): string => pick({ en: text(r, "sentence_en"), ja: text(r, "sentence_ja") });

export function SuspectsList(): JSX.Element {
  const columns: C[] = [
    { key: "host", label: t("network.host"), width: 150, narrow: "title", cell: (r) => <a href={path("network", "suspects", r.id)}><Say max={60}>{text(r, "host")}</Say></a> },
    { key: "kind", label: t("network.kind"), width: 190, cell: suspectKind },
    { key: "why", label: t("network.why"), width: 420, cell: (r) => <Say max={240}>{suspectSentence(r)}</Say> },
    { key: "score", label: t("network.score"), width: 90, numeric: true, cell: (r) => `${count(r, "score")} %` },
    time("last", t("network.last")),
  ];
  return <SoftwareList<NetworkRow> id="suspects" api="network/suspects" columns={columns} empty="network.none-suspects" rowId={(r) => r.id} href={(r) => path("network", "suspects", r.id)} />;
}

/* The honest list: what an exporter lost, and what its records cannot show. */
export function ExportersList(): JSX.Element {
  const blind = (r: NetworkRow): string => {
    const n = count(r, "sampling");
    return n > 10 ? t("network.blind-sampling", { n: num(n) }) : n === 0 ? t("network.blind-untold") : t("network.blind-none");
  };
  const columns: C[] = [
    { key: "address", label: t("network.exporter"), width: 180, narrow: "title", cell: (r) => <a href={path("observations", r.id)}><Say max={60}>{text(r, "address") || r.asset.name}</Say></a> },
    { key: "protocol", label: t("network.protocol"), width: 110, cell: (r) => <Say max={40}>{text(r, "protocol")}</Say> },
    number("flows", t("network.records")),
    { key: "lost", label: t("network.lost"), width: 150, numeric: true, cell: (r) => (count(r, "lost") ? <span class="hatched">{`${num(count(r, "lost"))} (${(count(r, "lost_share") / 10).toFixed(1)} %)`}</span> : num(0)) },
    { key: "without_template", label: t("network.without-template"), width: 140, numeric: true, cell: (r) => (count(r, "without_template") ? <span class="hatched">{num(count(r, "without_template"))}</span> : num(0)) },
    { key: "skew", label: t("network.skew"), width: 110, numeric: true, cell: (r) => t("network.seconds", { n: num(count(r, "skew")) }) },
    { key: "blind", label: t("network.blind"), width: 300, cell: blind },
    time("last", t("network.last")),
  ];
  return <SoftwareList<NetworkRow> id="exporters" api="network/exporters" columns={columns} empty="network.none-exporters" rowId={(r) => r.id} href={(r) => path("observations", r.id)} />;
}
