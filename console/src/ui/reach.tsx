/* The reach graph: six columns left to right, at most a dozen nodes each, the rest folded into groups that open. Every
 * group is a button; the table behind it says the same in words. The drawing scrolls sideways where it does not fit. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { url } from "../app/api";
import { num, pick, t, tx } from "../app/i18n";
import { org } from "../app/org";
import { useQuery } from "../app/query";
import { params, path, setParams } from "../app/router";
import type { Reach, ReachNode } from "../app/software";
import { Empty, Failure, Skeleton } from "./parts";
import { plain, Say } from "./say";

const columns = ["vulnerability", "component", "product", "host", "service", "customer"] as const;
const size = { w: 168, h: 34, gapX: 64, gapY: 8, head: 26 };

/* More than so many nodes in a column are no picture: the others become one, which shows further ones. */
const few = 100;
const many = 500;
const rowsMost = 1000;

export function condense(r: Pick<Reach, "nodes" | "edges">, most: number): Pick<Reach, "nodes" | "edges"> {
  const seen = new Map<string, number>();
  const instead = new Map<string, string>();
  const rest = new Map<string, ReachNode>();
  const nodes: ReachNode[] = [];
  for (const n of r.nodes) {
    const at = (seen.get(n.column) ?? 0) + 1;
    seen.set(n.column, at);
    if (at <= most) {
      nodes.push(n);
      continue;
    }
    const id = `rest.${n.column}`;
    const others = rest.get(n.column) ?? { id, column: n.column, label: { en: "", ja: "" }, count: 0, folded: true };
    others.count += n.count;
    rest.set(n.column, others);
    instead.set(n.id, id);
  }
  if (rest.size === 0) return r;
  const edges = new Map<string, { from: string; to: string; count: number }>();
  for (const e of r.edges) {
    const [from, to] = [instead.get(e.from) ?? e.from, instead.get(e.to) ?? e.to];
    const known = edges.get(`${from}>${to}`);
    if (known) known.count += e.count;
    else edges.set(`${from}>${to}`, { from, to, count: e.count });
  }
  return { nodes: [...nodes, ...rest.values()], edges: [...edges.values()] };
}

interface Placed {
  n: ReachNode;
  x: number;
  y: number;
}

export function layoutReach(nodes: ReachNode[]): { placed: Map<string, Placed>; shown: string[]; width: number; height: number } {
  const shown = columns.filter((c) => nodes.some((n) => n.column === c));
  const most = Math.max(1, ...shown.map((c) => nodes.filter((n) => n.column === c).length));
  const placed = new Map<string, Placed>();
  shown.forEach((c, i) => {
    const members = nodes.filter((n) => n.column === c);
    const top = size.head + ((most - members.length) * (size.h + size.gapY)) / 2;
    members.forEach((n, k) => placed.set(n.id, { n, x: i * (size.w + size.gapX), y: top + k * (size.h + size.gapY) }));
  });
  return { placed, shown, width: shown.length * (size.w + size.gapX) - size.gapX, height: size.head + most * (size.h + size.gapY) };
}

function target(n: ReachNode): string | null {
  if (!n.ref) return null;
  if (n.column === "component") return path("software", "components", n.ref);
  if (n.column === "product") return path("software", "products", n.ref);
  if (n.column === "host") return path("assets", n.ref);
  return null;
}

