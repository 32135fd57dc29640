/* The flow explorer: a filter, a window of time, who has most, and the flows themselves. All of it is in the URL. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, message, url } from "../app/api";
import { bytes, country, num, t, tx, when, zone, type TextKey } from "../app/i18n";
import { useList } from "../app/list";
import type { FlowRow, FlowsTimeline, FlowsTop } from "../app/network";
import { useQuery } from "../app/query";
import { params, setParams, withParams } from "../app/router";
import { Bars } from "../ui/bars";
import { Empty, Failure, Section, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { DataTable, type Column } from "../ui/table";

type Order = "flows" | "packets" | "bytes";
const groups: { by: string; text: TextKey }[] = [
  { by: "srcip", text: "flows.by-srcip" },
  { by: "dstip", text: "flows.by-dstip" },
  { by: "dstport,proto", text: "flows.by-dstport" },
  { by: "srcip,dstip,dstport,proto", text: "flows.by-pair" },
  { by: "proto", text: "flows.by-proto" },
  { by: "exporter", text: "flows.by-exporter" },
  { by: "country", text: "flows.by-country" },
  { by: "srccountry", text: "flows.by-srccountry" },
  { by: "dstcountry", text: "flows.by-dstcountry" },
  { by: "as", text: "flows.by-as" },
  { by: "srcas", text: "flows.by-srcas" },
  { by: "dstas", text: "flows.by-dstas" },
  { by: "inif", text: "flows.by-inif" },
  { by: "state", text: "flows.by-state" },
];
const states = ["-", "attempt", "rejected", "established", "closed", "reset", "midstream"];
const protocols: Record<string, string> = { "1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "58": "icmp6", "132": "sctp" };
export const protocol = (n: string | number): string => protocols[String(n)] ?? String(n);

const query = (part: string, args: Record<string, string | null>): string => url(`network/flows${part}`, args).replace(/^\/api\/v1\//, "");

/* One more test, so that a click narrows what is shown. */
function test(field: string, value: string): string | null {
  switch (field) {
    case "srcip": return `src host ${value}`;
    case "dstip": return `dst host ${value}`;
    case "srcport": return `src port ${value}`;
    case "dstport": return `dst port ${value}`;
    case "proto": return `proto ${protocol(value)}`;
    case "exporter": return `exporter ${value}`;
    case "srcas": return `src as ${value}`;
    case "dstas": return `dst as ${value}`;
    case "as": return `as ${value}`;
    case "inif": return `in if ${value}`;
    case "state": return states[Number(value)] && value !== "0" ? `state ${states[Number(value)]}` : null;
    default: return null;
  }
}
export const narrowed = (filter: string, more: string): string => (filter ? `(${filter}) and ${more}` : more);

export function FlowsView(): JSX.Element {
  const p = params.value;
  const args = { filter: p.get("filter"), since: p.get("since"), until: p.get("until") };
  const order: Order = p.get("order") === "bytes" ? "bytes" : p.get("order") === "packets" ? "packets" : "flows";
  const by = p.get("by") ?? "srcip";
  const rows = p.get("rows") === "flows";
  const timeline = useQuery<FlowsTimeline>(query("/timeline", args));
  const bad = timeline.error instanceof ApiError && timeline.error.status === 400 ? timeline.error : null;
  return (
    <>
      <FilterBox given={args.filter ?? ""} bad={bad} />
      {timeline.error !== undefined ? (
        bad ? null : timeline.error instanceof ApiError && timeline.error.status === 403 ? <Empty title={message(timeline.error)} /> : <Failure error={timeline.error} again={timeline.reload} />
      ) : !timeline.data ? (
        <Skeleton lines={6} />
      ) : (
        <>
          <OverTime of={timeline.data} order={order} since={args.since} until={args.until} />
          <div class="filters" role="group" aria-label={t("flows.show")}>
            <Choice label={t("flows.rows")} value={rows ? "flows" : "top"} items={[["top", t("flows.rows-top")], ["flows", t("flows.rows-flows")]]} set={(v) => setParams({ rows: v === "flows" ? v : null })} />
            {!rows && <Choice label={t("flows.by")} value={by} items={groups.map((g) => [g.by, t(g.text)])} set={(v) => setParams({ by: v })} />}
            {!rows && <Choice label={t("flows.order")} value={order} items={[["flows", t("flows.flows")], ["packets", t("flows.packets")], ["bytes", t("flows.bytes")]]} set={(v) => setParams({ order: v === "flows" ? null : v })} />}
          </div>
          {rows ? <Rows api="network/flows" args={args} /> : <Top args={{ ...args, by, order }} />}
        </>
      )}
    </>
  );
}

