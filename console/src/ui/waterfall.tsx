/* The sum behind a score, bar by bar: log-odds are added from the left end of each bar to the right; the scale below
 * is labelled with the probability that they stand for. A term that nobody could judge is hatched. */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { pick, signed, t, tx } from "../app/i18n";
import type { Finding, Term } from "../app/types";
import { ObservationBox } from "./observation";
import { When } from "./marks";
import { Icon } from "./icon";
import { Say } from "./say";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const logit = (p: number) => Math.log(p / (1 - p));
const marks = [0.0001, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999];

export function percent(p: number): string {
  if (p >= 0.9995) return "> 99.9 %";
  if (p < 0.0001) return "< 0.01 %";
  const v = p * 100;
  return `${v < 1 ? v.toFixed(2) : v < 10 ? v.toFixed(1) : v.toFixed(v > 99 ? 1 : 0)} %`;
}

export function Waterfall({ finding }: { finding: Finding }): JSX.Element {
  const [allUnseen, setAllUnseen] = useState(false);
  /* the API gives the prior as log-odds */
  const prior = finding.prior ?? 0;
  const onP = finding.terms.filter((x) => x.on !== "loss");
  const onLoss = finding.terms.filter((x) => x.on === "loss");
  const seen = onP.filter((x) => x.seen);
  const unseen = onP.filter((x) => !x.seen);
  let sum = prior;
  const rows = seen.map((term) => {
    const from = sum;
    sum += term.weight;
    return { term, from, to: sum };
  });
  const all = [prior, ...rows.map((r) => r.to), sum];
  const low = Math.min(...all) - 0.6;
  const high = Math.max(...all) + 0.6;
  const scale = (v: number) => ((v - low) / (high - low)) * 100;
  const shown = marks.filter((p) => logit(p) > low && logit(p) < high);

  return (
    <div class="waterfall">
      <div class="wf-row wf-edge">
        <span class="wf-text">{t("why.prior", { severity: tx(`severity.${finding.severity}`, finding.severity) })}</span>
        <span class="wf-plot">
          <Plot shown={shown} scale={scale}>
            <rect x={`${scale(prior) - 0.4}%`} y="4" width="0.8%" height="16" class="bar-edge" />
          </Plot>
        </span>
        <span class="wf-num">{percent(sigmoid(prior))}</span>
      </div>
      {rows.map((r) => (
        <Bar key={r.term.name} term={r.term} from={scale(r.from)} to={scale(r.to)} shown={shown} scale={scale} />
      ))}
      {unseen.length > 2 && (
        <button type="button" class="wf-row wf-unseen" aria-expanded={allUnseen} onClick={() => setAllUnseen(!allUnseen)}>
          <span class="wf-text">
            <Icon name={allUnseen ? "down" : "right"} size={11} />
            <span>{t("why.unseen", { n: unseen.length })}</span>
          </span>
          <span class="wf-plot">
            <Plot shown={shown} scale={scale}>
              <rect x={`${Math.max(0, scale(sum) - 12)}%`} y="5" width={`${Math.min(24, 100 - Math.max(0, scale(sum) - 12))}%`} height="14" fill="url(#hatch)" class="bar-unseen" />
            </Plot>
          </span>
          <span class="wf-num">?</span>
        </button>
      )}
      {(unseen.length <= 2 || allUnseen) &&
        unseen.map((term) => <Bar key={term.name} term={term} from={null} to={null} shown={shown} scale={scale} at={scale(sum)} />)}
      <div class="wf-row wf-edge wf-sum">
        <span class="wf-text">
          {t("why.sum")}
        </span>
        <span class="wf-plot">
          <Plot shown={shown} scale={scale}>
            <rect x={`${scale(sum) - 0.4}%`} y="4" width="0.8%" height="16" class="bar-edge" />
          </Plot>
        </span>
        <span class="wf-num">{percent(finding.p ?? sigmoid(sum))}</span>
      </div>
      <div class="wf-row wf-axis" aria-hidden="true">
        <span class="wf-text dim">{t("why.axis")}</span>
        <span class="wf-plot">
          <svg width="100%" height="18">
            {shown.map((p) => (
              <text key={p} x={`${scale(logit(p))}%`} y="13" class="tick" text-anchor="middle">
                {p < 0.01 ? `${p * 100}` : Math.round(p * 1000) / 10}%
              </text>
            ))}
          </svg>
        </span>
        <span class="wf-num" />
      </div>
      {onLoss.map((term) => (
        <Bar key={term.name} term={term} from={null} to={null} shown={[]} scale={scale} loss />
      ))}
      {finding.loss !== null && finding.loss !== undefined && (
        <div class="wf-row wf-edge">
          <span class="wf-text">{t("why.loss")}</span>
          <span class="wf-plot" />
          <span class="wf-num">{finding.loss.toFixed(2)}</span>
        </div>
      )}
    </div>
  );
}

function Plot({ shown, scale, children }: { shown: number[]; scale: (v: number) => number; children?: JSX.Element | (JSX.Element | null)[] | null }): JSX.Element {
  return (
    <svg width="100%" height="24" aria-hidden="true">
      {shown.map((p) => (
        <line key={p} x1={`${scale(logit(p))}%`} x2={`${scale(logit(p))}%`} y1="0" y2="24" class="grid" />
      ))}
      {children}
    </svg>
  );
}

interface BarProps {
  term: Term;
  from: number | null;
  to: number | null;
  shown: number[];
  scale: (v: number) => number;
  at?: number;
  loss?: boolean; /* changes the loss, not the probability: no bar on this scale */
}

function Bar({ term, from, to, shown, scale, at = 0, loss = false }: BarProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const id = useId();
  const text = pick(term.text) || tx(`term.${term.name}`, term.name);
  const raises = term.weight >= 0;
  return (
    <>
      <button type="button" class={term.seen ? "wf-row" : "wf-row wf-unseen"} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <span class="wf-text">
          <Icon name={open ? "down" : "right"} size={11} />
          <span>
            <Say max={240}>{text}</Say>
          </span>
        </span>
        <span class="wf-plot">
          <Plot shown={shown} scale={scale}>
            {loss ? null : from === null || to === null ? (
              <rect x={`${Math.max(0, at - 6)}%`} y="5" width="12%" height="14" fill="url(#hatch)" class="bar-unseen" />
            ) : (
              <rect x={`${Math.min(from, to)}%`} y="5" width={`${Math.max(0.5, Math.abs(to - from))}%`} height="14" class={raises ? "bar-up" : "bar-down"} />
            )}
          </Plot>
        </span>
        <span class="wf-num">
          {loss ? (
            term.seen ? `× ${Math.exp(term.weight).toFixed(2)}` : "?"
          ) : term.seen ? (
            <>
              <span aria-hidden="true">{raises ? "▸" : "◂"} </span>
              {signed(term.weight)}
            </>
          ) : (
            "?"
          )}
        </span>
      </button>
      <div id={id} class="wf-open" hidden={!open}>
        {open &&
          (term.observation ? (
            <ObservationBox of={term.observation} />
          ) : (
            <p class="dim">{term.seen ? t("why.no-observation") : t("why.not-seen")}</p>
          ))}
        {open && term.observation && !term.seen && (
          <p class="dim">
            <When at={term.observation.at} />
          </p>
        )}
      </div>
    </>
  );
}
