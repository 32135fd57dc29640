/* Search: findings and assets as one types; Enter goes to the list. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../app/api";
import { num, pick, t } from "../app/i18n";
import { org } from "../app/org";
import { go, path, segments } from "../app/router";
import type { AssetRow, FindingRow, Page } from "../app/types";
import { Icon } from "./icon";
import { Score, SeverityMark } from "./marks";
import { Say } from "./say";

interface Found {
  q: string;
  findings: Page<FindingRow>;
  assets: Page<AssetRow>;
}

export function SearchBox(): JSX.Element {
  const [q, setQ] = useState("");
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<Found | null>(null);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const word = q.trim();
    setAt(-1);
    if (word.length < 2) {
      setFound(null);
      return;
    }
    let live = true;
    const timer = window.setTimeout(() => {
      const filter = { q: word, limit: 5, org: org.value };
      Promise.all([get<Page<FindingRow>>("findings", filter), get<Page<AssetRow>>("assets", filter)]).then(
        ([findings, assets]) => live && setFound({ q: word, findings, assets }),
        () => live && setFound(null),
      );
    }, 180);
    return () => {
      live = false;
      window.clearTimeout(timer);
    };
  }, [q]);

  const list = `/${segments.value[0] === "assets" ? "assets" : "findings"}?q=${encodeURIComponent(q.trim())}`;
  const options: { to: string; body: JSX.Element }[] = found
    ? [
        ...found.findings.items.map((f) => ({
          to: path("findings", f.id),
          body: (
            <>
              <SeverityMark value={f.severity} word={false} />
              <span class="grow">
                <Say max={120}>{pick(f.title)}</Say>
              </span>
              <span class="dim">
                <Say max={40}>{f.asset.name}</Say>
              </span>
              <Score value={f.score} />
            </>
          ),
        })),
        ...found.assets.items.map((a) => ({
          to: path("assets", a.id),
          body: (
            <>
              <Icon name="assets" size={14} />
              <span class="grow">
                <Say max={120}>{a.name}</Say>
              </span>
              <Score value={a.score} />
            </>
          ),
        })),
      ]
    : [];
  const leave = (to: string) => {
    setOpen(false);
    setQ("");
    input.current?.blur();
    go(to);
  };
  const shown = open && q.trim().length >= 2;

  return (
    <form
      class="search"
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        const o = options[at];
        if (o) leave(o.to);
        else if (q.trim()) leave(list);
      }}
      onFocusOut={(e) => {
        if (!(e.relatedTarget instanceof Node && e.currentTarget.contains(e.relatedTarget))) setOpen(false);
      }}
    >
      <Icon name="search" size={15} />
      <input
        ref={input}
        id="search"
        type="search"
        value={q}
        placeholder={t("search.placeholder")}
        aria-label={t("search.placeholder")}
        autocomplete="off"
        spellcheck={false}
        role="combobox"
        aria-expanded={shown}
        aria-controls="search-list"
        aria-activedescendant={shown && at >= 0 ? `search-${at}` : undefined}
        onInput={(e) => {
          setQ(e.currentTarget.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onKeyDown={(e) => {
          if (e.key === "ArrowDown") setAt(Math.min(options.length - 1, at + 1));
          else if (e.key === "ArrowUp") setAt(Math.max(-1, at - 1));
          else if (e.key === "Escape") {
            setQ("");
            setOpen(false);
            input.current?.blur();
          } else return;
          e.preventDefault();
        }}
      />
      <kbd>/</kbd>
      <div class="search-list" id="search-list" role="listbox" aria-label={t("search.results")} hidden={!shown}>
        {options.map((o, i) => (
          <a
            key={o.to}
            id={`search-${i}`}
            role="option"
            aria-selected={i === at}
            tabIndex={-1}
            href={o.to}
            onClick={(e) => {
              e.preventDefault();
              leave(o.to);
            }}
          >
            {o.body}
          </a>
        ))}
        {found && options.length === 0 && (
          <div class="search-none" role="option" aria-selected={false} aria-disabled="true">
            {t("search.none", { q: found.q })}
          </div>
        )}
        {found && (found.findings.total ?? 0) > 5 && (
          <a
            role="option"
            aria-selected={false}
            class="search-all"
            tabIndex={-1}
            href={list}
            onClick={(e) => {
              e.preventDefault();
              leave(list);
            }}
          >
            {t("search.all", { n: num(found.findings.total ?? 0) })}
          </a>
        )}
      </div>
    </form>
  );
}
