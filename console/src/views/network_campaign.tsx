/* One campaign of a telescope: who, how many, since when, its port by the hour, and which members and victims it touches. */
import type { JSX } from "preact";
import { num, t, when, zone } from "../app/i18n";
import { count, text, type NetworkNow, type NetworkRow } from "../app/network";
import { withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { Obs, Page } from "../app/types";
import { Bars } from "../ui/bars";
import { When } from "../ui/marks";
import { Facts, Failure, Section, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";

/* A field of lines, each of words. */
function lines(r: NetworkRow, field: string): string[][] {
  const v = r.fields[field];
  return Array.isArray(v) ? v.filter((l): l is string => typeof l === "string").map((l) => l.split(" ")) : [];
}

export function CampaignView({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useQuery<Obs>(`observations/${encodeURIComponent(id)}`, ["run"]);
  const now = useQuery<NetworkNow>("network", ["run"]);
  const members = useQuery<Page<NetworkRow>>("network/members?limit=500", ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={8} />;
  const asset = typeof data.asset === "object" && data.asset ? data.asset : { id: "", name: "" };
  const r: NetworkRow = { id, subject: data.subject, at: data.at, asset, fields: data.fields };
  const tool = text(r, "fingerprint");
  const ours = (members.data?.items ?? []).filter((m) => m.asset.id === asset.id && ((tool !== "" && text(m, "fingerprint") === tool) || count(m, "port") === count(r, "port")));
  const ports = lines(r, "ports").map((l) => ({ label: l[0] ?? "", n: Number(l[1] ?? 0) / 10 }));
  const day = lines(r, "hours").map((l) => ({ label: when(l[0] ?? ""), n: Number(l[1] ?? 0) }));
  const hours = (now.data?.ports ?? []).filter((p) => p.port === count(r, "port") && p.telescope === asset.name);
  return (
    <>
      <p class="crumbs">
        <a href={withOrg("/network/campaigns")}>{t("network.campaigns")}</a>
      </p>
      <h1><Say max={100}>{data.subject}</Say></h1>
      <p class="network-sentence">
        {t("network.campaign-said", { sources: count(r, "sources"), packets: count(r, "packets"), port: String(count(r, "port")) })} {tool ? <Say max={80}>{t("network.campaign-tool", { tool })}</Say> : t("network.campaign-no-tool")}
      </p>
      <Facts
        items={[
          [t("network.tool"), tool ? <Say max={60}>{tool}</Say> : <span class="unknown">{t("value.unknown")}</span>],
          [t("network.port"), String(count(r, "port"))],
          [t("network.sources"), num(count(r, "sources"))],
          [t("network.packets"), num(count(r, "packets"))],
          [t("network.first"), <When at={text(r, "first")} />],
          [t("network.last"), <When at={text(r, "last")} />],
          [t("network.seen-by"), asset.id ? <a href={path("assets", asset.id)}><Say max={60}>{asset.name}</Say></a> : "—"],
        ]}
      />
      {day.length > 0 && (
        <Section title={t("network.campaign-sources")}>
          <Bars title={`${data.subject} (${zone()})`} unit={t("network.sources")} tableKey="s" bars={day} />
        </Section>
      )}
      {ports.length > 1 && (
        <Section title={t("network.campaign-ports")}>
          <Bars title={t("network.campaign-ports")} unit="%" tableKey="o" bars={ports} />
        </Section>
      )}
      <Section title={t("network.campaign-hours")}>
        {hours.length === 0 || hours.every((p) => p.hours.length === 0) ? (
          <p class="hatched">{t("network.campaign-no-hours")}</p>
        ) : (
          hours.map((p) => (
            <Bars key={p.proto} title={`${p.port}/${p.proto} (${zone()})`} unit={t("network.sources")} tableKey="v" bars={p.hours.map((h) => ({ label: when(h.at), n: h.sources }))} />
          ))
        )}
      </Section>
      <Section title={t("network.campaign-members")}>
        {members.data === undefined ? (
          <Skeleton lines={2} />
        ) : ours.length === 0 ? (
          <p class="dim">{t("network.campaign-no-members")}</p>
        ) : (
          <ul>
            {ours.map((m) => (
              <li key={m.id}>
                <a href={path("observations", m.id)}><Say max={60}>{text(m, "address")}</Say></a> <Say max={80}>{text(m, "member")}</Say> — {m.fields["open"] === true ? <strong class="late">{t("network.open")}</strong> : t("network.over")}
              </li>
            ))}
          </ul>
        )}
      </Section>
      <p>
        <a href={withOrg("/network/victims")}>{t("network.victims")}{now.data ? ` (${num(now.data.victims)})` : ""}</a> · <a href={path("observations", id)}>{t("network.observation")}</a>
      </p>
    </>
  );
}
