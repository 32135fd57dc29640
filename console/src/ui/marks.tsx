/* Small marks with a meaning. Each has a shape and a word; colour comes on top. */
import type { JSX } from "preact";
import { ago, daysUntil, dec, dueWords, num, t, tx, whenZone } from "../app/i18n";
import type { ActionState, FindingStatus, Severity, Time } from "../app/types";

const shapes: Record<Severity, string> = {
  critical: "M8 1l6 3.5v7L8 15l-6-3.5v-7z",
  high: "M8 2l7 12H1z",
  medium: "M8 1.5 14.5 8 8 14.5 1.5 8z",
  low: "M8 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9",
  info: "M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5",
};

export function SeverityMark({ value, word = true }: { value: Severity; word?: boolean }): JSX.Element {
  const name = tx(`severity.${value}`, value);
  return (
    <span class={`mark sev sev-${value}`} title={word ? undefined : name}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        <path d={shapes[value] ?? shapes.info} fill-rule="evenodd" />
      </svg>
      {word ? name : <span class="sr">{name}</span>}
    </span>
  );
}

export function Due({ due, overdue, done, long }: { due?: Time | null | undefined; overdue?: boolean | undefined; done?: boolean; long?: boolean }): JSX.Element {
  if (!due) return <span class="mark dim">{t("due.none")}</span>;
  const late = !done && (overdue ?? new Date(due).getTime() < Date.now());
  const n = daysUntil(due);
  const tone = done ? "plain" : late ? "late" : n <= 7 ? "soon" : "plain";
  return (
    <time class={`mark due due-${tone}`} dateTime={due} title={whenZone(due)}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        {tone === "late" ? (
          <path d="M8 1.5l7 13H1zM8 6v4M8 12v.6" class="due-cut" fill-rule="evenodd" />
        ) : tone === "soon" ? (
          <path d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1M8 4v4l3 2" class="due-cut" />
        ) : (
          <path d="M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7M8 4.5V8l2.5 1.6" class="due-line" />
        )}
      </svg>
      {done ? whenZone(due) : dueWords(due)}
      {long && !done && <span class="dim due-date">{whenZone(due)}</span>}
    </time>
  );
}

/* stale: what it rests on is old, so it is hatched. */
export function Score({ value, big, stale }: { value: number | null | undefined; big?: boolean; stale?: boolean }): JSX.Element {
  if (value === null || value === undefined)
    return <span class={`score hatched ${big ? "score-big" : ""}`}>{t("score.not-seen")}</span>;
  return (
    <span class={`score ${big ? "score-big" : ""} ${stale ? "hatched" : ""}`} title={`${t("score.word")} ${dec(value)} / 100`}>
      {big ? Math.round(value) : dec(value, value >= 10 ? 0 : 1)}
    </span>
  );
}

export function StatusMark({ value }: { value: FindingStatus }): JSX.Element {
  return <span class={`mark state state-${value}`}>{tx(`status.${value}`, value)}</span>;
}
export function StateMark({ value }: { value: ActionState }): JSX.Element {
  return (
    <span class={`mark state state-${value}`}>
      {value === "verified" && (
        <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
          <path d="M2.5 8.5l3.5 3.5 7.5-8" class="due-line" />
        </svg>
      )}
      {tx(`state.${value}`, value)}
    </span>
  );
}

export function When({ at, rel }: { at: Time | null | undefined; rel?: boolean }): JSX.Element {
  if (!at) return <span class="dim">{t("time.never")}</span>;
  return (
    <time dateTime={at} title={rel ? whenZone(at) : ago(at)}>
      {rel ? ago(at) : whenZone(at)}
    </time>
  );
}

/* When something was last looked at; after a week without a look the answer is "not seen", drawn as such. */
export const staleDays = 7;
export const isStale = (at: Time | null | undefined) => !at || Date.now() - new Date(at).getTime() > staleDays * 86400000;
export function Seen({ at }: { at: Time | null | undefined }): JSX.Element {
  if (!isStale(at)) return <When at={at} rel />;
  return (
    <span class="hatched" title={whenZone(at)}>
      {at ? t("time.not-seen-days", { n: Math.floor((Date.now() - new Date(at).getTime()) / 86400000) }) : t("score.not-seen")}
    </span>
  );
}

/* Part of a whole as a bar with the numbers beside it; what is missing is hatched, not white. */
export function Share({ part, whole, label }: { part: number; whole: number; label: string }): JSX.Element {
  const w = whole > 0 ? Math.max(0, Math.min(1, part / whole)) : 0;
  return (
    <span class="share" title={label}>
      <svg viewBox="0 0 60 8" width="60" height="8" role="img" aria-label={label} preserveAspectRatio="none">
        <rect width="60" height="8" fill="url(#hatch)" class="share-rest" />
        <rect width={60 * w} height="8" class="share-part" />
      </svg>
      <span>
        {num(part)}/{num(whole)}
      </span>
    </span>
  );
}

/* Patterns that several drawings use; once in the page. */
export function Patterns(): JSX.Element {
  return (
    <svg width="0" height="0" class="defs" aria-hidden="true">
      <defs>
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="6" height="6" class="hatch-ground" />
          <line x1="0" y1="0" x2="0" y2="6" class="hatch-line" />
        </pattern>
      </defs>
    </svg>
  );
}
