/* Actions: a board by state and deadline, or a list; and one action. Only a diagnosis verifies. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { post, may, url } from "../app/api";
import { day, pick, t, tx } from "../app/i18n";
import { useKeys } from "../app/keys";
import { useList } from "../app/list";
import { useQuery } from "../app/query";
import { go, params, path, setParams, withParams } from "../app/router";
import type { Action, ActionState, Comment, FindingRow } from "../app/types";
import { AssignDialog, ExceptDialog, waysFrom } from "../ui/act";
import { Due, Score, SeverityMark, StateMark, When } from "../ui/marks";
import { Empty, Facts, Failure, LiveBar, MenuButton, Section, Skeleton, useDo } from "../ui/parts";
import { Say } from "../ui/say";
import { DataTable, type Column } from "../ui/table";
import { Discussion, History } from "../ui/talk";
import { WordFilter } from "./findings";

const states: ActionState[] = ["open", "accepted", "in_progress", "claimed", "verified", "excepted"];
const rowOf = (a: Action) => ({ ...a.finding, action: { id: a.id, state: a.state, owner: a.owner ?? null, due: a.due ?? null } });

export function ActionsView(): JSX.Element {
  const p = params.value;
  const board = p.get("view") !== "list";
  const filter = { org: p.get("org"), owner: p.get("owner"), due: p.get("due"), asset: p.get("asset"), q: p.get("q") };
  const state = p.get("state");
  return (
    <>
      <header class="page-head">
        <h1>{t("nav.actions")}</h1>
        <div class="switch" role="group" aria-label={t("actions.view")}>
          <button type="button" aria-pressed={board} onClick={() => setParams({ view: null, state: null, sort: null })}>
            {t("actions.board")}
          </button>
          <button type="button" aria-pressed={!board} onClick={() => setParams({ view: "list" })}>
            {t("actions.list")}
          </button>
        </div>
        <a class="button" href={url("actions", { ...filter, state, format: "csv" })} download="actions.csv">
          {t("do.export-csv")}
        </a>
      </header>
      <div class="filters">
        <WordFilter />
        <label class="choice">
          <span>{t("act.owner")}</span>
          <select value={filter.owner ?? ""} onChange={(e) => setParams({ owner: e.currentTarget.value || null })}>
            <option value="">{t("filter.any")}</option>
            <option value="me">{t("actions.mine")}</option>
          </select>
        </label>
        <label class="choice">
          <span>{t("col.due")}</span>
          <select value={filter.due ?? ""} onChange={(e) => setParams({ due: e.currentTarget.value || null })}>
            <option value="">{t("filter.any")}</option>
            <option value="overdue">{t("due.overdue-word")}</option>
            <option value="week">{t("due.week-word")}</option>
          </select>
        </label>
        {!board && (
          <label class="choice">
            <span>{t("col.state")}</span>
            <select value={state ?? ""} onChange={(e) => setParams({ state: e.currentTarget.value || null })}>
              <option value="">{t("filter.any")}</option>
              {states.map((s) => (
                <option key={s} value={s}>
                  {tx(`state.${s}`, s)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <ToApprove org={filter.org} />
      {board && !state ? <Board filter={filter} /> : <ActionList filter={{ ...filter, state }} />}
    </>
  );
}

/* Changes that somebody asked for: an approver finds them here, not finding by finding. */
function ToApprove({ org }: { org: string | null }): JSX.Element | null {
  const list = useList<FindingRow>("findings", { org, fix: "requested", limit: 1 }, ["finding"]);
  const n = list.total ?? list.rows.length;
  if (!may("approver") || n === 0) return null;
  return (
    <p>
      <a class="button" href={`/findings?fix=requested${org ? `&org=${encodeURIComponent(org)}` : ""}`}>
        {t("actions.to-approve", { n })}
      </a>
    </p>
  );
}

type Filter = Record<string, string | null>;

