/* Keys: sequences like "g n" and single letters, never while somebody types. The help page is made from this list. */
import { useLayoutEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import type { TextKey } from "./i18n";

interface Binding {
  keys: string;
  text: TextKey;
  run: (e: KeyboardEvent) => void;
}
const bindings: Binding[] = [];
export const helpOpen = signal(false);
export const bound = () => bindings.map(({ keys, text }) => ({ keys, text }));

let prefix = "";
let prefixTimer = 0;

export function typing(e: KeyboardEvent): boolean {
  const el = e.target as HTMLElement | null;
  return !!el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)) && !(el as HTMLInputElement).matches?.("input[type=checkbox]");
}

window.addEventListener("keydown", (e) => {
  if (e.defaultPrevented || e.metaKey || e.ctrlKey || e.altKey || typing(e)) return;
  if (document.querySelector("dialog[open]") && e.key !== "?") return;
  const pressed = prefix ? `${prefix} ${e.key}` : e.key;
  window.clearTimeout(prefixTimer);
  prefix = "";
  for (let i = bindings.length - 1; i >= 0; i--) {
    const b = bindings[i];
    if (b?.keys !== pressed) continue;
    e.preventDefault();
    b.run(e);
    return;
  }
  if (bindings.some((b) => b.keys.startsWith(`${pressed} `))) {
    e.preventDefault();
    prefix = pressed;
    prefixTimer = window.setTimeout(() => (prefix = ""), 1200);
  }
});

export function useKeys(list: Binding[], deps: readonly unknown[]): void {
  useLayoutEffect(() => {
    bindings.push(...list);
    return () => {
      for (const b of list) {
        const i = bindings.indexOf(b);
        if (i >= 0) bindings.splice(i, 1);
      }
    };
  }, deps as unknown[]);
}
