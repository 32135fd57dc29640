/* Now: is something burning, what comes first and why, is yesterday's thing really out. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may, post } from "../app/api";
import { day, num, pick, signed, t, tx } from "../app/i18n";
import { useKeys } from "../app/keys";
import { org, withOrg } from "../app/org";
import { useQuery } from "../app/query";
import { go, path } from "../app/router";
import type { Finding, FindingRow, Fix, Lower, Now } from "../app/types";
import { AssignDialog } from "../ui/act";
import { FixBox } from "../ui/fix";
import { Due, Score, SeverityMark, Share, StateMark, When } from "../ui/marks";
import { Empty, Failure, LiveBar, Section, Skeleton, useDo } from "../ui/parts";
import { Say } from "../ui/say";
import { Trend } from "../ui/trend";
import { Waterfall } from "../ui/waterfall";

export function NowView(): JSX.Element {
  const address = org.value ? `now?org=${encodeURIComponent(org.value)}` : "now";
  const { data, error, waiting, show, reload } = useQuery<Now>(address, ["finding", "action", "run", "org"], "announce");
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data)
    return (
      <>
        <h1 class="sr">{t("nav.now")}</h1>
        <Skeleton lines={8} tall />
      </>
    );
  /* Counts may change under the eye, the order of the list may not. */
  const now = waiting ? { ...waiting, first: data.first } : data;
  const never = now.counts.open === 0 && (now.coverage?.assets ?? 0) === 0;
  const moved = waiting ? changed(data.first, waiting.first) : 0;
  return (
    <div class="now">
      <Headline now={now} />
      {moved > 0 && <LiveBar show={show} text={t("live.changed", { n: moved })} />}
      {never ? <Nothing reload={reload} /> : now.first.length === 0 ? <Quiet now={now} /> : <First rows={data.first} total={now.counts.open} reload={reload} />}
      {!never && (
        <>
          <Strip now={now} />
          <div class="two">
            <TrendPart now={now} />
            <LowerPart rows={now.lower} />
          </div>
          <Formula now={now} />
        </>
      )}
    </div>
  );
}

function changed(a: FindingRow[], b: FindingRow[]): number {
  const known = new Map(a.map((r, i) => [r.id, `${i}${JSON.stringify(r)}`]));
  const n = b.filter((r, i) => known.get(r.id) !== `${i}${JSON.stringify(r)}`).length;
  return n || (a.length === b.length ? 0 : 1);
}

function Headline({ now }: { now: Now }): JSX.Element {
  const c = now.counts;
  const score = now.score;
  const parts: JSX.Element[] = [];
  if (c.overdue > 0)
    parts.push(
      <a class="head-late" href={withOrg("/findings?due=overdue&sort=due")}>
        {t("now.overdue", { n: c.overdue })}
      </a>,
    );
  if (c.due_week > 0)
    parts.push(
      <a class="head-soon" href={withOrg("/findings?due=week&sort=due")}>
        {t("now.due-week", { n: c.due_week })}
      </a>,
    );
  if (c.new_today > 0)
    parts.push(
      <a href={withOrg("/findings?sort=-first_seen")}>{t("now.new-today", { n: c.new_today })}</a>,
    );
  return (
    <header class="headline">
      <div>
      <h1>
        {parts.length === 0
          ? c.open === 0
            ? t("now.calm")
            : t("now.nothing-due", { n: c.open })
          : parts.map((p, i) => (
              <span key={i}>
                {p}
                {i < parts.length - 1 && <span class="head-dot">·</span>}
              </span>
            ))}
      </h1>
      <Answers now={now} />
      </div>
      <div class="head-score">
        <span class="dim">{t("score.word")}</span>
        <Score value={score?.value} big />
        {typeof score?.delta_7d === "number" && (
          <span class={score.delta_7d > 0 ? "delta delta-up" : score.delta_7d < 0 ? "delta delta-down" : "delta"} title={t("now.delta")}>
            {score.delta_7d > 0 ? "▲" : score.delta_7d < 0 ? "▼" : ""} {signed(score.delta_7d, 1)}
            <span class="dim"> {t("now.delta-7")}</span>
          </span>
        )}
      </div>
    </header>
  );
}

/* Is yesterday's thing really out, and what has nobody looked at: said before anybody scrolls. */
function Answers({ now }: { now: Now }): JSX.Element | null {
  const c = now.coverage;
  const out = now.counts.verified_since_yesterday;
  const unseen = c ? c.assets - c.seen_7d : 0;
  if (!c || c.assets === 0) return null;
  return (
    <p class="answers">
      <a href={withOrg("/actions?state=verified&sort=-updated")} class={out > 0 ? "good" : "dim"}>
        {out > 0 && <span aria-hidden="true">✓ </span>}
        {out > 0 ? t("now.out", { n: out }) : t("now.out-none")}
      </a>
      <a href={withOrg(unseen > 0 ? "/assets?not_seen_days=7" : "/sources")} class={unseen > 0 ? "hatched" : "dim"}>
        {unseen > 0 ? t("now.hosts-not-seen", { n: unseen, total: c.assets }) : t("now.hosts-all-seen", { n: c.assets })}
      </a>
    </p>
  );
}