/* j and k go from card to card, h and l from lane to lane, Enter opens, m asks where to move it. */
function Board({ filter }: { filter: Filter }): JSX.Element {
  const cards = (lane: Element | null | undefined) => [...(lane?.querySelectorAll<HTMLElement>(".card") ?? [])];
  const here = () => document.activeElement?.closest<HTMLElement>(".card") ?? null;
  const step = (by: number) => {
    const all = cards(document.querySelector(".board"));
    const at = here();
    all[at ? Math.max(0, Math.min(all.length - 1, all.indexOf(at) + by)) : 0]?.focus();
  };
  const across = (by: number) => {
    const lanes = [...document.querySelectorAll(".board > .lane")];
    const at = here();
    if (!at) return step(0);
    const row = cards(at.closest(".lane")).indexOf(at);
    for (let i = lanes.indexOf(at.closest(".lane") as Element) + by; i >= 0 && i < lanes.length; i += by) {
      const there = cards(lanes[i]);
      if (there.length === 0) continue;
      there[Math.min(row, there.length - 1)]?.focus();
      return;
    }
  };
  useKeys(
    [
      { keys: "j", text: "keys.next-card", run: () => step(1) },
      { keys: "k", text: "keys.previous-card", run: () => step(-1) },
      { keys: "l", text: "keys.next-lane", run: () => across(1) },
      { keys: "h", text: "keys.previous-lane", run: () => across(-1) },
      {
        keys: "m", text: "keys.move",
        run: () => {
          const menu = here()?.querySelector<HTMLDetailsElement>("details.menu");
          if (!menu) return;
          menu.open = true;
          menu.querySelector("button")?.focus();
        },
      },
    ],
    [],
  );
  return (
    <div class="board" role="group" aria-label={t("actions.board")}>
      {states.map((s) => (
        <Lane key={s} state={s} filter={filter} />
      ))}
    </div>
  );
}

function Lane({ state, filter }: { state: ActionState; filter: Filter }): JSX.Element {
  const done = state === "verified";
  const list = useList<Action>("actions", { ...filter, state, sort: done ? "-updated" : "due", limit: 30 }, ["action"]);
  return (
    <section class={`lane lane-${state}`} aria-label={tx(`state.${state}`, state)}>
      <header>
        <StateMark value={state} />
        <span class="dim">{list.total ?? list.rows.length}</span>
      </header>
      {list.waiting > 0 && (
        <button type="button" class="quiet" onClick={list.show}>
          {t("live.changed", { n: list.waiting })}
        </button>
      )}
      {list.error !== undefined ? (
        <Failure error={list.error} again={list.reload} />
      ) : list.loading ? (
        <Skeleton lines={2} />
      ) : (
        <ul>
          {list.rows.map((a) => (
            <Card key={a.id} a={a} changed={list.reload} />
          ))}
          {list.rows.length === 0 && <li class="lane-empty">{tx(`lane.${state}`, "")}</li>}
        </ul>
      )}
      {list.more && (
        <a class="quiet" href={withParams({ view: "list", state })}>
          {t("table.more")}
        </a>
      )}
    </section>
  );
}

function Card({ a, changed }: { a: Action; changed: () => void }): JSX.Element {
  return (
    <li
      class="card"
      tabIndex={0}
      aria-label={pick(a.finding.title)}
      onKeyDown={(e) => {
        if (e.target !== e.currentTarget || e.key !== "Enter") return;
        e.preventDefault();
        go(path("actions", a.id));
      }}
    >
      <p class="card-title">
        <a href={path("actions", a.id)}>
          <Say max={140}>{pick(a.finding.title)}</Say>
        </a>
      </p>
      <p class="card-meta">
        <SeverityMark value={a.finding.severity} word={false} />
        <Say max={40}>{a.finding.asset.name}</Say>
        <Score value={a.finding.score} />
      </p>
      <p class="card-meta">
        {a.state === "verified" ? (
          <span class="good">
            <When at={a.verified_at} rel />
          </span>
        ) : a.state === "excepted" ? (
          <span>
            {t("act.until-short")} {day(a.excepted_until)}
          </span>
        ) : (
          <Due due={a.due} />
        )}
      </p>
      <div class="card-foot">
        {a.owner ? <Say max={24}>{a.owner.name}</Say> : <span class="dim">{t("act.nobody")}</span>}
        <Moves a={a} changed={changed} />
      </div>
    </li>
  );
}

