/* Network: what telescopes and flows saw, in one sentence, then the day and its lists. */
import type { JSX } from "preact";
import { t, type TextKey } from "../app/i18n";
import type { NetworkNow } from "../app/network";
import { org, withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import { Empty, Failure, Skeleton, Tabs } from "../ui/parts";
import { CampaignView } from "./network_campaign";
import { Day } from "./network_day";
import { FlowsView } from "./network_flows";
import { CampaignsList, ExportersList, MembersList, SurgesList, SuspectsList, VictimsList } from "./network_lists";
import { SuspectView } from "./network_suspect";

const parts: { name: "" | "campaigns" | "members" | "victims" | "surges" | "suspects" | "exporters" | "flows"; text: TextKey }[] = [
  { name: "", text: "network.day" },
  { name: "campaigns", text: "network.campaigns" },
  { name: "members", text: "network.members" },
  { name: "victims", text: "network.victims" },
  { name: "surges", text: "network.surges" },
  { name: "suspects", text: "network.suspects" },
  { name: "exporters", text: "network.exporters" },
  { name: "flows", text: "network.flows" },
];

export function NetworkView({ part, id }: { part: string; id: string | undefined }): JSX.Element {
  const { data, error, reload } = useQuery<NetworkNow>(org.value ? `network?org=${encodeURIComponent(org.value)}` : "network", ["run"]);
  if (part === "campaigns" && id) return <CampaignView id={id} />;
  if (part === "suspects" && id) return <SuspectView id={id} />;
  const here = parts.find((p) => p.name === part) ?? parts[0];
  return (
    <>
      <header class="page-head">
        <h1>{t("nav.network")}</h1>
      </header>
      {error !== undefined ? <Failure error={error} again={reload} /> : !data ? <Skeleton lines={2} /> : <Head d={data} />}
      <Tabs label={t("network.parts")} items={parts.map((p) => ({ href: withOrg(p.name ? path("network", p.name) : "/network"), text: t(p.text), on: p === here, n: p.name && p.name !== "flows" && data ? data[p.name] : undefined }))} />
      {here?.name === "campaigns" ? <CampaignsList /> : here?.name === "members" ? <MembersList /> : here?.name === "victims" ? <VictimsList /> : here?.name === "surges" ? <SurgesList /> : here?.name === "suspects" ? <SuspectsList /> : here?.name === "exporters" ? <ExportersList /> : here?.name === "flows" ? <FlowsView /> : data ? <Day d={data} /> : null}
    </>
  );
}

const nothing = (d: NetworkNow) => d.telescopes.length === 0 && d.suspects === 0 && d.exporters === 0;

function Head({ d }: { d: NetworkNow }): JSX.Element {
  if (nothing(d))
    return (
      <Empty title={t("network.nothing")}>
        <p class="dim">{t("network.nothing-note")}</p>
        <pre>
          <code>{"hinomi telescope replay --prefix dark=192.0.2.0/24 --keep dark FILE.pcap\nhinomi flow replay --store FILE"}</code>
        </pre>
      </Empty>
    );
  const sum = (of: "packets" | "sources") => d.telescopes.reduce((n, x) => n + x[of], 0);
  return (
    <p class="network-sentence">
      {d.telescopes.length > 0 && t("network.sentence", { sources: sum("sources"), packets: sum("packets") })} {d.members > 0 && t("network.sentence-members", { n: d.members })}{" "}
      {d.suspects > 0 && t("network.sentence-suspects", { n: d.suspects })}
    </p>
  );
}
