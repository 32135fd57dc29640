/* Requests to /api/v1 and the session. */
import { signal } from "@preact/signals";
import { pick, recall, setLang, t } from "./i18n";
import type { Role, Session, Text } from "./types";

export const base = "/api/v1/";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly errorName: string,
    readonly text: Text | null,
    readonly detail: string | null,
  ) {
    super(errorName);
  }
}

/* undefined: not asked yet; null: nobody is signed in */
export const session = signal<Session | null | undefined>(undefined);

type Query = Record<string, string | number | boolean | null | undefined>;

export function url(pathname: string, query?: Query): string {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(query ?? {})) if (v !== null && v !== undefined && v !== "") p.set(k, String(v));
  const s = p.toString();
  return base + pathname + (s ? `?${s}` : "");
}

export async function request<T>(method: string, pathname: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && session.value) headers["X-Hinomi-CSRF"] = session.value.csrf;
  let res: Response;
  try {
    res = await fetch(pathname.startsWith("/") ? pathname : base + pathname, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new ApiError(0, "network", null, null);
  }
  return answered<T>(res.status, await res.text());
}

function answered<T>(status: number, text: string): T {
  const ok = status >= 200 && status < 300;
  let answer: unknown = null;
  if (text) {
    try {
      answer = JSON.parse(text);
    } catch {
      if (ok) throw new ApiError(status, "malformed", null, text.slice(0, 200));
    }
  }
  if (!ok) {
    const e = (answer as { error?: { name?: string; message?: Text; detail?: string } } | null)?.error;
    if (status === 401 && session.value) session.value = null;
    throw new ApiError(status, e?.name ?? `http ${status}`, e?.message ?? null, e?.detail ?? null);
  }
  return answer as T;
}

/* A document as the body. Only XMLHttpRequest tells how much of it has gone. */
export function upload<T>(address: string, file: Blob, onPart: (part: number) => void): Promise<T> {
  return new Promise((done, failed) => {
    const x = new XMLHttpRequest();
    x.open("POST", address);
    x.setRequestHeader("Content-Type", "application/octet-stream");
    if (session.value) x.setRequestHeader("X-Hinomi-CSRF", session.value.csrf);
    x.upload.onprogress = (e) => onPart(e.lengthComputable && e.total > 0 ? e.loaded / e.total : 0);
    x.onerror = () => failed(new ApiError(0, "network", null, null));
    x.onload = () => {
      try {
        done(answered<T>(x.status, x.responseText));
      } catch (e) {
        failed(e as Error);
      }
    };
    x.send(file);
  });
}

export const get = <T>(pathname: string, query?: Query) => request<T>("GET", url(pathname, query));
export const post = <T>(pathname: string, body: unknown = {}) => request<T>("POST", pathname, body);
export const patch = <T>(pathname: string, body: unknown) => request<T>("PATCH", pathname, body);
export const del = <T>(pathname: string) => request<T>("DELETE", pathname);

export function message(e: unknown): string {
  if (e instanceof ApiError) {
    if (e.status === 0) return t("error.network");
    const said = pick(e.text);
    if (said) return e.detail && e.status !== 404 ? `${said} (${e.detail})` : said; /* "not found" once is enough */
    if (e.status === 403) return t("error.forbidden");
    if (e.status === 404) return t("error.not-found");
    if (e.status === 429) return t("error.too-many");
    return t("error.server", { what: e.errorName });
  }
  return t("error.program", { what: e instanceof Error ? e.message : String(e) });
}

export async function openSession(): Promise<void> {
  try {
    welcome(await get<Session>("session"));
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) session.value = null;
    else throw e;
  }
}
export async function signIn(body: { user: string; password: string } | { token: string }): Promise<Session> {
  const s = await post<Session>("session", body);
  welcome(s);
  return s;
}
export async function signOut(): Promise<void> {
  await del("session");
  session.value = null;
}
function welcome(s: Session): void {
  session.value = s;
  if (!recall("hinomi.lang") && s.account.lang) setLang(s.account.lang);
}

const ranks: Role[] = ["viewer", "operator", "approver", "admin"];

/* The highest role anywhere; the server decides on each object. Buttons that could never work are not shown. */
export function may(role: Role): boolean {
  const best = Math.max(-1, ...(session.value?.account.grants ?? []).map((g) => ranks.indexOf(g.role)));
  return best >= ranks.indexOf(role);
}
