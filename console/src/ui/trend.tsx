/* A line over time: axis, unit, time zone; drag to zoom; arrow keys read the points; the table behind it one key away. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { clock, day, dec, num, t, when, zone } from "../app/i18n";
import { useKeys } from "../app/keys";
import type { Time } from "../app/types";

export interface Series {
  name: string;
  tone: "accent" | "late" | "plain";
  dash?: boolean;
  values: (number | null | undefined)[];
}
interface Props {
  title: string;
  unit: string;
  times: Time[];
  series: Series[];
  max?: number; /* fixed upper end of the axis */
  height?: number;
}

const pad = { left: 34, right: 12, top: 10, bottom: 22 };

export function Trend({ title, unit, times, series, max, height = 150 }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(480);
  const [table, setTable] = useState(false);
  const [zoom, setZoom] = useState<[number, number] | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const watch = new ResizeObserver(() => setWidth(Math.max(240, el.clientWidth)));
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  useKeys([{ keys: "t", text: "keys.table", run: () => setTable((v) => !v) }], []);

  const ms = times.map((x) => new Date(x).getTime());
  useEffect(() => setZoom(null), [times[0], times.length]);
  if (ms.length === 0) return <p class="dim">{t("trend.none")}</p>;

  /* a single point stands at the end of a week */
  const last = ms[ms.length - 1] ?? 0;
  const from = zoom?.[0] ?? Math.min(ms[0] ?? 0, last - (ms.length === 1 ? 7 * 86400000 : 60000));
  const to = Math.max(zoom?.[1] ?? last, from + 60000);
  const inside = ms.map((x, i) => [x, i] as const).filter(([x]) => x >= from && x <= to).map(([, i]) => i);
  const values = series.flatMap((s) => inside.map((i) => s.values[i]).filter((v): v is number => typeof v === "number"));
  const top = max ?? nice(Math.max(1, ...values));
  const x = (v: number) => pad.left + ((v - from) / (to - from)) * (width - pad.left - pad.right);
  const y = (v: number) => height - pad.bottom - (v / top) * (height - pad.top - pad.bottom);
  const index = (px: number) => {
    let best = inside[0] ?? 0;
    for (const i of inside) if (Math.abs(x(ms[i] ?? 0) - px) < Math.abs(x(ms[best] ?? 0) - px)) best = i;
    return best;
  };
  const local = (e: PointerEvent) => e.clientX - (e.currentTarget as Element).getBoundingClientRect().left;
  const timeAt = (px: number) => from + ((px - pad.left) / (width - pad.left - pad.right)) * (to - from);
  const said = at !== null && ms[at] !== undefined ? readout(at) : "";

  return (
    <figure class="trend">
      <figcaption>
        <span class="trend-title">{title}</span>
        <span class="dim">
          {unit} · {zone(new Date(to))}
        </span>
        <span class="legend">
          {series.length > 1 &&
            series.map((s) => (
              <span key={s.name}>
                <svg width="18" height="8" aria-hidden="true">
                  <line x1="0" x2="18" y1="4" y2="4" class={`line line-${s.tone}`} stroke-dasharray={s.dash ? "4 3" : undefined} />
                </svg>
                {s.name}
              </span>
            ))}
        </span>
        {zoom && (
          <button type="button" class="quiet" onClick={() => setZoom(null)}>
            {t("trend.all")}
          </button>
        )}
        <button type="button" class="quiet" aria-pressed={table} onClick={() => setTable(!table)}>
          {t("trend.table")}
        </button>
      </figcaption>
      <div ref={box}>
        {table ? (
          asTable()
        ) : (
          <svg
            width={width}
            height={height}
            role="img"
            tabindex={0}
            aria-label={`${title}, ${unit}. ${readout(ms.length - 1)}`}
            onPointerDown={(e) => {
              const p = local(e);
              setDrag([p, p]);
              (e.currentTarget as Element).setPointerCapture(e.pointerId);
            }}
            onPointerMove={(e) => {
              const p = local(e);
              setAt(index(p));
              if (drag) setDrag([drag[0], p]);
            }}
            onPointerUp={() => {
              if (drag && Math.abs(drag[1] - drag[0]) > 12) setZoom([timeAt(Math.min(...drag)), timeAt(Math.max(...drag))]);
              setDrag(null);
            }}
            onPointerLeave={() => setAt(null)}
            onBlur={() => setAt(null)}
            onKeyDown={(e) => {
              const k = inside.indexOf(at ?? -1);
              if (e.key === "ArrowLeft") setAt(inside[Math.max(0, (k < 0 ? inside.length : k) - 1)] ?? null);
              else if (e.key === "ArrowRight") setAt(inside[Math.min(inside.length - 1, k + 1)] ?? null);
              else if (e.key === "Escape") setZoom(null);
              else return;
              e.preventDefault();
            }}
          >
            {ticks(top).map((v) => (
              <g key={v}>
                <line x1={pad.left} x2={width - pad.right} y1={y(v)} y2={y(v)} class="grid" />
                <text x={pad.left - 6} y={y(v) + 4} class="tick" text-anchor="end">
                  {num(v)}
                </text>
              </g>
            ))}
            {timeTicks(from, to, width).map((v) => (
              <text key={v} x={x(v)} y={height - 6} class="tick" text-anchor={anchor(x(v), width)}>
                {to - from > daysFrom ? day(new Date(v)).slice(5) : when(new Date(v)).slice(5)}
              </text>
            ))}
            {series.map((s) => (
              <g key={s.name} class={`line-${s.tone}`}>
                {runs(s).map((run, i) =>
                  run.length === 1 ? (
                    <circle key={i} cx={x(ms[run[0] ?? 0] ?? 0)} cy={y(s.values[run[0] ?? 0] as number)} r="2.5" class="dot" />
                  ) : (
                    <polyline
                      key={i}
                      class="line"
                      stroke-dasharray={s.dash ? "4 3" : undefined}
                      points={run.map((k) => `${x(ms[k] ?? 0).toFixed(1)},${y(s.values[k] as number).toFixed(1)}`).join(" ")}
                    />
                  ),
                )}
              </g>
            ))}
            {drag && <rect x={Math.min(...drag)} y={pad.top} width={Math.abs(drag[1] - drag[0])} height={height - pad.top - pad.bottom} class="brush" />}
            {at !== null && ms[at] !== undefined && (
              <>
                <line x1={x(ms[at] ?? 0)} x2={x(ms[at] ?? 0)} y1={pad.top} y2={height - pad.bottom} class="cursor" />
                {series.map((s) => {
                  const v = s.values[at];
                  return typeof v === "number" ? <circle key={s.name} cx={x(ms[at] ?? 0)} cy={y(v)} r="3.5" class={`dot line-${s.tone}`} /> : null;
                })}
              </>
            )}
          </svg>
        )}
      </div>
      <p class="readout" aria-live="polite">
        {said}
      </p>
    </figure>
  );

  function readout(i: number): string {
    const d = new Date(ms[i] ?? 0);
    return `${day(d)} ${clock(d)} — ${series.map((s) => `${s.name} ${show(s.values[i])}`).join(", ")}`;
  }

  /* The points that follow each other without a gap: a missing value is a hole in the line, not a zero. */
  function runs(s: Series): number[][] {
    const out: number[][] = [];
    let run: number[] = [];
    for (const i of inside) {
      if (typeof s.values[i] === "number") run.push(i);
      else if (run.length) {
        out.push(run);
        run = [];
      }
    }
    if (run.length) out.push(run);
    return out;
  }

  function asTable(): JSX.Element {
    return (
      <div class="trend-table" tabIndex={0} role="region" aria-label={title}>
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">
                {t("trend.time")} ({zone(new Date(to))})
              </th>
              {series.map((s) => (
                <th key={s.name} scope="col" class="num">
                  {s.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...inside].reverse().map((i) => (
              <tr key={i}>
                <td>{when(new Date(ms[i] ?? 0))}</td>
                {series.map((s) => (
                  <td key={s.name} class="num">
                    {show(s.values[i])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    );
  }
}

function show(v: number | null | undefined): string {
  return typeof v !== "number" ? t("score.not-seen") : Number.isInteger(v) ? num(v) : dec(v);
}
function nice(v: number): number {
  const p = 10 ** Math.floor(Math.log10(v));
  for (const m of [1, 2, 4, 5, 10]) if (v <= m * p) return Math.max(4, m * p);
  return 10 * p;
}
const daysFrom = 3 * 86400000;
function ticks(top: number): number[] {
  return [0, top / 2, top];
}
function anchor(px: number, width: number): "start" | "middle" | "end" {
  return px < pad.left + 20 ? "start" : px > width - pad.right - 20 ? "end" : "middle";
}
/* Where the axis shows days, whole days apart, counted back from its end. */
function timeTicks(from: number, to: number, width: number): number[] {
  const n = Math.max(1, Math.min(6, Math.floor(width / 110)));
  if (to - from > daysFrom) {
    const step = Math.ceil((to - from) / (n * 86400000)) * 86400000;
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => to - i * step);
  }
  return Array.from({ length: n + 1 }, (_, i) => from + ((to - from) * i) / n);
}
