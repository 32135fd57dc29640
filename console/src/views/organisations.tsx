/* The tree of organisations: what each subtree looks like together, who has been looked at, what nobody watches. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may, post } from "../app/api";
import { num, pick, signed, t, tx } from "../app/i18n";
import { useQuery } from "../app/query";
import { params, path } from "../app/router";
import type { Org, OrgRow } from "../app/types";
import { Score, Share, When } from "../ui/marks";
import { Dialog, Empty, Failure, Labelled, Section, Skeleton, useDo } from "../ui/parts";
import { FindingList } from "../ui/findinglist";
import { LocalTable } from "../ui/local";
import { Say } from "../ui/say";
import { Count, DataTable, sortRows, type Column } from "../ui/table";
import { Trend } from "../ui/trend";

type Rows = OrgRow[] | { items: OrgRow[] };
/* Without coverage there is no score. */
const scoreOf = (o: OrgRow) => (o.coverage && o.coverage.seen_7d === 0 ? null : (o.score ?? null));
const rowsOf = (d: Rows | undefined): OrgRow[] => (Array.isArray(d) ? d : (d?.items ?? []));

function columns(top: number): Column<OrgRow>[] {
  return [
    {
      key: "name", label: t("col.name"), width: 290, sort: "name", narrow: "title", value: (o) => pick(o.name),
      cell: (o) => (
        <span class={`org-name depth-${Math.min(6, Math.max(0, (o.depth ?? 0) - top))}`}>
          <a href={path("organisations", o.id)}>
            <Say max={80}>{pick(o.name)}</Say>
          </a>
          {o.children > 0 && <span class="dim small">{t("org.children", { n: o.children })}</span>}
        </span>
      ),
    },
    { key: "score", label: t("col.score"), width: 96, numeric: true, sort: "score", falling: true, value: scoreOf, cell: (o) => <Score value={scoreOf(o)} /> },
    {
      key: "trend", label: t("col.trend-7"), width: 84, numeric: true, sort: "trend", falling: true, value: (o) => o.trend_7d ?? null,
      cell: (o) => (typeof o.trend_7d === "number" ? <span class={o.trend_7d > 0 ? "late" : o.trend_7d < 0 ? "good" : "dim"}>{signed(o.trend_7d)}</span> : <span class="dim">—</span>),
    },
    {
      key: "worst", label: t("col.worst-asset"), width: 180, narrow: "hide", value: (o) => (scoreOf(o) === null ? null : (o.worst_asset?.score ?? null)), sort: "worst", falling: true,
      cell: (o) => (o.worst_asset ? <span><a class="plain-link" href={path("assets", o.worst_asset.id)}><Say max={40}>{o.worst_asset.name}</Say></a> <Score value={o.worst_asset.score} stale={scoreOf(o) === null} /></span> : <span class="dim">—</span>),
    },
    { key: "open", label: t("col.open"), width: 72, numeric: true, sort: "open", falling: true, value: (o) => o.open, cell: (o) => <Count n={o.open} /> },
    { key: "overdue", label: t("col.overdue"), width: 92, numeric: true, sort: "overdue", falling: true, value: (o) => o.overdue, cell: (o) => (o.overdue > 0 ? <strong class="late">{num(o.overdue)}</strong> : <Count n={0} />) },
    {
      key: "coverage", label: t("col.coverage"), width: 150, sort: "coverage", value: (o) => (o.coverage && o.coverage.assets ? o.coverage.seen_7d / o.coverage.assets : null),
      cell: (o) => (o.coverage ? <Share part={o.coverage.seen_7d} whole={o.coverage.assets} label={t("now.coverage-label", { n: o.coverage.seen_7d, total: o.coverage.assets })} /> : <span class="hatched">?</span>),
    },
    { key: "assets", label: t("nav.assets"), width: 80, numeric: true, sort: "assets", falling: true, value: (o) => o.assets, cell: (o) => <Count n={o.assets} /> },
  ];
}

