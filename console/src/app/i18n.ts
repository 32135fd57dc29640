/* The two languages of the console's own texts, and the formats of numbers and times. Texts of findings come from the
 * API in both languages. */
import { signal } from "@preact/signals";
import { en } from "../text/gen/en";
import { ja } from "../text/gen/ja";
import type { TextKey } from "../text/gen/keys";
import type { Lang, Text } from "./types";

export type { TextKey };
const dictionaries: Record<Lang, Record<TextKey, string>> = { en, ja };

export const lang = signal<Lang>(document.documentElement.lang === "ja" ? "ja" : "en");

export function setLang(l: Lang): void {
  lang.value = l;
  document.documentElement.lang = l;
  remember("hinomi.lang", l);
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* storage may be forbidden; the choice then lasts until the page is closed */
  }
}
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export type Params = Record<string, string | number>;

/* {name} is replaced; {name|one|many} chooses by the number in English. */
export function t(key: TextKey, params?: Params): string {
  return fill(dictionaries[lang.value][key], params);
}

function fill(template: string, params?: Params): string {
  if (!params) return template;
  return template.replace(/\{([a-z_]+)(?:\|([^|}]*)\|([^}]*))?\}/g, (all, name: string, one?: string, many?: string) => {
    const v = params[name];
    if (v === undefined) return all;
    if (one !== undefined) return Number(v) === 1 ? one : (many ?? "");
    return typeof v === "number" ? num(v) : v;
  });
}

/* A key that is made from data ("state." + x): the text if there is one, else the data itself. */
export function tx(key: string, otherwise: string): string {
  const d = dictionaries[lang.value] as Record<string, string>;
  return Object.hasOwn(d, key) ? (d[key] ?? otherwise) : otherwise;
}

export function pick(text: Text | string | null | undefined): string {
  if (text === null || text === undefined) return "";
  if (typeof text === "string") return text;
  return text[lang.value] || text.en || text.ja || "";
}

const numberFormats: Record<Lang, Intl.NumberFormat> = {
  en: new Intl.NumberFormat("en-GB", { useGrouping: true }),
  ja: new Intl.NumberFormat("ja-JP", { useGrouping: true }),
};
export function num(n: number): string {
  return numberFormats[lang.value].format(n);
}
export function dec(n: number, digits = 1): string {
  return n.toFixed(digits);
}
/* With a sign, a real minus, and never "-0.0". */
export function signed(n: number, digits = 1): string {
  const s = Math.abs(n).toFixed(digits);
  if (Number(s) === 0) return digits ? `±${s}` : "±0";
  return (n < 0 ? "−" : "+") + s;
}

const two = (n: number) => String(n).padStart(2, "0");

export function zone(at: Date = new Date()): string {
  if (new Intl.DateTimeFormat().resolvedOptions().timeZone === "Asia/Tokyo") return "JST";
  const name = new Intl.DateTimeFormat("en", { timeZoneName: "short" })
    .formatToParts(at)
    .find((p) => p.type === "timeZoneName")?.value;
  return name === undefined || /^GMT[+-]/.test(name) ? offset(at) : name;
}
function offset(at: Date): string {
  const m = -at.getTimezoneOffset();
  if (m === 0) return "UTC";
  return `UTC${m < 0 ? "−" : "+"}${two(Math.floor(Math.abs(m) / 60))}:${two(Math.abs(m) % 60)}`;
}

export function day(time: string | Date | null | undefined): string {
  const d = date(time);
  return d ? `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}` : "";
}
export function clock(time: string | Date | null | undefined): string {
  const d = date(time);
  return d ? `${two(d.getHours())}:${two(d.getMinutes())}` : "";
}
/* 2026-11-22 14:05, local */
export function when(time: string | Date | null | undefined): string {
  const d = date(time);
  return d ? `${day(d)} ${clock(d)}` : "";
}
export function whenZone(time: string | Date | null | undefined): string {
  const d = date(time);
  return d ? `${when(d)} ${zone(d)}` : "";
}
export function date(time: string | Date | null | undefined): Date | null {
  if (!time) return null;
  const d = typeof time === "string" ? new Date(time) : time;
  return Number.isNaN(d.getTime()) ? null : d;
}

/* Whole local days from today to that time: 0 today, 1 tomorrow, -1 yesterday. */
export function daysUntil(time: string, now = new Date()): number {
  const d = date(time);
  if (!d) return 0;
  const a = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  const b = Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  return Math.round((b - a) / 86400000);
}

/* "3 minutes ago", "2 days ago" */
export function ago(time: string | null | undefined, now = Date.now()): string {
  const d = date(time);
  if (!d) return t("time.never");
  const s = Math.round((now - d.getTime()) / 1000);
  if (s < 0) return when(d);
  if (s < 60) return t("time.just-now");
  if (s < 3600) return t("time.minutes-ago", { n: Math.floor(s / 60) });
  if (s < 86400) return t("time.hours-ago", { n: Math.floor(s / 3600) });
  return t("time.days-ago", { n: Math.floor(s / 86400) });
}

export function dueWords(due: string): string {
  const n = daysUntil(due);
  const passed = new Date(due).getTime() < Date.now();
  if (passed) return n === 0 ? t("due.passed-today") : t("due.overdue", { n: -n });
  if (n === 0) return t("due.today");
  if (n === 1) return t("due.tomorrow");
  return t("due.days", { n });
}

/* "Japan (JP)" in the language of the page; empty where it is not known. */
export function country(code: string | null): string {
  if (!code) return "";
  try {
    const name = new Intl.DisplayNames([lang.value], { type: "region" }).of(code);
    return name && name !== code ? `${name} (${code})` : code;
  } catch {
    return code; /* no code of a region: as it was given */
  }
}

export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  let v = n;
  while (v >= 1024 && i < units.length - 1) {
    v /= 1024;
    i++;
  }
  return `${i === 0 ? v : v.toFixed(1)} ${units[i]}`;
}
