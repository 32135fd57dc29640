/* One suspect: why, what it looks like, what would make it benign, and what somebody found out. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../app/api";
import { bytes, num, pick, t, tx, when, zone } from "../app/i18n";
import { count, text, type FlowsShape, type NetworkSuspect, type ShapeBar } from "../app/network";
import { withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import { Bars } from "../ui/bars";
import { When } from "../ui/marks";
import { CopyButton, Dialog, Facts, Failure, Labelled, Section, Skeleton, useDo } from "../ui/parts";
import { Say } from "../ui/say";
import { Rows } from "./network_flows";
import { suspectKind, suspectSentence } from "./network_lists";

export function SuspectView({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useQuery<NetworkSuspect>(`network/suspects/${encodeURIComponent(id)}`, ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={8} />;
  const r = data;
  const peer = text(r, "peer");
  const technique = text(r, "technique");
  const beacon = text(r, "kind") === "beacon";
  return (
    <>
      <p class="crumbs">
        <a href={withOrg("/network/suspects")}>{t("network.suspects")}</a>
      </p>
      <h1><Say max={80}>{text(r, "host")}</Say></h1>
      <p class="network-sentence"><Say max={400}>{suspectSentence(r)}</Say></p>
      <Verdict r={r} changed={reload} />
      <Facts
        items={[
          [t("network.kind"), suspectKind(r)],
          [t("network.technique"), technique ? <span>ATT&amp;CK <code>{technique}</code> {tx(`technique.${technique.toLowerCase().replace(".", "-")}`, "")}</span> : <span class="dim">—</span>],
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
      <Shape id={id} />
      <Behind id={id} filter={r.filter} />
      <p>
        {r.asset.id && <a href={path("assets", r.asset.id)}>{t("network.findings")}</a>} · <a href={path("observations", id)}>{t("network.observation")}</a>
      </p>
    </>
  );
}

/* ---- feedback ---- */

function Verdict({ r, changed }: { r: NetworkSuspect; changed: () => void }): JSX.Element | null {
  const [asked, setAsked] = useState<"benign" | "true" | null>(null);
  const [busy, run] = useDo();
  const verdict = text(r, "verdict");
  const send = (body: Record<string, string>) => run(() => post(`network/suspects/${encodeURIComponent(r.id)}/judge`, body), t("network.judged-said"));
  if (!verdict && !r.may_judge) return null;
  return (
    <div class="network-verdict">
      {verdict && (
        <p>
          <strong>{t(verdict === "benign" ? "network.judged-benign" : "network.judged-true")}</strong> <Say max={500}>{text(r, "verdict_reason")}</Say>
        </p>
      )}
      {r.may_judge && (
        <div class="buttons">
          {verdict !== "benign" && <button type="button" disabled={busy} onClick={() => setAsked("benign")}>{t("network.judge-benign")}</button>}
          {verdict !== "true" && <button type="button" disabled={busy} onClick={() => setAsked("true")}>{t("network.judge-true")}</button>}
          {verdict && <button type="button" class="quiet" disabled={busy} onClick={() => void send({ verdict: "revoke" }).then((ok) => ok && changed())}>{t("network.judge-revoke")}</button>}
        </div>
      )}
      {asked && (
        <ReasonDialog verdict={asked} busy={busy} close={() => setAsked(null)}
          send={(reason) =>
            void send({ verdict: asked, reason }).then((ok) => {
              if (!ok) return;
              setAsked(null);
              changed();
            })
          } />
      )}
    </div>
  );
}

function ReasonDialog({ verdict, busy, close, send }: { verdict: "benign" | "true"; busy: boolean; close: () => void; send: (reason: string) => void }): JSX.Element {
  const [reason, setReason] = useState("");
  return (
    <Dialog title={t(verdict === "benign" ? "network.judge-benign" : "network.judge-true")} close={close}>
      <p class="dialog-lead">{t(verdict === "benign" ? "network.judge-benign-lead" : "network.judge-true-lead")}</p>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          send(reason.trim());
        }}
      >
        <Labelled label={t("act.reason")} hint={t("network.judge-hint")}>
          {(id) => <textarea id={id} rows={3} required maxLength={160} value={reason} onInput={(e) => setReason(e.currentTarget.value)} />}
        </Labelled>
        <div class="buttons">
          <button type="submit" class="primary" disabled={busy || reason.trim() === ""}>{t("do.save")}</button>
          <button type="button" onClick={close}>{t("do.cancel")}</button>
        </div>
      </form>
    </Dialog>
  );
}

/* ---- what it looks like ---- */

const seconds = (n: number): string => (n < 90 ? t("network.seconds", { n: n < 10 ? n.toFixed(1) : n.toFixed(0) }) : n < 5400 ? t("flows.minutes", { n: (n / 60).toFixed(1) }) : t("flows.hours", { n: (n / 3600).toFixed(1) }));
const span = (b: ShapeBar, say: (n: number) => string): string => (b.to === undefined ? t("flows.more-than", { n: say(b.from) }) : `${say(b.from)} – ${say(b.to)}`);

function Shape({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useQuery<FlowsShape>(`network/suspects/${encodeURIComponent(id)}/shape`);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={5} />;
  if (!data.bins) return <p class="hatched">{t("flows.none-of-it")}</p>;
  return (
    <Section title={t("flows.shape")}>
      <p class="dim">
        {t("flows.shape-said", { flows: data.flows, contacts: data.contacts ?? 0, every: seconds(data.interval_seconds ?? 0), sent: bytes(data.bytes), back: bytes(data.bytes_back) })}{" "}
        {data.failed > 0 && t("flows.shape-failed", { n: data.failed })} {data.drawn < data.flows && t("flows.shape-drawn", { n: data.drawn })}
      </p>
      <Bars title={t("flows.time", { zone: zone() })} unit={t("flows.flows")} tableKey="v" bars={data.bins.map((b) => ({ label: when(b.at), n: b.flows }))} />
      <div class="bars-pair">
        <Bars title={t("flows.intervals")} unit={t("flows.times")} bars={(data.intervals ?? []).map((b) => ({ label: span(b, seconds), n: b.n }))} />
        <Bars title={t("flows.sizes")} unit={t("flows.flows")} bars={(data.sizes ?? []).map((b) => ({ label: span(b, bytes), n: b.n }))} />
      </div>
    </Section>
  );
}

function Behind({ id, filter }: { id: string; filter: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  const command = `hinomi flow list '${filter}'`;
  return (
    <Section title={t("network.behind")}>
      <pre class="command"><code>{command}</code><CopyButton text={command} /></pre>
      <p>
        <button type="button" aria-expanded={open} onClick={() => setOpen((v) => !v)}>{t("flows.show-rows")}</button>{" "}
        <a href={`/network/flows?rows=flows&filter=${encodeURIComponent(filter)}`}>{t("flows.explore")}</a>
      </p>
      {open && <Rows api={`network/suspects/${encodeURIComponent(id)}/flows`} args={{}} />}
    </Section>
  );
}
