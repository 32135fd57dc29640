/* Bars side by side: over time, by interval, by size. Drag to choose a range, or arrow keys, shift and enter; the table
 * behind it is one key away. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { num, t } from "../app/i18n";
import { useKeys } from "../app/keys";

export interface Bar {
  label: string; /* of the axis and of the table */
  n: number;
}
interface Props {
  title: string;
  unit: string;
  bars: Bar[];
  value?: (n: number) => string;
  choose?: (from: number, to: number) => void; /* indexes, both included */
  tableKey?: string;
}

const pad = { left: 8, right: 8, top: 18, bottom: 20 };
const height = 132;

export function Bars({ title, unit, bars, value = num, choose, tableKey }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(480);
  const [table, setTable] = useState(false);
  const [at, setAt] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null); /* where a choice began */
  const [drag, setDrag] = useState(false);
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const watch = new ResizeObserver(() => setWidth(Math.max(200, el.clientWidth)));
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  useKeys(tableKey ? [{ keys: tableKey, text: "keys.table", run: () => setTable((v) => !v) }] : [], []);

  const most = Math.max(1, ...bars.map((b) => b.n));
  const step = (width - pad.left - pad.right) / Math.max(1, bars.length);
  const inner = height - pad.top - pad.bottom;
  const index = (e: PointerEvent) => {
    const px = e.clientX - (e.currentTarget as Element).getBoundingClientRect().left - pad.left;
    return Math.min(bars.length - 1, Math.max(0, Math.floor(px / step)));
  };
  const range = from !== null && at !== null ? ([Math.min(from, at), Math.max(from, at)] as const) : null;
  const finish = () => {
    if (range && choose) choose(range[0], range[1]);
    setFrom(null);
    setDrag(false);
  };
  const key = (e: JSX.TargetedKeyboardEvent<HTMLDivElement>) => {
    const way = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
    if (way) {
      const now = at ?? (way > 0 ? -1 : bars.length);
      if (choose && e.shiftKey && from === null) setFrom(Math.max(0, now));
      if (!e.shiftKey) setFrom(null);
      setAt(Math.min(bars.length - 1, Math.max(0, now + way)));
    } else if (e.key === "Enter" && choose && at !== null) {
      if (from === null) choose(at, at);
      else finish();
    } else if (e.key === "Escape") {
      setFrom(null);
      setAt(null);
    } else return;
    e.preventDefault();
  };
  const said = range && range[0] !== range[1] ? `${bars[range[0]]?.label} – ${bars[range[1]]?.label}` : at !== null ? `${bars[at]?.label}: ${value(bars[at]?.n ?? 0)} ${unit}` : "";
  const shown = bars.length ? [0, Math.floor(bars.length / 2), bars.length - 1].filter((v, i, a) => a.indexOf(v) === i) : [];
  return (
    <figure class="bars">
      <figcaption>
        <span>{title}</span>
        <button type="button" class="quiet" aria-pressed={table} onClick={() => setTable((v) => !v)}>
          {t("bars.table")}
        </button>
      </figcaption>
      <div ref={box} class="bars-box" tabIndex={0} role="group" aria-label={t(choose ? "bars.how-choose" : "bars.how", { title })} onKeyDown={key}>
        <svg width={width} height={height} role="img" aria-label={t("bars.of", { title, n: bars.length, most: value(most), unit })}
          onPointerDown={(e) => {
            if (!choose) return;
            e.currentTarget.setPointerCapture(e.pointerId);
            setFrom(index(e));
            setAt(index(e));
            setDrag(true);
          }}
          onPointerMove={(e) => setAt(index(e))}
          onPointerUp={() => drag && finish()}
          onPointerLeave={() => !drag && setAt(null)}>
          <line class="bars-axis" x1={pad.left} x2={width - pad.right} y1={height - pad.bottom} y2={height - pad.bottom} />
          {range && <rect class="bars-range" x={pad.left + range[0] * step} y={pad.top} width={(range[1] - range[0] + 1) * step} height={inner} />}
          {bars.map((b, i) => {
            const h = b.n > 0 ? Math.max(2, (b.n / most) * inner) : 0;
            return <rect key={i} class={i === at ? "bars-bar bars-at" : "bars-bar"} x={pad.left + i * step + (step > 3 ? 0.5 : 0)} y={height - pad.bottom - h} width={Math.max(1, step > 3 ? step - 1 : step)} height={h} />;
          })}
          <text class="bars-text" x={pad.left} y={12}>{`${value(most)} ${unit}`}</text>
          {shown.map((i) => (
            <text key={i} class="bars-text" x={i === 0 ? pad.left : i === bars.length - 1 ? width - pad.right : pad.left + (i + 0.5) * step} y={height - 5} text-anchor={i === 0 ? "start" : i === bars.length - 1 ? "end" : "middle"}>
              {bars[i]?.label}
            </text>
          ))}
        </svg>
      </div>
      <p class="bars-said dim" role="status">{said}</p>
      {table && (
        <div class="heat-scroll bars-table" tabIndex={0} role="group" aria-label={title}>
          <table class="plain-table">
            <thead>
              <tr>
                <th scope="col">{title}</th>
                <th scope="col" class="num">{unit}</th>
              </tr>
            </thead>
            <tbody>
              {bars.map((b, i) => (
                <tr key={i}>
                  <td>{b.label}</td>
                  <td class="num">{value(b.n)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </figure>
  );
}
