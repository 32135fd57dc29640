/* Package → process → listener → network, left to right (top to bottom on a narrow screen). At most a dozen nodes; the
 * rest of a column is folded into one node that opens it. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { pick, t, tx } from "../app/i18n";
import type { GraphEdge, GraphNode, ObsRef } from "../app/types";
import { ObservationBox } from "./observation";
import { plain } from "./say";

const labelOf = (n: GraphNode) => pick(n.label);

interface Placed {
  node: GraphNode | null; /* null: a folded rest */
  index: number;
  layer: number;
  x: number;
  y: number;
  folded: number;
}
const order = ["host", "setting", "file", "package", "process", "listener", "network", "scanners", "peer", "scanned", "darknet"];
const base = { w: 176, h: 52, gapX: 84, gapY: 18 };

export function Graph({ nodes, edges }: { nodes: GraphNode[]; edges: GraphEdge[] }): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(720);
  const [open, setOpen] = useState<number | null>(null);
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const watch = new ResizeObserver(() => setRoom(el.clientWidth));
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  if (edges.length === 0) return null;

  const layers = layout(nodes, edges);
  const narrow = room < 560;
  const size = { ...base, w: narrow ? 168 : Math.max(118, Math.min(base.w, (room - 6 - (layers.length - 1) * base.gapX) / layers.length)) };
  const perLayer = Math.max(1, Math.floor(12 / layers.length));
  const placed: Placed[] = [];
  const target = new Map<number, Placed>();
  layers.forEach((members, l) => {
    const cut = members.length > perLayer && !unfolded.has(l) ? perLayer - 1 || 1 : members.length;
    const shown: Placed[] = members.slice(0, cut).map((index) => ({ node: nodes[index] ?? null, index, layer: l, x: 0, y: 0, folded: 0 }));
    const rest = members.slice(cut);
    if (rest.length) shown.push({ node: null, index: -1 - l, layer: l, x: 0, y: 0, folded: rest.length });
    shown.forEach((p) => {
      placed.push(p);
      if (p.node) target.set(p.index, p);
    });
    const fold = shown[shown.length - 1];
    if (rest.length && fold) for (const i of rest) target.set(i, fold);
  });
  const counts = layers.map((_, l) => placed.filter((p) => p.layer === l).length);
  const most = Math.max(...counts);
  const seenInLayer = new Map<number, number>();
  const across = narrow ? size.w + 12 : size.h + size.gapY;
  const along = narrow ? size.h + 44 : size.w + size.gapX;
  for (const p of placed) {
    const k = seenInLayer.get(p.layer) ?? 0;
    seenInLayer.set(p.layer, k + 1);
    const offset = ((most - (counts[p.layer] ?? 1)) * across) / 2 + k * across;
    p.x = narrow ? offset : p.layer * along;
    p.y = narrow ? p.layer * along : offset;
  }
  const width = narrow ? most * across : layers.length * along - size.gapX;
  const height = narrow ? layers.length * along - 44 : most * across - size.gapY;
  const lines = new Map<string, { a: Placed; b: Placed; text: string }>();
  for (const e of edges) {
    const a = target.get(e.from);
    const b = target.get(e.to);
    if (a && b && a !== b) lines.set(`${a.index}>${b.index}`, { a, b, text: pick(e.text) || tx(`edge.${e.how}`, e.how) });
  }
  const chosen = open === null ? undefined : nodes[open];

  return (
    <div class="graph" ref={box}>
      <div class="graph-scroll" tabIndex={0} role="group" aria-label={t("graph.label")}>
        <svg width={width + 2} height={height + 2} viewBox={`-1 -1 ${width + 2} ${height + 2}`}>
          {[...lines.values()].map(({ a, b, text }) => {
            const [x1, y1, x2, y2] = narrow
              ? [a.x + size.w / 2, a.y + size.h, b.x + size.w / 2, b.y - 5]
              : [a.x + size.w, a.y + size.h / 2, b.x - 6, b.y + size.h / 2];
            const d = narrow
              ? `M${x1} ${y1}C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`
              : `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;
            const tip = narrow ? `M${x2 - 4} ${y2 - 1}l4 6 4-6z` : `M${x2 - 1} ${y2 - 4}l7 4-7 4z`;
            return (
              <g key={`${a.index}>${b.index}`}>
                <path d={d} class="edge" />
                <path d={tip} class="edge-tip" />
                <text x={(x1 + x2) / 2 + (narrow ? 8 : 0)} y={(y1 + y2) / 2 - (narrow ? -4 : 6)} class="edge-text" text-anchor={narrow ? "start" : "middle"}>
                  {fit(text, narrow ? 30 : 15)}
                  <title>{text}</title>
                </text>
              </g>
            );
          })}
          {placed.map((p) => (
            <Node key={p.index} p={p} size={size} on={open !== null && open === p.index} click={() => (p.node ? setOpen(open === p.index ? null : p.index) : setUnfolded(new Set([...unfolded, p.layer])))} />
          ))}
        </svg>
      </div>
      {chosen && (
        <div class="graph-open" aria-live="polite">
          {observation(chosen) ? <ObservationBox of={observation(chosen) as ObsRef} /> : <p class="dim">{t("graph.no-observation")}</p>}
        </div>
      )}
    </div>
  );
}

function observation(n: GraphNode): ObsRef | null {
  if (!n.observation) return null;
  return typeof n.observation === "string" ? { id: n.observation, kind: n.type, subject: labelOf(n), at: "" } : n.observation;
}

function Node({ p, size, on, click }: { p: Placed; size: { w: number; h: number }; on: boolean; click: () => void }): JSX.Element {
  const type = p.node ? tx(`node.${p.node.type}`, p.node.type) : "";
  const label = p.node ? plain(labelOf(p.node)) : t("graph.more", { n: p.folded });
  return (
    <g
      class={`node node-${p.node?.type ?? "rest"}${on ? " on" : ""}`}
      transform={`translate(${p.x} ${p.y})`}
      role="button"
      tabindex={0}
      aria-pressed={p.node ? on : undefined}
      aria-label={`${type} ${label}`.trim()}
      onClick={click}
      onKeyDown={(e) => {
        if (e.key !== "Enter" && e.key !== " ") return;
        e.preventDefault();
        e.stopPropagation();
        click();
      }}
    >
      <title>{label}</title>
      <rect width={size.w} height={size.h} rx="6" />
      {p.node ? (
        <>
          <text x="12" y="20" class="node-type">
            {type}
          </text>
          <text x="12" y="39" class="node-label">
            {fit(short(label), (size.w - 20) / 7.2)}
          </text>
        </>
      ) : (
        <text x="12" y="31" class="node-label">
          {label}
        </text>
      )}
    </g>
  );
}

/* Of a path, the end says more than the beginning. */
function short(label: string): string {
  return label.startsWith("/") && label.length > 16 ? `…${label.slice(label.lastIndexOf("/"))}` : label;
}

/* Wide (CJK) characters count twice. */
function fit(s: string, max: number): string {
  let n = 0;
  let i = 0;
  for (const c of s) {
    n += /[\u1100-\u11ff\u2e80-\uffdc]/.test(c) ? 1.8 : 1;
    if (n > max) return `${s.slice(0, Math.max(1, i - 1))}…`;
    i += c.length;
  }
  return s;
}

/* Layers by the longest way from a node without incoming edges; nodes without edges stand by their type. */
export function layout(nodes: GraphNode[], edges: GraphEdge[]): number[][] {
  const layer = nodes.map(() => 0);
  for (let round = 0; round < nodes.length; round++) {
    let changed = false;
    for (const e of edges) {
      const a = layer[e.from];
      const b = layer[e.to];
      if (a === undefined || b === undefined || e.from === e.to) continue;
      if (b < a + 1 && a + 1 < nodes.length) {
        layer[e.to] = a + 1;
        changed = true;
      }
    }
    if (!changed) break;
  }
  if (edges.length === 0) {
    const present = order.filter((o) => nodes.some((n) => n.type === o));
    nodes.forEach((n, i) => (layer[i] = Math.max(0, present.indexOf(n.type))));
  }
  const used = [...new Set(layer)].sort((a, b) => a - b);
  return used.map((l) => nodes.map((_, i) => i).filter((i) => layer[i] === l));
}