function Choice({ label, value, items, set }: { label: string; value: string; items: [string, string][]; set: (v: string) => void }): JSX.Element {
  return (
    <label class="choice">
      <span>{label}</span>
      <select value={value} onChange={(e) => set(e.currentTarget.value)}>
        {items.map(([v, text]) => (
          <option key={v} value={v}>{text}</option>
        ))}
      </select>
    </label>
  );
}

/* ---- the filter ---- */

/* "17: reason", in octets; the text is in characters. */
function place(text: string, detail: string | null): { at: number; why: string } | null {
  const m = /^(\d+): (.*)$/s.exec(detail ?? "");
  if (!m) return null;
  const octets = new TextEncoder().encode(text).slice(0, Number(m[1]));
  return { at: new TextDecoder().decode(octets).length, why: m[2] ?? "" };
}

function FilterBox({ given, bad }: { given: string; bad: ApiError | null }): JSX.Element {
  const [text, setText] = useState(given);
  const input = useRef<HTMLInputElement>(null);
  const where = bad ? place(given, bad.detail) : null;
  useEffect(() => setText(given), [given]);
  useEffect(() => {
    if (!where || !input.current) return;
    input.current.focus();
    input.current.setSelectionRange(where.at, given.length);
  }, [where?.at, given]);
  return (
    <form
      class="flow-filter"
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        setParams({ filter: text.trim() || null }, false);
      }}
    >
      <label for="flow-filter">{t("flows.filter")}</label>
      <div class="flow-filter-line">
        <input id="flow-filter" ref={input} type="text" class="mono" autocomplete="off" autocapitalize="off" spellcheck={false} maxLength={2048} value={text} placeholder="src net 192.0.2.0/24 and dst port 443 and bytes > 1m"
          aria-invalid={bad !== null} aria-describedby="flow-filter-note" onInput={(e) => setText(e.currentTarget.value)} />
        <button type="submit" class="primary">{t("flows.search")}</button>
      </div>
      {bad ? (
        <p id="flow-filter-note" class="flow-filter-bad" role="alert">
          {where ? t("flows.bad", { at: where.at + 1 }) : message(bad)}
          {where && (
            <code>
              {given.slice(0, where.at)}
              <mark>{given.slice(where.at) || "…"}</mark>
            </code>
          )}
          {where && tx(`flows-why.${where.why.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`, where.why)}
        </p>
      ) : (
        <p id="flow-filter-note" class="dim">{t("flows.filter-note")}</p>
      )}
    </form>
  );
}

/* ---- over time ---- */

