import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { del, get, may, patch, post, session, url } from "../app/api";
import { bytes, lang, pick, setLang, t, tx } from "../app/i18n";
import { useList } from "../app/list";
import { useQuery } from "../app/query";
import { params } from "../app/router";
import { setTheme, theme, type Theme } from "../app/theme";
import type { Account, AuditRow, Baseline, OrgRow, Page, Role, Session, Status } from "../app/types";
import { When } from "../ui/marks";
import { Dialog, Empty, Facts, Failure, Labelled, Section, Skeleton, Tabs, useDo } from "../ui/parts";
import { LocalTable, WordFilter } from "../ui/local";
import { plain, Say } from "../ui/say";
import { DataTable, type Column } from "../ui/table";
import { who } from "../ui/talk";
import { orgId } from "./signin";

const many = <T,>(d: T[] | { items: T[] } | undefined): T[] => (Array.isArray(d) ? d : (d?.items ?? []));

export function SettingsView({ tab }: { tab: string }): JSX.Element {
  const tabs: [string, string, boolean][] = [
    ["account", t("settings.account"), true],
    ["accounts", t("settings.accounts"), may("admin")],
    ["baseline", t("settings.baseline"), true],
    ["policy", t("settings.policy"), true],
    ["audit", t("settings.audit"), may("approver")],
    ["status", t("settings.status"), true],
  ];
  const body = { account: <AccountTab />, accounts: <AccountsTab />, baseline: <BaselineTab />, policy: <PolicyTab />, audit: <AuditTab />, status: <StatusTab /> }[tab];
  return (
    <>
      <h1>{t("nav.settings")}</h1>
      <Tabs label={t("nav.settings")} items={tabs.filter(([, , on]) => on).map(([id, text]) => ({ href: `/settings/${id}`, text, on: id === tab }))} />
      {body ?? <Empty title={t("not-found.text")} />}
    </>
  );
}

function AccountTab(): JSX.Element {
  const me = session.value?.account;
  const [name, setName] = useState(me?.name ?? "");
  const [busy, run] = useDo();
  if (!me) return <Skeleton />;
  const themes: Theme[] = ["system", "light", "dark"];
  return (
    <div class="narrow-page">
      <Section title={t("settings.look")}>
        <Labelled label={t("settings.language")}>
          {(id) => (
            <select
              id={id}
              value={lang.value}
              onChange={(e) => {
                const l = e.currentTarget.value === "ja" ? "ja" : "en";
                setLang(l);
                void run(() => patch(`accounts/${encodeURIComponent(me.id)}`, { lang: l }));
              }}
            >
              <option value="ja">日本語</option>
              <option value="en">English</option>
            </select>
          )}
        </Labelled>
        <Labelled label={t("settings.theme")}>
          {(id) => (
            <select id={id} value={theme.value} onChange={(e) => setTheme(e.currentTarget.value as Theme)}>
              {themes.map((x) => (
                <option key={x} value={x}>
                  {t(`theme.${x}`)}
                </option>
              ))}
            </select>
          )}
        </Labelled>
      </Section>
      <Section title={t("settings.account")}>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void run(async () => {
              await patch(`accounts/${encodeURIComponent(me.id)}`, { name: name.trim() });
              session.value = await get<Session>("session");
            }, t("do.saved"));
          }}
        >
          <Facts items={[[t("sign.user"), <Say key="u">{me.user}</Say>]]} />
          <Labelled label={t("sign.name")}>{(id) => <input id={id} maxLength={100} autocomplete="name" value={name} onInput={(e) => setName(e.currentTarget.value)} />}</Labelled>
          <div class="buttons">
            <button type="submit" disabled={busy}>
              {t("do.save")}
            </button>
          </div>
        </form>
      </Section>
      <Section title={t("settings.password")}>
        <PasswordForm id={me.id} own done={() => undefined} />
      </Section>
    </div>
  );
}