function Moves({ a, changed }: { a: Action; changed: () => void }): JSX.Element | null {
  const [busy, run] = useDo();
  const [except, setExcept] = useState(false);
  const ways = may("operator") ? waysFrom(a.state) : [];
  if (ways.length === 0) return null;
  const move = (to: ActionState) => {
    if (to === "excepted") setExcept(true);
    else void run(() => post(`actions/${encodeURIComponent(a.id)}/transition`, { to }), t("act.said-moved")).then(changed);
  };
  return (
    <>
      <MenuButton label={t("act.move")}>
        {ways.map((w) => (
          <button key={w} type="button" disabled={busy} onClick={() => move(w)}>
            {tx(`move.${w}`, w)}
          </button>
        ))}
      </MenuButton>
      {except && <ExceptDialog action={a.id} close={() => setExcept(false)} done={changed} />}
    </>
  );
}

function ActionList({ filter }: { filter: Filter }): JSX.Element {
  const sort = params.value.get("sort") ?? (filter.state === "verified" ? "-updated" : "due");
  const list = useList<Action>("actions", { ...filter, sort }, ["action"]);
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [assign, setAssign] = useState(false);
  const [busy, run] = useDo();
  const filterKey = JSON.stringify(filter);
  useEffect(() => setIds(new Set()), [filterKey]);
  const chosen = list.rows.filter((a) => ids.has(a.id));
  /* where all of them may go; an exception needs a reason of its own each */
  const ways = states.filter((s) => s !== "excepted" && chosen.length > 0 && chosen.every((a) => waysFrom(a.state).includes(s)));
  const move = (to: ActionState) =>
    void run(async () => {
      for (const a of chosen) await post(`actions/${encodeURIComponent(a.id)}/transition`, { to });
    }, t("act.said-moved")).then(() => {
      setIds(new Set());
      list.reload();
    });
  const columns: Column<Action>[] = [
    { key: "state", label: t("col.state"), width: 120, cell: (a) => <StateMark value={a.state} /> },
    { key: "title", label: t("col.finding"), width: 350, narrow: "title", cell: (a) => <a href={path("actions", a.id)}><Say max={200}>{pick(a.finding.title)}</Say></a> },
    { key: "asset", label: t("col.asset"), width: 130, cell: (a) => <Say max={60}>{a.finding.asset.name}</Say> },
    { key: "owner", label: t("act.owner"), width: 120, cell: (a) => (a.owner ? <Say max={40}>{a.owner.name}</Say> : <span class="dim">{t("act.nobody")}</span>) },
    { key: "due", label: t("col.due"), width: 140, sort: "due", cell: (a) => <Due due={a.due} done={a.state === "verified"} /> },
    { key: "updated", label: t("col.updated"), width: 130, sort: "updated", falling: true, narrow: "hide", cell: (a) => <When at={a.updated} rel /> },
    { key: "score", label: t("col.score"), width: 86, numeric: true, sort: "score", falling: true, cell: (a) => <Score value={a.finding.score} /> },
  ];
  if (list.error !== undefined) return <Failure error={list.error} again={list.reload} />;
  if (list.loading) return <Skeleton lines={8} />;
  if (list.rows.length === 0)
    return (
      <Empty title={t("actions.none")}>
        <p class="dim">{t("actions.none-note")}</p>
        <a class="button" href="/">
          {t("nav.now")}
        </a>
      </Empty>
    );
  return (
    <>
      {list.waiting > 0 && <LiveBar show={list.show} text={t("live.changed", { n: list.waiting })} />}
      {chosen.length > 0 && may("operator") && (
        <div class="bulk" role="region" aria-label={t("table.selection")}>
          <span>{t("table.selected", { n: chosen.length })}</span>
          {ways.map((w) => (
            <button key={w} type="button" disabled={busy} onClick={() => move(w)}>
              {tx(`move.${w}`, w)}
            </button>
          ))}
          {chosen.every((a) => a.state !== "verified") && (
            <button type="button" onClick={() => setAssign(true)}>
              {t("act.change")}
            </button>
          )}
          <button type="button" class="quiet" onClick={() => setIds(new Set())}>
            {t("table.clear")}
          </button>
        </div>
      )}
      {assign && <AssignDialog findings={chosen.map(rowOf)} close={() => setAssign(false)} done={list.reload} />}
      <DataTable id="actions" label={t("nav.actions")} columns={columns} rows={list.rows} selection={{ ids, set: setIds }} rowId={(a) => a.id} href={(a) => path("actions", a.id)} sort={sort} total={list.total} more={list.more} stale={list.stale} />
    </>
  );
}