export function OrganisationsView(): JSX.Element {
  const { data, error, reload } = useQuery<Rows>("organisations", ["org", "run"]);
  const [add, setAdd] = useState<string | null>(null);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  const rows = rowsOf(data);
  const top = Math.min(...rows.map((r) => r.depth ?? 0));
  const cols = columns(Number.isFinite(top) ? top : 0);
  return (
    <>
      <header class="page-head">
        <h1>{t("nav.organisations")}</h1>
        {may("admin") && rows[0] && (
          <button type="button" onClick={() => setAdd(rows[0]?.id ?? null)}>
            {t("org.add")}
          </button>
        )}
      </header>
      <p class="dim lead-note">{t("org.lead")}</p>
      {!data ? (
        <Skeleton lines={8} />
      ) : rows.length === 0 ? (
        <Empty title={t("org.none")} />
      ) : (
        <LocalTable id="organisations" label={t("nav.organisations")} columns={cols} rows={rows} rowId={(o) => o.id} href={(o) => path("organisations", o.id)} />
      )}
      {add !== null && <AddDialog parents={rows} parent={add} close={() => setAdd(null)} done={reload} />}
    </>
  );
}

export function OrganisationView({ id }: { id: string }): JSX.Element {
  const { data: o, error, reload } = useQuery<Org>(`organisations/${encodeURIComponent(id)}`, ["org", "run", "finding"]);
  const below = useQuery<Rows>(`organisations?root=${encodeURIComponent(id)}`, ["org", "run"]);
  const [add, setAdd] = useState(false);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!o) return <Skeleton lines={9} tall />;
  const all = rowsOf(below.data);
  const children = all.filter((r) => r.parent === id);
  const cols = columns((o.depth ?? 0) + 1);
  const sort = params.value.get("sort") ?? "-score";
  const up = (o.path ?? []).filter((p) => p.id !== id);
  const q = `?org=${encodeURIComponent(id)}`;
  return (
    <>
      <p class="crumbs">
        <a href="/organisations">{t("nav.organisations")}</a>
        {up.map((p) => (
          <span key={p.id}>
            <span>/</span>{" "}
            <a href={path("organisations", p.id)}>
              <Say max={60}>{pick(p.name)}</Say>
            </a>
          </span>
        ))}
      </p>
      <header class="finding-head">
        <div>
          <h1>
            <Say max={120}>{pick(o.name)}</Say>
          </h1>
          <p class="dim">
            {o.kind && <>{tx(`org-kind.${o.kind}`, o.kind)} · </>}
            <a href={`/${q}`}>{t("nav.now")}</a> · <a href={`/findings${q}`}>{t("nav.findings")}</a> · <a href={`/assets${q}`}>{t("nav.assets")}</a> ·{" "}
            <a href={`/actions${q}`}>{t("nav.actions")}</a>
          </p>
        </div>
        <div class="head-score">
          <span class="dim">{t("score.word")}</span>
          <Score value={scoreOf(o)} big />
        </div>
      </header>
      <dl class="strip">
        <div>
          <dt>{t("col.open")}</dt>
          <dd>
            <a href={`/findings${q}`}>{num(o.open)}</a>
          </dd>
        </div>
        <div>
          <dt>{t("due.overdue-word")}</dt>
          <dd class={o.overdue > 0 ? "late" : undefined}>
            <a href={`/findings${q}&due=overdue`}>{num(o.overdue)}</a>
          </dd>
        </div>
        <div>
          <dt>{t("now.coverage")}</dt>
          <dd>{o.coverage ? <Share part={o.coverage.seen_7d} whole={o.coverage.assets} label={t("now.coverage-label", { n: o.coverage.seen_7d, total: o.coverage.assets })} /> : <span class="hatched">?</span>}</dd>
        </div>
        {o.worst_asset && (
          <div>
            <dt>{t("now.worst")}</dt>
            <dd>
              <a href={path("assets", o.worst_asset.id)}>
                <Say max={40}>{o.worst_asset.name}</Say>
              </a>{" "}
              <Score value={o.worst_asset.score} />
            </dd>
          </div>
        )}
      </dl>
      {(children.length > 0 || may("admin")) && (
        <Section
          title={t("org.below")}
          aside={
            may("admin") && (
              <button type="button" class="quiet" onClick={() => setAdd(true)}>
                {t("org.add")}
              </button>
            )
          }
        >
          {children.length > 0 ? (
            <DataTable id="orgs" label={t("org.below")} columns={cols} rows={sortRows(children, cols, sort, "-score")} rowId={(r) => r.id} href={(r) => path("organisations", r.id)} sort={sort} />
          ) : (
            <p class="dim">{t("org.leaf")}</p>
          )}
        </Section>
      )}
      <div class="two">
        <Section title={t("org.worst")}>
          <FindingList rows={o.worst ?? []} />
        </Section>
        <Section title={t("org.watch")}>
          <Watch o={o} />
        </Section>
      </div>
      {(o.trend?.length ?? 0) > 0 && (
        <Section title={t("now.trend")}>
          <Trend title={t("score.word")} unit={t("trend.score-unit")} times={(o.trend ?? []).map((p) => p.at)} max={100} series={[{ name: t("score.word"), tone: "accent", values: (o.trend ?? []).map((p) => p.score) }]} />
        </Section>
      )}
      {add && <AddDialog parents={[o, ...all.filter((r) => r.id !== id)]} parent={id} close={() => setAdd(false)} done={() => (reload(), below.reload())} />}
    </>
  );
}

