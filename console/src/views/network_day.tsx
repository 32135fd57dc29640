/* The day of the telescopes: ports by the hour, then what stands out of it, the largest first. */
import type { JSX } from "preact";
import { lang, num, t, type TextKey } from "../app/i18n";
import { count, text, type NetworkNow, type NetworkRow } from "../app/network";
import { org, withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import { When } from "../ui/marks";
import { Section } from "../ui/parts";
import { Say } from "../ui/say";
import { HeatMap } from "./network_heat";

const MOST = 5;
type Cell = { label: string; numeric?: boolean; cell: (r: NetworkRow) => JSX.Element | string };

/* The first rows of a list of the section, with a link to all of them. */
function Top({ part, title, n, cells }: { part: "campaigns" | "members" | "victims"; title: TextKey; n: number; cells: Cell[] }): JSX.Element | null {
  const where = org.value ? `&org=${encodeURIComponent(org.value)}` : "";
  const { data } = useQuery<{ items: NetworkRow[] }>(n > 0 ? `network/${part}?limit=${MOST}${where}` : null, ["run"]);
  if (n === 0 || !data) return null;
  return (
    <Section title={t(title)} aside={n > MOST ? <a href={withOrg(path("network", part))}>{t("network.all-of", { n: num(n) })}</a> : null}>
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
            {data.items.map((r) => (
              <tr key={r.id}>
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

const packets = (): Cell => ({ label: t("network.packets"), numeric: true, cell: (r) => num(count(r, "packets")) });
const last = (field: string): Cell => ({ label: t("network.last"), cell: (r) => <When at={text(r, field)} rel /> });
const address = (): Cell => ({ label: t("network.address"), cell: (r) => <a href={path("observations", r.id)}><Say max={60}>{text(r, "address")}</Say></a> });
const member = (): Cell => ({ label: t("network.member"), cell: (r) => <Say max={60}>{text(r, "member") || "—"}</Say> });

function Telescopes({ d }: { d: NetworkNow }): JSX.Element {
  return (
    <Section title={t("network.telescopes")}>
      <div class="heat-scroll" tabIndex={0} role="group" aria-label={t("network.telescopes")}>
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">{t("col.name")}</th>
              <th scope="col">{t("network.first")}</th>
              <th scope="col">{t("network.last")}</th>
              <th scope="col" class="num">{t("network.packets")}</th>
              <th scope="col" class="num">{t("network.sources")}</th>
              <th scope="col" class="num">{t("network.addresses")}</th>
              <th scope="col" class="num">{t("network.malformed")}</th>
            </tr>
          </thead>
          <tbody>
            {d.telescopes.map((x) => (
              <tr key={x.asset.id}>
                <td><a href={path("assets", x.asset.id)}><Say max={60}>{x.name}</Say></a></td>
                <td><When at={x.first} /></td>
                <td><When at={x.last} rel /></td>
                <td class="num">{num(x.packets)}</td>
                <td class="num">{num(x.sources)}</td>
                <td class="num">{x.addresses ? num(x.addresses) : <span class="unknown">{t("value.unknown")}</span>}</td>
                <td class="num">{x.malformed ? <span class="hatched">{num(x.malformed)}</span> : num(0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

/* "Japan (JP)" in the language of the page; empty where it is not known. */
function country(code: string | null): string {
  if (!code) return "";
  try {
    const name = new Intl.DisplayNames([lang.value], { type: "region" }).of(code);
    return name && name !== code ? `${name} (${code})` : code;
  } catch {
    return code; /* no code of a region: as it was given */
  }
}

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

function Places({ title, name, rows }: { title: TextKey; name: TextKey; rows: Place[] }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <Section title={t(title)}>
      <div class="heat-scroll" tabIndex={0} role="group" aria-label={t(title)}>
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">{t(name)}</th>
              <th scope="col" class="num">{t("network.sources")}</th>
              <th scope="col" class="num">{t("network.packets")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.name}>
                <td>{r.name ? <Say max={80}>{r.name}</Say> : <span class="unknown">{t("value.unknown")}</span>}</td>
                <td class="num">{num(r.sources)}</td>
                <td class="num">{num(r.packets)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

export function Day({ d }: { d: NetworkNow }): JSX.Element | null {
  if (d.telescopes.length === 0) return null;
  return (
    <>
      <HeatMap ports={d.ports} />
      <Top part="members" title="network.day-members" n={d.members} cells={[address(), member(), { label: t("network.what"), cell: (r) => (r.fields["sends"] === true ? t("network.sends") : t("network.answers")) }, packets(), last("last")]} />
      <Top
        part="campaigns"
        title="network.day-campaigns"
        n={d.campaigns}
        cells={[
          { label: t("col.name"), cell: (r) => <a href={path("network", "campaigns", r.id)}><Say max={80}>{r.subject}</Say></a> },
          { label: t("network.tool"), cell: (r) => (text(r, "fingerprint") ? <Say max={40}>{text(r, "fingerprint")}</Say> : <span class="unknown">{t("value.unknown")}</span>) },
          { label: t("network.sources"), numeric: true, cell: (r) => num(count(r, "sources")) },
          packets(),
          last("last"),
        ]}
      />
      <Top part="victims" title="network.day-victims" n={d.victims} cells={[address(), member(), { label: t("network.per-minute"), numeric: true, cell: (r) => num(count(r, "ppm")) }, packets(), last("end")]} />
      <Places title="network.day-countries" name="network.country" rows={together(d.telescopes.map((x) => x.countries.map((c) => ({ ...c, name: country(c.country) }))))} />
      <Places title="network.day-networks" name="network.network" rows={together(d.telescopes.map((x) => x.networks.map((n) => ({ ...n, name: `AS${n.asn} ${n.organisation}`.trim() }))))} />
      <Telescopes d={d} />
    </>
  );
}
