/* History and discussion of a finding or an action. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may, post } from "../app/api";
import { pick, t, tx } from "../app/i18n";
import type { Comment, HistoryItem, Ref } from "../app/types";
import { When } from "./marks";
import { useDo } from "./parts";
import { Say } from "./say";

export function who(by: Ref | string | null | undefined): string {
  if (!by) return "Hinomi";
  return typeof by === "string" ? by : by.name;
}

/* What changed comes as {"score":[71.4,79.3],"severity":[2,3]}: said as "Score 71.4 → 79.3". */
function detailWords(detail: string): string {
  if (!detail.startsWith("{")) return detail;
  try {
    const v = JSON.parse(detail) as Record<string, unknown>;
    const parts = Object.entries(v).flatMap(([name, x]) => {
      if (!Array.isArray(x) || x.length !== 2) return [`${name} ${typeof x === "object" ? JSON.stringify(x) : String(x)}`];
      if (x[0] === x[1]) return [];
      const word = (y: unknown) => (name === "severity" && typeof y === "number" ? tx(`severity.${severities[y] ?? ""}`, String(y)) : String(y));
      return [`${tx(`col.${name}`, name)} ${word(x[0])} → ${word(x[1])}`];
    });
    return parts.join(", ");
  } catch {
    return detail;
  }
}
const severities = ["info", "low", "medium", "high", "critical"];

export function History({ items }: { items: HistoryItem[] }): JSX.Element {
  if (items.length === 0) return <p class="dim">{t("history.none")}</p>;
  return (
    <ol class="history">
      {[...items]
        .sort((a, b) => b.at.localeCompare(a.at))
        .map((h, i) => (
          <li key={i} class={`history-${h.what}`}>
            <span class="dim">
              <When at={h.at} />
            </span>
            <span>
              {tx(`history.${h.what}`, h.what)}
              {h.detail && !h.what.startsWith("fix_") && (
                <>
                  {" — "}
                  <Say max={400}>{detailWords(pick(h.detail))}</Say>
                </>
              )}
              {h.by && (
                <span class="dim">
                  {" "}
                  · <Say>{who(h.by)}</Say>
                </span>
              )}
            </span>
          </li>
        ))}
    </ol>
  );
}

export function Discussion({ address, items, changed }: { address: string; items: Comment[]; changed: () => void }): JSX.Element {
  const [text, setText] = useState("");
  const [busy, run] = useDo();
  return (
    <div class="talk">
      {items.length === 0 && <p class="dim">{t("talk.none")}</p>}
      <ul>
        {items.map((c) => (
          <li key={c.id}>
            <p class="talk-head">
              <strong>
                <Say>{who(c.by)}</Say>
              </strong>{" "}
              <span class="dim">
                <When at={c.at} />
              </span>
            </p>
            <p class="talk-text">
              <Say lines>{c.text}</Say>
            </p>
          </li>
        ))}
      </ul>
      {may("operator") && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            if (text.trim() === "") return;
            void run(() => post(address, { text: text.trim() })).then((ok) => {
              if (!ok) return;
              setText("");
              changed();
            });
          }}
        >
          <textarea
            rows={2}
            value={text}
            aria-label={t("talk.label")}
            placeholder={t("talk.label")}
            onInput={(e) => setText(e.currentTarget.value)}
          />
          <button type="submit" disabled={busy || text.trim() === ""}>
            {t("talk.send")}
          </button>
        </form>
      )}
    </div>
  );
}