function First({ rows, total, reload }: { rows: FindingRow[]; total: number; reload: () => void }): JSX.Element {
  const [n, setN] = useState(5);
  const [at, setAt] = useState(0);
  const shown = rows.slice(0, n);
  const move = (to: number) => {
    const i = Math.max(0, Math.min(shown.length - 1, to));
    setAt(i);
    document.querySelectorAll<HTMLElement>(".first > li")[i]?.focus();
  };
  const here = () => [...document.querySelectorAll(".first > li")].findIndex((el) => el.contains(document.activeElement));
  useKeys(
    [
      { keys: "j", text: "keys.next", run: () => move(here() < 0 ? at : here() + 1) },
      { keys: "k", text: "keys.previous", run: () => move(here() < 0 ? at : here() - 1) },
    ],
    [shown.length, at],
  );
  return (
    <section aria-label={t("now.first")}>
      <ol class="first">
        {shown.map((f, i) => (
          <Item key={f.id} f={f} rank={i + 1} focusable={i === at} reload={reload} />
        ))}
      </ol>
      <p class="first-more">
        {n < rows.length && (
          <button type="button" class="quiet" onClick={() => setN(rows.length)}>
            {t("now.more", { n: rows.length - n })}
          </button>
        )}
        <a href={withOrg("/findings")}>{t("now.all", { n: total })}</a>
      </p>
    </section>
  );
}

function Item({ f, rank, focusable, reload }: { f: FindingRow; rank: number; focusable: boolean; reload: () => void }): JSX.Element {
  const [open, setOpen] = useState<"fix" | "why" | null>(null);
  const [assign, setAssign] = useState(false);
  const toggle = (what: "fix" | "why") => setOpen(open === what ? null : what);
  return (
    <li
      tabIndex={focusable ? 0 : -1}
      aria-label={pick(f.sentence)}
      onKeyDown={(e) => {
        if (e.target !== e.currentTarget) return;
        if (e.key === "Enter") go(path("findings", f.id));
        else if (e.key === "f") toggle("fix");
        else if (e.key === "w") toggle("why");
        else if (e.key === "a" && may("operator")) setAssign(true);
        else return;
        e.preventDefault();
      }}
    >
      <span class="rank" aria-hidden="true">
        {rank}
      </span>
      <div class="first-body">
        <p class="first-sentence">
          <a href={path("findings", f.id)}>
            <Say max={400}>{pick(f.sentence) || pick(f.title)}</Say>
          </a>
        </p>
        <p class="first-meta">
          <SeverityMark value={f.severity} />
          <Due due={f.due} overdue={f.overdue} />
          {f.fix_kind && f.fix_kind !== "none" && <span>{t("now.fix-kind", { kind: tx(`fix-kind.${f.fix_kind}`, f.fix_kind) })}</span>}
          <a href={path("assets", f.asset.id)}>
            <Say max={60}>{f.asset.name}</Say>
          </a>
          {f.action && (
            <span class="first-action">
              <StateMark value={f.action.state} />
              {f.action.owner && <Say max={40}>{f.action.owner.name}</Say>}
            </span>
          )}
          <span class="first-do">
            <button type="button" class="quiet" aria-expanded={open === "fix"} onClick={() => toggle("fix")}>
              {t("now.fix")}
            </button>
            {may("operator") && (
              <button type="button" class="quiet" onClick={() => setAssign(true)}>
                {t("now.assign")}
              </button>
            )}
            <button type="button" class="quiet" aria-expanded={open === "why"} onClick={() => toggle("why")}>
              {t("now.why")}
            </button>
          </span>
        </p>
        {open === "fix" && <InlineFix id={f.id} />}
        {open === "why" && <InlineWhy id={f.id} />}
      </div>
      <span class="first-score">
        <Score value={f.score} />
      </span>
      {assign && <AssignDialog findings={[f]} close={() => setAssign(false)} done={reload} />}
    </li>
  );
}

