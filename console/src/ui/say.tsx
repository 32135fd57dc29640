/* Text from outside, made harmless to read: control characters, direction overrides and invisible characters are shown
 * as what they are, and very long values are folded. Nothing is ever interpreted as markup. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { num, t } from "../app/i18n";

// C0, DEL, C1, soft hyphen, combining grapheme joiner, Arabic letter mark, fillers, zero width, bidi, invisible operators,
// variation and tag characters, byte order mark, interlinear annotation, lone surrogates
const odd =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffd]|[\u{e0000}-\u{e0fff}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;
const names: Record<string, string> = {
  "\u0000": "NUL", "\u0007": "BEL", "\b": "BS", "\t": "TAB", "\n": "LF", "\u000b": "VT", "\f": "FF", "\r": "CR",
  "\u001b": "ESC", "\u007f": "DEL", "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
  "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
  "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\ufeff": "BOM", "\ufffd": "�",
};

export function visible(s: string, keepLines = false): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let last = 0;
  for (const m of s.matchAll(odd)) {
    const c = m[0];
    if (keepLines && (c === "\n" || c === "\t")) continue;
    if (m.index > last) out.push(s.slice(last, m.index));
    last = m.index + c.length;
    const code = c.codePointAt(0) ?? 0;
    const hex = code.toString(16).toUpperCase().padStart(4, "0");
    out.push(
      <span class="ctl" title={`U+${hex}`}>
        {names[c] ?? `U+${hex}`}
      </span>,
    );
  }
  out.push(last === 0 ? s : s.slice(last));
  return out;
}

interface Props {
  children: string | null | undefined;
  max?: number;
  lines?: boolean;
  class?: string;
}

export function Say({ children, max = 2000, lines = false, class: name }: Props): JSX.Element {
  const [whole, setWhole] = useState(false);
  const s = children ?? "";
  const cut = !whole && s.length > max;
  return (
    <bdi class={name}>
      {visible(cut ? s.slice(0, max) : s, lines)}
      {cut && (
        <>
          …{" "}
          <button type="button" class="quiet" onClick={() => setWhole(true)}>
            {t("say.more", { n: num(s.length - max) })}
          </button>
        </>
      )}
    </bdi>
  );
}

/* For attributes and plain strings, where no element can stand. */
export function plain(s: string): string {
  return s.replace(odd, (c) => `⟨${names[c] ?? `U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()}`}⟩`);
}