export function ActionView({ id }: { id: string }): JSX.Element {
  const { data: a, error, reload } = useQuery<Action>(`actions/${encodeURIComponent(id)}`, ["action", "finding"]);
  const [assign, setAssign] = useState(false);
  const [except, setExcept] = useState(false);
  const [busy, run] = useDo();
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!a) return <Skeleton lines={8} tall />;
  const ways = may("operator") ? waysFrom(a.state) : [];
  const move = (to: ActionState) => {
    if (to === "excepted") setExcept(true);
    else void run(() => post(`actions/${encodeURIComponent(a.id)}/transition`, { to }), t("act.said-moved")).then(reload);
  };
  const comments: Comment[] = Array.isArray(a.comments) ? a.comments : [];
  const steps: ActionState[] = ["open", "accepted", "in_progress", "claimed", "verified"];
  return (
    <article class="finding">
      <p class="crumbs">
        <a href="/actions">{t("nav.actions")}</a>
      </p>
      <h1>
        <Say max={200}>{pick(a.finding.title)}</Say>
      </h1>
      <p class="lead">
        <a href={path("findings", a.finding.id)}>
          <Say max={600}>{pick(a.finding.sentence)}</Say>
        </a>
      </p>
      <ol class="steps" aria-label={t("col.state")}>
        {(a.state === "excepted" ? (["excepted"] as ActionState[]) : steps).map((s) => (
          <li key={s} class={steps.indexOf(s) < steps.indexOf(a.state) ? "past" : undefined} aria-current={s === a.state ? "step" : undefined}>
            {tx(`state.${s}`, s)}
          </li>
        ))}
      </ol>
      <p class="dim">{tx(`state-note.${a.state}`, "")}</p>
      <div class="buttons">
        {ways.map((w, i) => (
          <button key={w} type="button" class={i === 0 ? "primary" : undefined} disabled={busy} onClick={() => move(w)}>
            {tx(`move.${w}`, w)}
          </button>
        ))}
        {may("operator") && a.state !== "verified" && (
          <button type="button" class="quiet" onClick={() => setAssign(true)}>
            {t("act.change")}
          </button>
        )}
      </div>
      <div class="finding-columns">
        <div>
          <Section title={t("finding.discussion")}>
            <Discussion address={`actions/${encodeURIComponent(a.id)}/comments`} items={comments} changed={reload} />
          </Section>
        </div>
        <div class="beside">
          <Section title={t("finding.about")}>
            <Facts
              items={[
                [t("act.owner"), a.owner ? <Say key="o">{a.owner.name}</Say> : t("act.nobody")],
                [t("col.due"), <Due key="d" due={a.due} done={a.state === "verified"} />],
                [t("col.asset"), <a key="a" href={path("assets", a.finding.asset.id)}><Say>{a.finding.asset.name}</Say></a>],
                [t("col.score"), <Score key="s" value={a.finding.score} />],
                ...(a.claimed_at ? ([[t("act.claimed-at"), <When key="c" at={a.claimed_at} />]] as [string, JSX.Element][]) : []),
                ...(a.verified_at ? ([[t("act.verified-at"), <When key="v" at={a.verified_at} />]] as [string, JSX.Element][]) : []),
                ...(a.excepted_until ? ([[t("act.until"), <When key="u" at={a.excepted_until} />]] as [string, JSX.Element][]) : []),
                ...(a.reason ? ([[t("act.reason"), <Say key="r" lines>{a.reason}</Say>]] as [string, JSX.Element][]) : []),
              ]}
            />
          </Section>
          <Section title={t("finding.history")}>
            <History items={a.history ?? []} />
          </Section>
        </div>
      </div>
      {assign && <AssignDialog findings={[rowOf(a)]} close={() => setAssign(false)} done={reload} />}
      {except && <ExceptDialog action={a.id} close={() => setExcept(false)} done={reload} />}
    </article>
  );
}