function Watch({ o }: { o: Org }): JSX.Element {
  const seen = o.sources ?? [];
  const not = o.unwatched ?? [];
  if (seen.length === 0 && not.length === 0) return <p class="dim">{t("asset.no-coverage")}</p>;
  const names = [...new Set([...seen.map((s) => s.module), ...not.map((s) => s.module)])].sort();
  return (
    <table class="plain-table">
      <thead>
        <tr>
          <th scope="col">{t("col.source")}</th>
          <th scope="col">{t("org.watched")}</th>
          <th scope="col">{t("sources.oldest")}</th>
        </tr>
      </thead>
      <tbody>
        {names.map((m) => {
          const s = seen.find((x) => x.module === m);
          const n = s?.assets_seen ?? 0;
          const whole = Math.max(o.assets, n + (not.find((x) => x.module === m)?.assets ?? 0));
          return (
            <tr key={m}>
              <th scope="row">
                <a href={path("sources", m)}>{tx(`module.${m}`, m)}</a>
              </th>
              <td>
                <Share part={n} whole={whole} label={t("org.watched-label", { n, total: whole })} />
              </td>
              <td>
                <When at={s?.oldest} rel />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function AddDialog({ parents, parent, close, done }: { parents: OrgRow[]; parent: string; close: () => void; done: () => void }): JSX.Element {
  const [under, setUnder] = useState(parent);
  const [ja, setJa] = useState("");
  const [en, setEn] = useState("");
  const [kind, setKind] = useState("organisation");
  const [busy, run] = useDo();
  const kinds = ["organisation", "ministry", "bureau", "operator", "hospital", "municipality", "company", "site"];
  return (
    <Dialog title={t("org.add")} close={close}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const name = { ja: ja.trim() || en.trim(), en: en.trim() || ja.trim() };
          void run(() => post("organisations", { parent: under, name, kind }), t("do.saved")).then((ok) => {
            if (!ok) return;
            done();
            close();
          });
        }}
      >
        <Labelled label={t("org.parent")}>
          {(id) => (
            <select id={id} value={under} onChange={(e) => setUnder(e.currentTarget.value)}>
              {parents.map((p) => (
                <option key={p.id} value={p.id}>
                  {pick(p.name)}
                </option>
              ))}
            </select>
          )}
        </Labelled>
        <Labelled label={t("org.name-ja")}>{(id) => <input id={id} lang="ja" maxLength={200} required={!en.trim()} value={ja} onInput={(e) => setJa(e.currentTarget.value)} />}</Labelled>
        <Labelled label={t("org.name-en")}>{(id) => <input id={id} lang="en" maxLength={200} required={!ja.trim()} value={en} onInput={(e) => setEn(e.currentTarget.value)} />}</Labelled>
        <Labelled label={t("org.kind")}>
          {(id) => (
            <select id={id} value={kind} onChange={(e) => setKind(e.currentTarget.value)}>
              {kinds.map((k) => (
                <option key={k} value={k}>
                  {tx(`org-kind.${k}`, k)}
                </option>
              ))}
            </select>
          )}
        </Labelled>
        <div class="buttons">
          <button type="submit" class="primary" disabled={busy}>
            {t("do.save")}
          </button>
          <button type="button" onClick={close}>
            {t("do.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
