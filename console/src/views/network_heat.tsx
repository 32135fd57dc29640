/* Ports × hours: a table whose cells are tinted by the logarithm, so that figures and picture are one. */
import type { JSX } from "preact";
import { num, t, zone } from "../app/i18n";
import type { HeatPort } from "../app/network";
import { params, setParams } from "../app/router";
import { Section } from "../ui/parts";

const hourMs = 3600000;
const rows = 20;

/* Five steps of a tint; the largest cell has the last. */
function step(n: number, most: number): number {
  return n <= 0 ? 0 : Math.max(1, Math.ceil((5 * Math.log(n + 1)) / Math.log(most + 1)));
}
function short(n: number): string {
  return n < 10000 ? num(n) : n < 1e6 ? `${Math.round(n / 1000)}k` : `${Math.round(n / 1e6)}M`;
}

export function HeatMap({ ports }: { ports: HeatPort[] }): JSX.Element {
  const by = params.value.get("by") === "packets" ? "packets" : "sources";
  const shown = ports.slice(0, rows);
  const times = shown.flatMap((p) => p.hours.map((h) => Date.parse(h.at)));
  const last = Math.max(...times);
  const most = Math.max(1, ...shown.flatMap((p) => p.hours.map((h) => h[by])));
  const hours = Array.from({ length: 24 }, (_, i) => last - (23 - i) * hourMs);
  const watched = new Set(times);
  return (
    <Section
      title={t("network.heat")}
      aside={
        <button type="button" class="quiet" onClick={() => setParams({ by: by === "packets" ? null : "packets" })}>
          {by === "packets" ? t("network.show-sources") : t("network.show-packets")}
        </button>
      }
    >
      {times.length === 0 ? (
        <p class="hatched">{t("network.heat-old")}</p>
      ) : (
        <>
          <p class="dim">{t(by === "packets" ? "network.heat-packets" : "network.heat-note", { zone: zone() })}</p>
          <div class="heat-scroll" tabIndex={0} role="group" aria-label={t("network.heat")}>
            <table class="heat">
              <thead>
                <tr>
                  <th scope="col">{t("network.port")}</th>
                  {hours.map((h) => (
                    <th scope="col" key={h}>{String(new Date(h).getHours()).padStart(2, "0")}</th>
                  ))}
                  <th scope="col">{t("network.today")}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((p) => {
                  const at = new Map(p.hours.map((h) => [Date.parse(h.at), h[by]]));
                  return (
                    <tr key={`${p.telescope}/${p.proto}/${p.port}`}>
                      <th scope="row">{`${p.port}/${p.proto}`}</th>
                      {hours.map((h) => {
                        const n = at.get(h) ?? 0;
                        return watched.has(h) ? (
                          <td key={h} class={`heat-${step(n, most)}`}>{n ? short(n) : "·"}</td>
                        ) : (
                          <td key={h} class="hatched"><span class="sr">{t("score.not-seen")}</span></td>
                        );
                      })}
                      <td>{num(p.today)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Section>
  );
}
