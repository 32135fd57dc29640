/* Every view is a URL. Paths are matched by hand; query parameters hold filters and sorting. */
import { computed, signal } from "@preact/signals";

export const location = signal(read());

function read() {
  return { path: window.location.pathname, search: window.location.search };
}

export const params = computed(() => new URLSearchParams(location.value.search));
export const segments = computed(() => location.value.path.split("/").filter(Boolean).map(decode));

function decode(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
}

/* Scroll positions of the entries of the history, so that going back leads to the same place. */
const scrolls = new Map<string, number>();
let entry = String((history.state as { entry?: string } | null)?.entry ?? "0");
history.scrollRestoration = "manual";

window.addEventListener("popstate", (e) => {
  scrolls.set(entry, window.scrollY);
  entry = String((e.state as { entry?: string } | null)?.entry ?? "0");
  location.value = read();
  restoreScroll(scrolls.get(entry) ?? 0, 10);
});

/* The content may still be loading: try again for a moment. */
function restoreScroll(y: number, tries: number): void {
  requestAnimationFrame(() => {
    window.scrollTo(0, y);
    if (tries > 0 && Math.abs(window.scrollY - y) > 2) window.setTimeout(() => restoreScroll(y, tries - 1), 50);
  });
}

export function go(to: string, replace = false): void {
  if (to === window.location.pathname + window.location.search) return;
  if (replace) {
    history.replaceState({ entry }, "", to);
  } else {
    scrolls.set(entry, window.scrollY);
    entry = `${Date.now()}.${Math.random()}`;
    history.pushState({ entry }, "", to);
  }
  const samePath = window.location.pathname === location.value.path;
  location.value = read();
  if (!replace && !samePath) window.scrollTo(0, 0);
}

/* The present URL with some parameters changed; null removes one. */
export function withParams(changes: Record<string, string | null>): string {
  const p = new URLSearchParams(location.value.search);
  for (const [k, v] of Object.entries(changes)) {
    if (v === null || v === "") p.delete(k);
    else p.set(k, v);
  }
  const s = p.toString();
  return location.value.path + (s ? `?${s}` : "");
}
export function setParams(changes: Record<string, string | null>, replace = true): void {
  go(withParams(changes), replace);
}

export function path(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

/* Ordinary clicks on links of our own stay in the page. */
document.addEventListener("click", (e) => {
  if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  const a = (e.target as Element | null)?.closest?.("a");
  if (!a || a.target || a.hasAttribute("download") || a.origin !== window.location.origin) return;
  if (a.pathname.startsWith("/api/")) return;
  e.preventDefault();
  if (a.hash && a.pathname === window.location.pathname && a.search === window.location.search) {
    const target = document.getElementById(a.hash.slice(1));
    target?.scrollIntoView();
    target?.focus();
    return;
  }
  go(a.pathname + a.search);
});
