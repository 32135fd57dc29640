/* Sign-in by name and password, or by the one-time token that `hinomi serve` prints; a token leads to the creation of
 * the first account. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { message, post, session, signIn, signOut } from "../app/api";
import { lang, setLang, t } from "../app/i18n";
import { go } from "../app/router";
import type { OrgRef } from "../app/types";
import { Brand } from "../ui/icon";
import { Labelled } from "../ui/parts";
import { Say } from "../ui/say";

/* The token may come in the address that was printed; it is taken out of the address at once. */
function tokenFromAddress(): string {
  const hash = new URLSearchParams(window.location.hash.slice(1)).get("token");
  const query = new URLSearchParams(window.location.search).get("token");
  const token = hash ?? query ?? "";
  if (token) {
    history.replaceState(history.state, "", window.location.pathname);
    go(window.location.pathname, true);
  }
  return token;
}

export function SignInView(): JSX.Element {
  const [token] = useState(tokenFromAddress);
  const [mode, setMode] = useState<"password" | "token">(token ? "token" : "password");
  return (
    <div class="alone">
      <main class="sign">
        <div class="sign-head">
          <Brand />
          <span class="sign-name">Hinomi</span>
          <div class="switch" role="group" aria-label={t("settings.language")}>
            <button type="button" lang="ja" aria-pressed={lang.value === "ja"} onClick={() => setLang("ja")}>
              日本語
            </button>
            <button type="button" lang="en" aria-pressed={lang.value === "en"} onClick={() => setLang("en")}>
              English
            </button>
          </div>
        </div>
        {session.value ? <FirstAccount /> : mode === "token" ? <TokenForm token={token} /> : <PasswordForm />}
        {!session.value && (
          <button type="button" class="quiet" onClick={() => setMode(mode === "token" ? "password" : "token")}>
            {mode === "token" ? t("sign.use-password") : t("sign.use-token")}
          </button>
        )}
      </main>
    </div>
  );
}

function useForm(work: () => Promise<unknown>): { busy: boolean; error: string; submit: (e: Event) => void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  return {
    busy,
    error,
    submit: (e) => {
      e.preventDefault();
      setBusy(true);
      setError("");
      work().then(
        () => undefined,
        (x: unknown) => {
          setBusy(false);
          setError(message(x));
        },
      );
    },
  };
}

function Wrong({ text }: { text: string }): JSX.Element | null {
  return text ? (
    <p class="wrong" role="alert">
      <Say>{text}</Say>
    </p>
  ) : null;
}

function PasswordForm(): JSX.Element {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const form = useForm(() => signIn({ user, password }));
  return (
    <form onSubmit={form.submit}>
      <h1>{t("sign.title")}</h1>
      <Labelled label={t("sign.user")}>
        {(id) => <input id={id} name="username" autocomplete="username" autocapitalize="none" required autofocus value={user} onInput={(e) => setUser(e.currentTarget.value)} />}
      </Labelled>
      <Labelled label={t("sign.password")}>
        {(id) => <input id={id} type="password" autocomplete="current-password" required value={password} onInput={(e) => setPassword(e.currentTarget.value)} />}
      </Labelled>
      <Wrong text={form.error} />
      <button type="submit" class="primary" disabled={form.busy}>
        {t("sign.in")}
      </button>
    </form>
  );
}

function TokenForm({ token: given }: { token: string }): JSX.Element {
  const [token, setToken] = useState(given);
  const form = useForm(() => signIn({ token: token.trim() }));
  useEffect(() => {
    if (given) form.submit(new Event("submit"));
  }, []);
  return (
    <form onSubmit={form.submit}>
      <h1>{t("sign.token-title")}</h1>
      <Labelled label={t("sign.token")} hint={t("sign.token-hint")}>
        {(id) => <input id={id} autocomplete="off" spellcheck={false} required autofocus value={token} onInput={(e) => setToken(e.currentTarget.value)} />}
      </Labelled>
      <Wrong text={form.error} />
      <button type="submit" class="primary" disabled={form.busy}>
        {t("sign.in")}
      </button>
    </form>
  );
}

function FirstAccount(): JSX.Element {
  const [user, setUser] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const form = useForm(async () => {
    const grants = (session.value?.account.grants ?? []).map((g) => ({ org: orgId(g.org), role: g.role }));
    await post("accounts", { user, name: name.trim() || user, password, lang: lang.value, grants });
    await signOut().catch(() => undefined);
    await signIn({ user, password });
    go("/");
  });
  return (
    <form onSubmit={form.submit}>
      <h1>{t("sign.first-title")}</h1>
      <p class="dim">{t("sign.first-lead")}</p>
      <Labelled label={t("sign.user")} hint={t("sign.user-hint")}>
        {(id) => (
          <input id={id} name="username" autocomplete="username" autocapitalize="none" pattern="[a-z_][a-z0-9_.\-]*" maxLength={64} required autofocus value={user} onInput={(e) => setUser(e.currentTarget.value)} />
        )}
      </Labelled>
      <Labelled label={t("sign.name")}>
        {(id) => <input id={id} autocomplete="name" maxLength={100} value={name} onInput={(e) => setName(e.currentTarget.value)} />}
      </Labelled>
      <Labelled label={t("sign.password")} hint={t("sign.password-hint")}>
        {(id) => (
          <input id={id} type="password" autocomplete="new-password" minLength={10} required value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
        )}
      </Labelled>
      <Wrong text={form.error} />
      <button type="submit" class="primary" disabled={form.busy}>
        {t("sign.create")}
      </button>
    </form>
  );
}

export function orgId(o: string | OrgRef): string {
  return typeof o === "string" ? o : o.id;
}