export function ReachGraph({ of }: { of: string }): JSX.Element {
  const [open, setOpen] = useState<string[]>([]);
  const [table, setTable] = useState(false);
  const [most, setMost] = useState(few);
  const asOf = params.value.get("as_of");
  const query = { of, org: org.value, as_of: asOf, open: open.join(" ") };
  const { data: r, error, reload } = useQuery<Reach>(url("software/reach", query).replace(/^\/api\/v1\//, ""), ["run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!r) return <Skeleton lines={6} />;
  const further = () => (most < many ? setMost(many) : setTable(true));
  const fold = (id: string) => id.startsWith("rest.") ? further() : setOpen(open.includes(id) ? open.filter((x) => x !== id) : [...open, id]);
  return (
    <div class="reach">
      <p>
        {t("software.reach-sentence", { ...r.totals })}
        {r.totals.answered > 0 && <> {t("software.reach-answered", { n: r.totals.answered })}</>}
      </p>
      <div class="filters">
        <label class="choice">
          <span>{t("software.as-of")}</span>
          <input type="date" value={asOf?.slice(0, 10) ?? ""} onChange={(e) => setParams({ as_of: e.currentTarget.value ? `${e.currentTarget.value}T00:00:00Z` : null })} />
        </label>
        {open.length > 0 && (
          <button type="button" onClick={() => setOpen([])}>
            {t("software.fold-all")}
          </button>
        )}
        <button type="button" aria-pressed={table} onClick={() => setTable(!table)}>
          {t("software.as-table")}
        </button>
        {(["releases", "assets", "deployments"] as const).map((rows) => (
          <a key={rows} class="button" href={url("software/reach", { ...query, rows, format: "csv" })} download={`reach-${rows}.csv`}>
            {`CSV: ${tx(`software.rows.${rows}`, rows)}`}
          </a>
        ))}
      </div>
      {r.edges.length === 0 ? <Empty title={t("software.reach-nothing")} /> : table ? <AsTable r={r} /> : <Drawing r={condense(r, most)} fold={fold} />}
    </div>
  );
}

function label(n: ReachNode): string {
  const text = pick(n.label) || t("software.others");
  return n.folded ? `${text} (${num(n.count)})` : text;
}

function Drawing({ r, fold }: { r: Pick<Reach, "nodes" | "edges">; fold: (id: string) => void }): JSX.Element {
  const { placed, shown, width, height } = layoutReach(r.nodes);
  const most = Math.max(1, ...r.edges.map((e) => e.count));
  return (
    <div class="reach-scroll" tabIndex={0} role="group" aria-label={t("software.reach")}>
      <div class="reach-canvas" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          {r.edges.map((e) => {
            const a = placed.get(e.from);
            const b = placed.get(e.to);
            if (!a || !b) return null;
            const [x1, y1, x2, y2] = [a.x + size.w, a.y + size.h / 2, b.x, b.y + size.h / 2];
            const m = (x1 + x2) / 2;
            return <path key={`${e.from}>${e.to}`} class="reach-line" d={`M${x1} ${y1}C${m} ${y1} ${m} ${y2} ${x2} ${y2}`} stroke-width={1 + 4 * Math.sqrt(e.count / most)} />;
          })}
        </svg>
        {shown.map((c, i) => (
          <span key={c} class="reach-column" style={{ left: `${i * (size.w + size.gapX)}px`, width: `${size.w}px` }}>
            {tx(`software.column.${c}`, c)}
          </span>
        ))}
        {[...placed.values()].map(({ n, x, y }) => {
          const place = { left: `${x}px`, top: `${y}px`, width: `${size.w}px`, height: `${size.h}px` };
          const to = target(n);
          const text = plain(label(n));
          if (n.folded)
            return (
              <button key={n.id} type="button" class="reach-node reach-folded" style={place} title={text} aria-label={t("software.unfold", { what: text })} onClick={() => fold(n.id)}>
                <span>{text}</span>
              </button>
            );
          return to ? (
            <a key={n.id} class="reach-node" style={place} title={text} href={to}>
              <span>{text}</span>
            </a>
          ) : (
            <span key={n.id} class={`reach-node reach-${n.column}`} style={place} title={text}>
              <span>{text}</span>
            </span>
          );
        })}
      </div>
    </div>
  );
}

function AsTable({ r }: { r: Reach }): JSX.Element {
  const name = new Map(r.nodes.map((n) => [n.id, n]));
  return (
    <table class="plain-table">
      <thead>
        <tr>
          <th scope="col">{t("software.from")}</th>
          <th scope="col">{t("software.to")}</th>
          <th scope="col" class="num">{t("software.ties")}</th>
        </tr>
      </thead>
      <tbody>
        {r.edges.slice(0, rowsMost).map((e) => {
          const [a, b] = [name.get(e.from), name.get(e.to)];
          return (
            <tr key={`${e.from}>${e.to}`}>
              <td>{a && <Say max={100}>{label(a)}</Say>}</td>
              <td>{b && <Say max={100}>{label(b)}</Say>}</td>
              <td class="num">{num(e.count)}</td>
            </tr>
          );
        })}
        {r.edges.length > rowsMost && (
          <tr>
            <td colSpan={3}>{`${t("software.others")} (${num(r.edges.length - rowsMost)}): CSV`}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