function PasswordForm({ id: account, own, done }: { id: string; own: boolean; done: () => void }): JSX.Element {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [busy, run] = useDo();
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        const body = own ? { old, new: fresh } : { new: fresh };
        void run(() => post(`accounts/${encodeURIComponent(account)}/password`, body), t("settings.said-password")).then((ok) => {
          if (!ok) return;
          setOld("");
          setFresh("");
          done();
        });
      }}
    >
      {own && <Labelled label={t("settings.password-old")}>{(id) => <input id={id} type="password" required autocomplete="current-password" value={old} onInput={(e) => setOld(e.currentTarget.value)} />}</Labelled>}
      <Labelled label={t("settings.password-new")} hint={t("sign.password-hint")}>
        {(id) => <input id={id} type="password" required minLength={10} autocomplete="new-password" value={fresh} onInput={(e) => setFresh(e.currentTarget.value)} />}
      </Labelled>
      <div class="buttons">
        <button type="submit" disabled={busy}>
          {t("settings.password-set")}
        </button>
      </div>
    </form>
  );
}

const roles: Role[] = ["viewer", "operator", "approver", "admin"];

function useOrgNames(): OrgRow[] {
  return many(useQuery<OrgRow[] | { items: OrgRow[] }>("organisations").data);
}

function AccountsTab(): JSX.Element {
  const { data, error, reload } = useQuery<Page<Account> | Account[]>("accounts");
  const orgs = useOrgNames();
  const [edit, setEdit] = useState<Account | "new" | null>(null);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton />;
  const name = (id: string) => pick(orgs.find((o) => o.id === id)?.name) || id;
  const columns: Column<Account>[] = [
    { key: "user", label: t("sign.user"), width: 180, sort: "user", narrow: "title", value: (a) => a.user, cell: (a) => <button type="button" class="link" onClick={() => setEdit(a)}><Say>{a.user}</Say></button> },
    { key: "name", label: t("sign.name"), width: 200, sort: "name", value: (a) => a.name ?? "", cell: (a) => <Say>{a.name}</Say> },
    {
      key: "grants", label: t("settings.grants"), width: 420, value: (a) => a.grants.map((g) => `${tx(`role-name.${g.role}`, g.role)}: ${name(orgId(g.org))}`).join(", "),
      cell: (a) => a.grants.map((g, i) => <span class="tag" key={i}>{tx(`role-name.${g.role}`, g.role)}: <Say max={40}>{name(orgId(g.org))}</Say></span>),
    },
    { key: "off", label: t("col.status"), width: 110, sort: "off", value: (a) => (a.disabled ? t("settings.disabled") : t("settings.enabled")), cell: (a) => (a.disabled ? <span class="hatched">{t("settings.disabled")}</span> : t("settings.enabled")) },
  ];
  return (
    <>
      <LocalTable id="accounts" label={t("settings.accounts")} columns={columns} rows={many(data)} rowId={(a) => a.id} open={setEdit}>
        <button type="button" onClick={() => setEdit("new")}>
          {t("settings.add-account")}
        </button>
      </LocalTable>
      {edit && <AccountDialog account={edit === "new" ? null : edit} orgs={orgs} close={() => setEdit(null)} done={reload} />}
    </>
  );
}