function InlineFix({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useQuery<Finding>(`findings/${encodeURIComponent(id)}`, ["finding", "action"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={3} />;
  const fix: Fix | null = data.fix ?? null;
  return (
    <div class="inline">
      {fix ? (
        <FixBox id={id} fix={fix} remedy={data.remedy} changed={reload} />
      ) : (
        <p>
          <Say>{pick(data.remedy)}</Say>
        </p>
      )}
    </div>
  );
}

function InlineWhy({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useQuery<Finding>(`findings/${encodeURIComponent(id)}`, ["finding"]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!data) return <Skeleton lines={4} />;
  return (
    <div class="inline">
      {pick(data.why) && (
        <p>
          <Say>{pick(data.why)}</Say>
        </p>
      )}
      <Waterfall finding={data} />
    </div>
  );
}

function Strip({ now }: { now: Now }): JSX.Element {
  const c = now.coverage;
  return (
    <dl class="strip">
      <div>
        <dt>{t("now.not-seen")}</dt>
        <dd>
          <a href={withOrg("/findings?status=not_seen")} class={(now.quality?.not_seen ?? 0) > 0 ? "hatched" : undefined}>
            {num(now.quality?.not_seen ?? 0)}
          </a>
        </dd>
      </div>
      <div>
        <dt>{t("now.coverage")}</dt>
        <dd>{c ? <Share part={c.seen_7d} whole={c.assets} label={t("now.coverage-label", { n: c.seen_7d, total: c.assets })} /> : <span class="hatched">?</span>}</dd>
      </div>
      <div>
        <dt>{t("now.oldest")}</dt>
        <dd>
          <When at={now.quality?.oldest_run} rel />
        </dd>
      </div>
      <div>
        <dt>{t("now.excepted")}</dt>
        <dd>
          <a href={withOrg("/findings?status=excepted")}>{num(now.counts.excepted)}</a>
        </dd>
      </div>
      {now.score?.worst && (
        <div>
          <dt>{t("now.worst")}</dt>
          <dd>
            <a href={path("assets", now.score.worst.asset)}>
              <Say max={30}>{now.score.worst.name}</Say>
            </a>{" "}
            <Score value={now.score.worst.score} />
          </dd>
        </div>
      )}
    </dl>
  );
}

function TrendPart({ now }: { now: Now }): JSX.Element {
  const times = now.trend.map((p) => p.at);
  return (
    <Section title={t("now.trend")}>
      <Trend title={t("score.word")} unit={t("trend.score-unit")} times={times} max={100} height={130} series={[{ name: t("score.word"), tone: "accent", values: now.trend.map((p) => p.score) }]} />
      <Trend
        title={t("nav.findings")}
        unit={t("trend.count-unit")}
        times={times}
        height={110}
        series={[
          { name: t("status.open"), tone: "plain", values: now.trend.map((p) => p.open) },
          { name: t("due.overdue-word"), tone: "late", dash: true, values: now.trend.map((p) => p.overdue) },
        ]}
      />
    </Section>
  );
}

function LowerPart({ rows }: { rows: Lower[] }): JSX.Element {
  const shown = rows.filter((r, i) => i === 0 || r.score_drop >= 0.05);
  const most = Math.max(0.1, ...rows.map((r) => r.score_drop));
  return (
    <Section title={t("now.lower")}>
      {rows.length === 0 && <p class="dim">{t("now.lower-none")}</p>}
      <ol class="lower">
        {shown.map((r) => (
          <li key={r.cause}>
            <a href={withOrg(`/findings?cause=${encodeURIComponent(r.cause)}`)}>
              <Say max={160}>{pick(r.title)}</Say>
            </a>
            <span class="lower-num">−{r.score_drop.toFixed(1)}</span>
            <svg width="100%" height="4" aria-hidden="true">
              <rect width={`${(r.score_drop / most) * 100}%`} height="4" class="bar-down" rx="1" />
            </svg>
            <span class="dim lower-note">
              {t("now.lower-note", { n: r.findings, assets: r.assets })}
              {r.fix_kind && ` · ${tx(`fix-kind.${r.fix_kind}`, r.fix_kind)}`}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Formula({ now }: { now: Now }): JSX.Element | null {
  const text = pick(now.formula?.text);
  if (!text) return null;
  return (
    <details class="formula">
      <summary>{t("now.formula")}</summary>
      <p>
        <Say lines>{text}</Say>
      </p>
      <p>
        <a href="/settings/policy">{t("settings.policy")}</a>
      </p>
    </details>
  );
}

function Quiet({ now }: { now: Now }): JSX.Element {
  return (
    <Empty title={t("now.quiet")}>
      <p class="dim">{t("now.quiet-note", { n: now.coverage?.assets ?? 0, day: day(now.quality?.oldest_run ?? null) || t("time.never") })}</p>
    </Empty>
  );
}

function Nothing({ reload }: { reload: () => void }): JSX.Element {
  const [busy, run] = useDo();
  return (
    <Empty title={t("now.empty")}>
      <p class="dim">{t("now.empty-note")}</p>
      {may("operator") && (
        <button type="button" class="primary" disabled={busy} onClick={() => void run(() => post("diagnose", { deep: false }), t("sources.said-started")).then(reload)}>
          {t("sources.diagnose")}
        </button>
      )}
      <pre>
        <code>sudo hinomi diagnose</code>
      </pre>
    </Empty>
  );
}