function OverTime({ of, order, since, until }: { of: FlowsTimeline; order: Order; since: string | null; until: string | null }): JSX.Element {
  const total = of.bins.reduce((n, b) => n + b.flows, 0);
  const end = (i: number) => new Date(Date.parse(of.bins[i]?.at ?? "") + of.bin_seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const zoomed = since !== null || until !== null;
  return (
    <Section
      title={t("flows.over-time")}
      aside={
        zoomed && (
          <button type="button" class="quiet" onClick={() => setParams({ since: null, until: null }, false)}>
            {t("flows.whole")}
          </button>
        )
      }
    >
      {of.bins.length === 0 ? (
        <Empty title={t(zoomed ? "flows.none-here" : "flows.none")}>
          {!zoomed && (
            <pre>
              <code>{"hinomi flow collect --udp 127.0.0.1:9995\nhinomi flow import FILE"}</code>
            </pre>
          )}
        </Empty>
      ) : (
        <>
          <p class="dim">{t("flows.sum", { flows: total, from: when(of.bins[0]?.at), to: when(end(of.bins.length - 1)), zone: zone() })}</p>
          <Bars title={t("flows.time", { zone: zone() })} unit={t(`flows.${order}` as TextKey)} tableKey="v" bars={of.bins.map((b) => ({ label: when(b.at), n: b[order] }))} value={order === "bytes" ? bytes : num}
            choose={(a, b) => setParams({ since: of.bins[a]?.at ?? null, until: end(b) }, false)} />
        </>
      )}
    </Section>
  );
}

/* ---- who has most ---- */

const stateText = (s: string): string => tx(`flow-state.${s === "-" ? "none" : s}`, s);

function shown(field: string, value: string): string {
  if (field === "proto") return protocol(value);
  if (field === "state") return stateText(states[Number(value)] ?? "-");
  if (/country$/.test(field)) return value === ".." ? t("flows.no-country") : country(value);
  if (/^(as|srcas|dstas)$/.test(field)) return value === "0" ? t("flows.no-country") : `AS${value}`;
  return value;
}

type TopRow = FlowsTop["rows"][number];

function Top({ args }: { args: Record<string, string | null> }): JSX.Element {
  const address = query("/top", { ...args, limit: "100" });
  const { data, error, reload } = useQuery<FlowsTop>(address);
  const fields = (args.by ?? "").split(",");
  const filter = params.value.get("filter") ?? "";
  if (error instanceof ApiError && error.errorName === "state") return <Empty title={message(error)} />; /* no places are configured */
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={8} />;
  const columns: Column<TopRow>[] = [
    ...fields.map((f, i): Column<TopRow> => ({
      key: f,
      label: tx(`flow-field.${f}`, f),
      width: /ip$/.test(f) ? 210 : 110,
      ...(i === 0 ? { narrow: "title" as const } : {}),
      cell: (r) => {
        const v = String(r[f] ?? "");
        const more = data.places && /as$/.test(f) ? null : test(f, v); /* the filter knows what exporters told, no places */
        return more ? <a href={withParams({ filter: narrowed(filter, more) })} title={t("flows.narrow")}>{shown(f, v)}</a> : shown(f, v);
      },
    })),
    { key: "flows", label: t("flows.flows"), width: 110, numeric: true, cell: (r) => num(r.flows) },
    { key: "packets", label: t("flows.packets"), width: 120, numeric: true, cell: (r) => num(r.packets) },
    { key: "bytes", label: t("flows.bytes"), width: 120, numeric: true, cell: (r) => bytes(r.bytes) },
    { key: "share", label: t("flows.share"), width: 90, numeric: true, cell: (r) => share(r, data, args.order as Order) },
  ];
  return (
    <>
      <Exports path={address} name="flows-top" />
      {fields.some((f) => f === "country" || f === "as") && <p class="dim">{t("flows.either")}</p>}
      {data.damaged_blocks > 0 && <p class="hatched">{t("flows.damaged", { n: data.damaged_blocks })}</p>}
      {data.rows.length === 0 ? <Empty title={t("flows.none-here")} /> : <DataTable id={`flows-top-${args.by}`} label={t("flows.rows-top")} columns={columns} rows={data.rows} rowId={(r) => fields.map((f) => r[f]).join(" ")} href={() => null} total={null} keys />}
    </>
  );
}

const share = (r: TopRow, of: FlowsTop, order: Order): string => (of[order] > 0 ? `${((100 * r[order]) / of[order]).toFixed(1)} %` : "—");

function Exports({ path, name }: { path: string; name: string }): JSX.Element {
  const to = (format: string) => `/api/v1/${path}${path.includes("?") ? "&" : "?"}format=${format}`;
  return (
    <p class="flow-exports">
      <a class="button" href={to("csv")} download={`${name}.csv`}>{t("do.export-csv")}</a>{" "}
      <a class="button" href={to("json")} download={`${name}.json`}>{t("flows.export-json")}</a>
    </p>
  );
}

/* ---- one by one ---- */

export function Rows({ api, args }: { api: string; args: Record<string, string | null> }): JSX.Element {
  const list = useList<FlowRow>(api, { ...args, limit: "100" });
  const columns: Column<FlowRow>[] = [
    { key: "first", label: t("flows.first"), width: 170, narrow: "title", cell: (r) => when(r.first) },
    { key: "duration", label: t("flows.duration"), width: 100, numeric: true, cell: (r) => t("network.seconds", { n: (r.duration_ms / 1000).toFixed(1) }) },
    { key: "src", label: tx("flow-field.srcip", "srcip"), width: 200, cell: (r) => <Say max={60}>{`${r.src} : ${r.sport}`}</Say> },
    { key: "dst", label: tx("flow-field.dstip", "dstip"), width: 200, cell: (r) => <Say max={60}>{`${r.dst} : ${r.dport}`}</Say> },
    { key: "proto", label: tx("flow-field.proto", "proto"), width: 80, cell: (r) => protocol(r.proto) },
    { key: "packets", label: t("flows.packets"), width: 130, numeric: true, cell: (r) => (r.packets_back === undefined ? num(r.packets) : `${num(r.packets)} / ${num(r.packets_back)}`) },
    { key: "bytes", label: t("flows.bytes"), width: 160, numeric: true, cell: (r) => (r.bytes_back === undefined ? bytes(r.bytes) : `${bytes(r.bytes)} / ${bytes(r.bytes_back)}`) },
    { key: "state", label: tx("flow-field.state", "state"), width: 120, cell: (r) => stateText(r.state) },
  ];
  if (list.error !== undefined) return <Failure error={list.error} again={list.reload} />;
  if (list.loading) return <Skeleton lines={8} />;
  return (
    <>
      <Exports path={url(api, { ...args, limit: "20000" }).replace(/^\/api\/v1\//, "")} name="flows" />
      {list.rows.length === 0 ? <Empty title={t("flows.none-here")} /> : <DataTable id="flows" label={t("flows.rows-flows")} columns={columns} rows={list.rows} rowId={(r) => JSON.stringify(r)} href={() => null} total={list.total} more={list.more} stale={list.stale} keys />}
    </>
  );
}