function AccountDialog({ account: a, orgs, close, done }: { account: Account | null; orgs: OrgRow[]; close: () => void; done: () => void }): JSX.Element {
  const [user, setUser] = useState(a?.user ?? "");
  const [name, setName] = useState(a?.name ?? "");
  const [password, setPassword] = useState("");
  const [off, setOff] = useState(a?.disabled ?? false);
  const [grants, setGrants] = useState<{ org: string; role: Role }[]>(a ? a.grants.map((g) => ({ org: orgId(g.org), role: g.role })) : [{ org: orgs[0]?.id ?? "", role: "viewer" }]);
  const [busy, run] = useDo();
  const change = (i: number, g: Partial<{ org: string; role: Role }>) => setGrants(grants.map((x, k) => (k === i ? { ...x, ...g } : x)));
  return (
    <Dialog title={a ? plain(a.user) : t("settings.add-account")} close={close}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const work = a
            ? () => patch(`accounts/${encodeURIComponent(a.id)}`, { name: name.trim(), disabled: off, grants })
            : () => post("accounts", { user, name: name.trim() || user, password, lang: lang.value, grants });
          void run(work, t("do.saved")).then((ok) => {
            if (!ok) return;
            done();
            close();
          });
        }}
      >
        {!a && <Labelled label={t("sign.user")} hint={t("sign.user-hint")}>{(id) => <input id={id} required maxLength={64} autocomplete="off" value={user} onInput={(e) => setUser(e.currentTarget.value)} />}</Labelled>}
        <Labelled label={t("sign.name")}>{(id) => <input id={id} maxLength={100} autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} />}</Labelled>
        {!a && <Labelled label={t("sign.password")} hint={t("sign.password-hint")}>{(id) => <input id={id} type="password" required minLength={10} autocomplete="new-password" value={password} onInput={(e) => setPassword(e.currentTarget.value)} />}</Labelled>}
        <fieldset>
          <legend>{t("settings.grants")}</legend>
          {grants.map((g, i) => (
            <div class="grant" key={i}>
              <select aria-label={t("settings.role")} value={g.role} onChange={(e) => change(i, { role: e.currentTarget.value as Role })}>
                {roles.map((r) => (
                  <option key={r} value={r}>
                    {tx(`role-name.${r}`, r)}
                  </option>
                ))}
              </select>
              <select aria-label={t("col.org")} value={g.org} onChange={(e) => change(i, { org: e.currentTarget.value })}>
                {orgs.map((o) => (
                  <option key={o.id} value={o.id}>
                    {pick(o.name)}
                  </option>
                ))}
              </select>
              <button type="button" class="bare" aria-label={t("settings.grant-remove")} onClick={() => setGrants(grants.filter((_, k) => k !== i))}>
                ✕
              </button>
            </div>
          ))}
          <button type="button" class="quiet" onClick={() => setGrants([...grants, { org: orgs[0]?.id ?? "", role: "viewer" }])}>
            {t("settings.grant-add")}
          </button>
        </fieldset>
        {a && (
          <label class="check">
            <input type="checkbox" checked={off} onChange={(e) => setOff(e.currentTarget.checked)} /> {t("settings.disable")}
          </label>
        )}
        <div class="buttons">
          <button type="submit" class="primary" disabled={busy}>
            {t("do.save")}
          </button>
          <button type="button" onClick={close}>
            {t("do.cancel")}
          </button>
        </div>
      </form>
      {a && a.id !== session.value?.account.id && (
        <details class="more-form">
          <summary>{t("settings.password")}</summary>
          <PasswordForm id={a.id} own={false} done={close} />
        </details>
      )}
    </Dialog>
  );
}

function BaselineTab(): JSX.Element {
  const { data, error, reload } = useQuery<Page<Baseline> | Baseline[]>("baseline", ["finding"]);
  const [busy, run] = useDo();
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton />;
  const rows = many(data);
  if (rows.length === 0)
    return (
      <Empty title={t("baseline.none")}>
        <p class="dim">{t("baseline.none-note")}</p>
      </Empty>
    );
  const columns: Column<Baseline>[] = [
    {
      key: "what", label: t("col.finding"), width: 330, sort: "what", narrow: "title", value: (b) => pick(b.title) || b.kind || b.finding || "",
      cell: (b) => {
        const text = <Say max={160}>{pick(b.title) || b.kind || b.finding}</Say>;
        return b.finding ? <a href={`/findings/${encodeURIComponent(b.finding)}`}>{text}</a> : text;
      },
    },
    { key: "asset", label: t("col.asset"), width: 130, sort: "asset", value: (b) => (b.asset ? (typeof b.asset === "string" ? b.asset : b.asset.name) : t("baseline.all")), cell: (b) => (b.asset ? <Say max={60}>{typeof b.asset === "string" ? b.asset : b.asset.name}</Say> : <span class="dim">{t("baseline.all")}</span>) },
    { key: "reason", label: t("act.reason"), width: 280, value: (b) => b.reason ?? "", cell: (b) => <Say max={300}>{b.reason}</Say> },
    { key: "owner", label: t("act.owner"), width: 120, sort: "owner", value: (b) => who(b.owner ?? b.by), cell: (b) => <Say max={60}>{who(b.owner ?? b.by)}</Say> },
    { key: "expires", label: t("baseline.expires"), width: 180, sort: "expires", value: (b) => b.expires ?? null, cell: (b) => <When at={b.expires} /> },
    {
      key: "do", label: t("col.action"), width: 100,
      cell: (b) =>
        may("approver") && (
          <button type="button" class="quiet" disabled={busy} onClick={() => void run(() => del(`baseline/${encodeURIComponent(b.id)}`), t("baseline.said-removed")).then(reload)}>
            {t("baseline.remove")}
          </button>
        ),
    },
  ];
  return <LocalTable id="baseline" label={t("settings.baseline")} columns={columns} rows={rows} rowId={(b) => b.id} fallback="expires" />;
}

