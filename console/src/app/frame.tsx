/* The frame around every view: sections, search, language, theme, who is signed in, banners. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { session, signOut } from "./api";
import { connected } from "./events";
import { lang, pick, setLang, t, type TextKey } from "./i18n";
import { bound, helpOpen, useKeys } from "./keys";
import { org, withOrg } from "./org";
import { useQuery } from "./query";
import { go, location, path, segments } from "./router";
import { dark, setTheme } from "./theme";
import type { Org, Status } from "./types";
import { Brand, Icon, type IconName } from "../ui/icon";
import { Patterns } from "../ui/marks";
import { Dialog, MenuButton, Toasts, useDo } from "../ui/parts";
import { Say } from "../ui/say";
import { SearchBox } from "../ui/search";

const sections: { name: IconName; to: string; text: TextKey; key: string; small: boolean }[] = [
  { name: "now", to: "/", text: "nav.now", key: "n", small: true },
  { name: "findings", to: "/findings", text: "nav.findings", key: "f", small: true },
  { name: "assets", to: "/assets", text: "nav.assets", key: "a", small: true },
  { name: "organisations", to: "/organisations", text: "nav.organisations", key: "o", small: false },
  { name: "actions", to: "/actions", text: "nav.actions", key: "c", small: true },
  { name: "network", to: "/network", text: "nav.network", key: "t", small: false },
  { name: "software", to: "/software", text: "nav.software", key: "w", small: false },
  { name: "sources", to: "/sources", text: "nav.sources", key: "s", small: false },
  { name: "settings", to: "/settings", text: "nav.settings", key: "e", small: false },
];

export function Frame({ children }: { children: ComponentChildren }): JSX.Element {
  const here = `/${segments.value[0] ?? ""}`;
  useKeys(
    [
      ...sections.map((s) => ({ keys: `g ${s.key}`, text: s.text, run: () => go(withOrg(s.to)) })),
      { keys: "/", text: "keys.search" as const, run: () => document.querySelector<HTMLInputElement>("#search")?.focus() },
      { keys: "?", text: "keys.help" as const, run: () => (helpOpen.value = !helpOpen.value) },
    ],
    [],
  );
  return (
    <>
      <Patterns />
      <a class="skip" href="#main">
        {t("nav.skip")}
      </a>
      <header class="top">
        <a class="brand" href="/" aria-label="Hinomi">
          <Brand />
          <span>Hinomi</span>
        </a>
        <OrgPath />
        <SearchBox />
        <div class="top-right">
          <LangSwitch />
          <ThemeSwitch />
          <UserMenu />
        </div>
      </header>
      <nav class="side" aria-label={t("nav.label")}>
        {sections.map((s) => (
          <a key={s.to} href={withOrg(s.to)} class={s.small ? undefined : "not-small"} aria-current={here === s.to ? "page" : undefined}>
            <Icon name={s.name} />
            <span>{t(s.text)}</span>
          </a>
        ))}
        <details class="more-nav" key={location.value.path}>
          <summary>
            <Icon name="more" />
            <span>{t("nav.more")}</span>
          </summary>
          <div class="menu-list">
            {sections
              .filter((s) => !s.small)
              .map((s) => (
                <a key={s.to} href={withOrg(s.to)}>
                  <Icon name={s.name} />
                  <span>{t(s.text)}</span>
                </a>
              ))}
          </div>
        </details>
      </nav>
      <main id="main" tabIndex={-1}>
        <Banners />
        {children}
      </main>
      <Toasts />
      {helpOpen.value && <Help />}
    </>
  );
}

function OrgPath(): JSX.Element | null {
  const { data } = useQuery<Org>(org.value ? `organisations/${encodeURIComponent(org.value)}` : null);
  if (!org.value || !data) return <span class="org-path" />;
  const steps = data.path ?? [];
  return (
    <nav class="org-path" aria-label={t("nav.org")}>
      {steps.slice(-3).map((p, i, a) => (
        <span key={p.id}>
          {i > 0 && <Icon name="right" size={11} />}
          <a href={path("organisations", p.id)} aria-current={i === a.length - 1 ? "true" : undefined}>
            <Say max={40}>{pick(p.name)}</Say>
          </a>
        </span>
      ))}
      <a class="bare" href={location.value.path} aria-label={t("nav.org-clear")}>
        <Icon name="close" size={12} />
      </a>
    </nav>
  );
}

function LangSwitch(): JSX.Element {
  return (
    <div class="switch" role="group" aria-label={t("settings.language")}>
      <button type="button" lang="ja" aria-pressed={lang.value === "ja"} onClick={() => setLang("ja")} title="日本語">
        ja
      </button>
      <button type="button" lang="en" aria-pressed={lang.value === "en"} onClick={() => setLang("en")} title="English">
        en
      </button>
    </div>
  );
}

function ThemeSwitch(): JSX.Element {
  const isDark = dark();
  const text = isDark ? t("theme.to-light") : t("theme.to-dark");
  return (
    <button type="button" class="bare" aria-label={text} title={text} onClick={() => setTheme(isDark ? "light" : "dark")}>
      <Icon name={isDark ? "sun" : "moon"} />
    </button>
  );
}

function UserMenu(): JSX.Element | null {
  const [busy, run] = useDo();
  const me = session.value?.account;
  if (!me) return null;
  return (
    <MenuButton label={me.name || me.user} icon="user">
      <a href="/settings">{t("nav.settings")}</a>
      <button type="button" onClick={() => (helpOpen.value = true)}>
        {t("keys.title")} <kbd>?</kbd>
      </button>
      <button type="button" disabled={busy} onClick={() => void run(signOut)}>
        {t("sign.out")}
      </button>
    </MenuButton>
  );
}

function Banners(): JSX.Element {
  const { data } = useQuery<Status>("status", ["status", "run"]);
  const running = data?.watch?.running;
  return (
    <>
      {!connected.value && (
        <div class="banner banner-warn" role="status">
          {t("banner.offline")}
        </div>
      )}
      {(data?.banner ?? []).map((b, i) => (
        <div key={i} class={`banner banner-${b.level === "error" || b.level === "warn" || b.level === "warning" ? "warn" : "info"}`} role="status">
          <Say>{pick(b.text)}</Say>
        </div>
      ))}
      {running && (
        <div class="banner banner-run" role="status">
          <span class="pulse" aria-hidden="true" />
          {t("banner.running")}
          {running.module && (
            <span class="dim">
              {" "}
              <Say>{running.module}</Say>
            </span>
          )}
          {typeof running.percent === "number" && (
            <progress max={100} value={running.percent} aria-label={t("banner.running")} />
          )}
        </div>
      )}
    </>
  );
}

function Help(): JSX.Element {
  useEffect(() => () => void (helpOpen.value = false), []);
  const seen = new Set<string>();
  const list = bound().filter((b) => !seen.has(b.keys) && seen.add(b.keys));
  return (
    <Dialog title={t("keys.title")} close={() => (helpOpen.value = false)}>
      <dl class="keys">
        {[...list, { keys: "Enter", text: "keys.open" as const }, { keys: "Esc", text: "keys.close" as const }].map((b) => (
          <div key={b.keys}>
            <dt>
              {b.keys.split(" ").map((k) => (
                <kbd key={k}>{k}</kbd>
              ))}
            </dt>
            <dd>{t(b.text)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
