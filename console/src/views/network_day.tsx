/* The day of the telescopes: ports by the hour, then what stands out of it, the largest first. */
import type { JSX } from "preact";
import { country, num, t, type TextKey } from "../app/i18n";
import { count, text, type NetworkNow, type NetworkRow, type Telescope } from "../app/network";
import { org, withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import { When } from "../ui/marks";
import { Section } from "../ui/parts";
import { Say } from "../ui/say";
import { HeatMap } from "./network_heat";

const MOST = 5;
interface Cell<R> { label: string; numeric?: boolean; cell: (r: R) => JSX.Element | string }

function Plain<R>({ title, aside, cells, rows, id }: { title: TextKey; aside?: JSX.Element; cells: Cell<R>[]; rows: R[]; id: (r: R) => string }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <Section title={t(title)} aside={aside}>
      <div class="heat-scroll" tabIndex={0} role="group" aria-label={t(title)}>
        <table class="plain-table">
          <thead>
            <tr>
              {cells.map((c) => (
                <th key={c.label} scope="col" class={c.numeric ? "num" : undefined}>{c.label}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={id(r)}>
                {cells.map((c) => (
                  <td key={c.label} class={c.numeric ? "num" : undefined}>{c.cell(r)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

/* The first rows of a list of the section, with a link to all of them. */
function Top({ part, title, n, cells }: { part: "campaigns" | "members" | "victims"; title: TextKey; n: number; cells: Cell<NetworkRow>[] }): JSX.Element {
  const where = org.value ? `&org=${encodeURIComponent(org.value)}` : "";
  const { data } = useQuery<{ items: NetworkRow[] }>(n > 0 ? `network/${part}?limit=${MOST}${where}` : null, ["run"]);
  const all = n > MOST ? { aside: <a href={withOrg(path("network", part))}>{t("network.all-of", { n: num(n) })}</a> } : {};
  return <Plain title={title} {...all} cells={cells} rows={data?.items ?? []} id={(r) => r.id} />;
}

const packets = (): Cell<NetworkRow> => ({ label: t("network.packets"), numeric: true, cell: (r) => num(count(r, "packets")) });
const last = (field: string): Cell<NetworkRow> => ({ label: t("network.last"), cell: (r) => <When at={text(r, field)} rel /> });
const address = (): Cell<NetworkRow> => ({ label: t("network.address"), cell: (r) => <a href={path("observations", r.id)}><Say max={60}>{text(r, "address")}</Say></a> });
const member = (): Cell<NetworkRow> => ({ label: t("network.member"), cell: (r) => <Say max={60}>{text(r, "member") || "—"}</Say> });

const memberCells = (): Cell<NetworkRow>[] => [address(), member(), { label: t("network.what"), cell: (r) => (r.fields["sends"] === true ? t("network.sends") : t("network.answers")) }, packets(), last("last")];
const victimCells = (): Cell<NetworkRow>[] => [address(), member(), { label: t("network.per-minute"), numeric: true, cell: (r) => num(count(r, "ppm")) }, packets(), last("end")];
const campaignCells = (): Cell<NetworkRow>[] => [
  { label: t("col.name"), cell: (r) => <a href={path("network", "campaigns", r.id)}><Say max={80}>{r.subject}</Say></a> },
  { label: t("network.tool"), cell: (r) => (text(r, "fingerprint") ? <Say max={40}>{text(r, "fingerprint")}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
  { label: t("network.sources"), numeric: true, cell: (r) => num(count(r, "sources")) },
  packets(),
  last("last"),
];
const telescopeCells = (): Cell<Telescope>[] => [
  { label: t("col.name"), cell: (x) => <a href={path("assets", x.asset.id)}><Say max={60}>{x.name}</Say></a> },
  { label: t("network.first"), cell: (x) => <When at={x.first} /> },
  { label: t("network.last"), cell: (x) => <When at={x.last} rel /> },
  { label: t("network.packets"), numeric: true, cell: (x) => num(x.packets) },
  { label: t("network.sources"), numeric: true, cell: (x) => num(x.sources) },
  { label: t("network.addresses"), numeric: true, cell: (x) => (x.addresses ? num(x.addresses) : <span class="unknown">{t("value.unknown")}</span>) },
  { label: t("network.malformed"), numeric: true, cell: (x) => (x.malformed ? <span class="hatched">{num(x.malformed)}</span> : num(0)) },
];

interface Place { name: string; sources: number; packets: number }

/* Of all telescopes together, the largest first. */
function together(lists: Place[][]): Place[] {
  const all = new Map<string, Place>();
  for (const p of lists.flat()) {
    const had = all.get(p.name);
    all.set(p.name, { name: p.name, sources: p.sources + (had?.sources ?? 0), packets: p.packets + (had?.packets ?? 0) });
  }
  return [...all.values()].sort((a, b) => b.sources - a.sources || b.packets - a.packets).slice(0, 2 * MOST);
}
const placeCells = (name: TextKey): Cell<Place>[] => [
  { label: t(name), cell: (r) => (r.name ? <Say max={80}>{r.name}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
  { label: t("network.sources"), numeric: true, cell: (r) => num(r.sources) },
  { label: t("network.packets"), numeric: true, cell: (r) => num(r.packets) },
];

export function Day({ d }: { d: NetworkNow }): JSX.Element | null {
  if (d.telescopes.length === 0) return null;
  const countries = together(d.telescopes.map((x) => x.countries.map((c) => ({ ...c, name: country(c.country) }))));
  const networks = together(d.telescopes.map((x) => x.networks.map((n) => ({ ...n, name: `AS${n.asn} ${n.organisation}`.trim() }))));
  return (
    <>
      <HeatMap ports={d.ports} />
      <Top part="members" title="network.day-members" n={d.members} cells={memberCells()} />
      <Top part="campaigns" title="network.day-campaigns" n={d.campaigns} cells={campaignCells()} />
      <Top part="victims" title="network.day-victims" n={d.victims} cells={victimCells()} />
      <Plain title="network.day-countries" cells={placeCells("network.country")} rows={countries} id={(r) => r.name} />
      <Plain title="network.day-networks" cells={placeCells("network.network")} rows={networks} id={(r) => r.name} />
      <Plain title="network.telescopes" cells={telescopeCells()} rows={d.telescopes} id={(x) => x.asset.id} />
    </>
  );
}