function PolicyTab(): JSX.Element {
  const { data, error, reload } = useQuery<unknown>("policy");
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (data === undefined) return <Skeleton />;
  return (
    <>
      <p class="dim lead-note">{t("policy.lead")}</p>
      {typeof data === "object" && data !== null ? (
        <>
          <Tree value={Object.fromEntries(Object.entries(data).filter(([, v]) => typeof v !== "object"))} depth={0} />
          {Object.entries(data)
            .filter(([, v]) => typeof v === "object" && v !== null)
            .map(([k, v]) => (
              <Section key={k} title={tx(`policy.${k}`, k)}>
                <Tree value={v} depth={0} />
              </Section>
            ))}
        </>
      ) : (
        <pre>
          <Say lines>{String(data)}</Say>
        </pre>
      )}
    </>
  );
}

/* Any JSON as nested definition lists; a list of objects with the same keys as a table. */
function Tree({ value, depth }: { value: unknown; depth: number }): JSX.Element {
  if (value === null || value === undefined) return <span class="dim">—</span>;
  if (typeof value !== "object") return typeof value === "string" && value.includes("\n") ? <pre tabIndex={0}><Say lines max={20000}>{value}</Say></pre> : <Say lines max={20000}>{String(value)}</Say>;
  if (depth > 6) return <code>…</code>;
  if (isText(value)) return <Say lines>{pick(value)}</Say>;
  if (Array.isArray(value)) {
    const rows = value.filter((v): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v));
    if (rows.length > 0 && rows.length === value.length) {
      const keys = [...new Set(rows.flatMap((r) => Object.keys(r)))].slice(0, 12);
      return (
        <div class="wide-table" tabIndex={0} role="region" aria-label={keys.join(", ")}>
          <table class="plain-table">
            <thead>
              <tr>
                {keys.map((k) => (
                  <th scope="col" key={k}>
                    {tx(`policy.col-${k}`, k)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, 500).map((r, i) => (
                <tr key={i}>
                  {keys.map((k) => (
                    <td key={k} class={typeof r[k] === "number" ? "num" : undefined}>
                      <Tree value={r[k]} depth={depth + 1} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    }
    return <Say max={4000}>{value.map((v) => (typeof v === "object" ? JSON.stringify(v) : String(v))).join(", ")}</Say>;
  }
  const entries = Object.entries(value);
  if (entries.length > 2 && entries.every(([, v]) => typeof v === "object" && v !== null && !Array.isArray(v) && !isText(v)))
    return <Tree value={entries.map(([name, v]) => ({ name, ...(v as object) }))} depth={depth} />;
  return (
    <dl class="fields">
      {entries.map(([k, v]) => (
        <div key={k}>
          <dt>{tx(`policy.${k}`, k)}</dt>
          <dd>
            <Tree value={v} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function isText(v: object): v is { en: string; ja: string } {
  const o = v as Record<string, unknown>;
  return typeof o.en === "string" && typeof o.ja === "string" && Object.keys(o).length === 2;
}

/* What the row is about, as a link where there is a page for it. */
function AuditObject({ r }: { r: AuditRow }): JSX.Element {
  const pages: Record<string, string> = { action: "actions", asset: "assets", org: "organisations", finding: "findings" };
  const page = pages[r.what.split(".")[0] ?? ""];
  const text = <Say max={80}>{r.object}</Say>;
  return page && r.object ? <a href={`/${page}/${encodeURIComponent(r.object)}`}>{text}</a> : text;
}

/* A state is said in words; an object as "name: value" instead of JSON. */
function auditDetail(detail: unknown): string {
  if (detail === null || detail === undefined) return "";
  if (typeof detail === "string" && detail.startsWith("{")) {
    try {
      return auditDetail(JSON.parse(detail));
    } catch {
      return detail; /* not what it looked like */
    }
  }
  if (typeof detail === "object")
    return Object.entries(detail)
      .map(([k, v]) => `${tx(`col.${k}`, tx(`audit-field.${k}`, k))}: ${typeof v === "object" ? JSON.stringify(v) : String(v)}`)
      .join(", ");
  const s = String(detail);
  return tx(`state.${s}`, s);
}

function AuditTab(): JSX.Element {
  const q = params.value.get("q");
  const list = useList<AuditRow>("audit", { q, limit: 100 });
  if (list.error !== undefined) return <Failure error={list.error} again={list.reload} />;
  if (list.loading) return <Skeleton lines={10} />;
  if (list.rows.length === 0 && !q) return <Empty title={t("audit.none")} />;
  const columns: Column<AuditRow>[] = [
    { key: "seq", label: "#", width: 64, numeric: true, cell: (r) => r.seq },
    { key: "at", label: t("trend.time"), width: 190, cell: (r) => <When at={r.at} /> },
    { key: "by", label: t("audit.by"), width: 120, cell: (r) => <Say max={60}>{who(r.by)}</Say> },
    { key: "what", label: t("audit.what"), width: 180, narrow: "title", cell: (r) => <span title={r.what}>{tx(`audit-what.${r.what}`, r.what)}</span> },
    { key: "object", label: t("audit.object"), width: 200, cell: (r) => <AuditObject r={r} /> },
    { key: "detail", label: t("audit.detail"), width: 300, cell: (r) => <Say max={200}>{auditDetail(r.detail)}</Say> },
    { key: "hash", label: t("audit.hash"), width: 120, narrow: "hide", cell: (r) => <code title={r.hash}>{r.hash.slice(0, 12)}</code> },
  ];
  return (
    <>
      <p class="dim lead-note">{t("audit.lead")}</p>
      <div class="filters">
        <WordFilter />
        <a class="button" href={url("audit", { q, format: "csv" })} download="audit.csv">
          {t("do.export-csv")}
        </a>
      </div>
      {list.rows.length === 0 ? (
        <Empty title={t("table.none-filtered")}>
          <a class="button" href="/settings/audit">
            {t("filter.clear")}
          </a>
        </Empty>
      ) : (
        <DataTable id="audit" label={t("settings.audit")} columns={columns} rows={list.rows} rowId={(r) => String(r.seq)} total={list.total} more={list.more} stale={list.stale} />
      )}
    </>
  );
}

function StatusTab(): JSX.Element {
  const { data: s, error, reload } = useQuery<Status>("status", ["status", "run"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!s) return <Skeleton />;
  const note = pick(s.sandbox?.note);
  return (
    <div class="narrow-page">
      <Section title="Hinomi">
        <Facts items={[[t("status-page.version"), s.version], [t("status-page.started"), <When key="s" at={s.started} />]]} />
      </Section>
      <Section title={t("status-page.sandbox")}>
        <Facts
          items={[
            ["Landlock", tx(`sandbox.${s.sandbox?.landlock ?? "unknown"}`, s.sandbox?.landlock ?? t("value.unknown"))],
            ["seccomp", s.sandbox?.seccomp === undefined ? t("value.unknown") : s.sandbox.seccomp ? t("value.on") : t("value.off")],
          ]}
        />
        {note && (
          <p class="dim">
            <Say>{note}</Say>
          </p>
        )}
      </Section>
      <Section title={t("status-page.store")}>
        <Facts
          items={[
            [t("status-page.path"), <Say key="p">{s.store?.path}</Say>],
            [t("status-page.size"), s.store?.bytes === undefined ? t("value.unknown") : bytes(s.store.bytes)],
            [t("status-page.schema"), String(s.store?.schema ?? "")],
            [t("status-page.backup"), <When key="b" at={s.store?.last_backup} />],
          ]}
        />
      </Section>
      <Section title={t("status-page.watch")}>
        <Facts
          items={[
            [t("status-page.watching"), s.watch?.on ? t("sources.watching") : t("sources.not-watching")],
            [t("col.last-run"), <When key="l" at={s.watch?.last_run} />],
            ...(s.watch?.next_run ? ([[t("sources.next"), <When key="n" at={s.watch.next_run} />]] as [string, JSX.Element][]) : []),
          ]}
        />
      </Section>
    </div>
  );
}
