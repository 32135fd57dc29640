/* One suspect: why, and what would make it benign, before anybody pulls a plug. */
import type { JSX } from "preact";
import { num, pick, t } from "../app/i18n";
import { count, text, type NetworkRow } from "../app/network";
import { withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { Obs } from "../app/types";
import { When } from "../ui/marks";
import { CopyButton, Facts, Failure, Section, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { suspectKind, suspectSentence } from "./network_lists";

export function SuspectView({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useQuery<Obs>(`observations/${encodeURIComponent(id)}`, ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={8} />;
  const asset = typeof data.asset === "object" && data.asset ? data.asset : { id: "", name: "" };
  const r: NetworkRow = { id, subject: data.subject, at: data.at, asset, fields: data.fields };
  const host = text(r, "host");
  const peer = text(r, "peer");
  const beacon = text(r, "kind") === "beacon";
  const command = `hinomi flow list 'host ${host}${peer ? ` and host ${peer}` : ""} and port ${count(r, "port")}'`;
  return (
    <>
      <p class="crumbs">
        <a href={withOrg("/network/suspects")}>{t("network.suspects")}</a>
      </p>
      <h1><Say max={80}>{host}</Say></h1>
      <p class="network-sentence"><Say max={400}>{suspectSentence(r)}</Say></p>
      <Facts
        items={[
          [t("network.kind"), suspectKind(r)],
          [t("network.peer"), peer ? <Say>{peer}</Say> : <span class="dim">—</span>],
          [t("network.port"), String(count(r, "port"))],
          [t("network.contacts"), num(count(r, "contacts"))],
          [t("network.interval"), count(r, "interval") ? t("network.seconds", { n: num(count(r, "interval")) }) : <span class="dim">—</span>],
          [t("network.score"), `${count(r, "score")} %`],
          [t("network.first"), <When at={text(r, "first")} />],
          [t("network.last"), <When at={text(r, "last")} />],
        ]}
      />
      <Section title={t("network.benign")}>
        <p><Say max={400}>{pick({ en: text(r, "benign_en"), ja: text(r, "benign_ja") }) || t(beacon ? "network.benign-beacon" : "network.benign-scan")}</Say></p>
      </Section>
      <Section title={t("network.behind")}>
        <pre class="command"><code>{command}</code><CopyButton text={command} /></pre>
      </Section>
      <p>
        {asset.id && <a href={path("assets", asset.id)}>{t("network.findings")}</a>} · <a href={path("observations", id)}>{t("network.observation")}</a>
      </p>
    </>
  );
}
