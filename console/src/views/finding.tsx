/* One finding: the sentence, by when, why (each bar opens what was seen), the picture, the fix, history, discussion. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may } from "../app/api";
import { ago, pick, t, tx } from "../app/i18n";
import { useKeys } from "../app/keys";
import { useQuery } from "../app/query";
import { path } from "../app/router";
import type { Finding } from "../app/types";
import { AcceptDialog, AssignDialog } from "../ui/act";
import { FixBox } from "../ui/fix";
import { Graph } from "../ui/graph";
import { Due, Score, SeverityMark, StateMark, StatusMark, When } from "../ui/marks";
import { ObservationBox } from "../ui/observation";
import { Facts, Failure, Section, Skeleton } from "../ui/parts";
import { Say } from "../ui/say";
import { Discussion, History } from "../ui/talk";
import { Waterfall } from "../ui/waterfall";

export function FindingView({ id }: { id: string }): JSX.Element {
  const { data: f, error, reload } = useQuery<Finding>(`findings/${encodeURIComponent(id)}`, ["finding", "action", "run"]);
  const [assign, setAssign] = useState(false);
  const [accept, setAccept] = useState(false);
  useKeys([{ keys: "a", text: "keys.assign", run: () => f && may("operator") && setAssign(true) }], [!!f]);
  if (error !== undefined) return <Failure error={error} again={reload} />;
  if (!f) return <Skeleton lines={9} tall />;
  const done = f.status === "closed";
  return (
    <article class="finding">
      <p class="crumbs">
        <a href="/findings">{t("nav.findings")}</a>
        <span>/</span>
        <a href={path("assets", f.asset.id)}>
          <Say max={60}>{f.asset.name}</Say>
        </a>
        <span>/</span>
        <a href={`/findings?kind=${encodeURIComponent(f.kind)}`}>
          <Say max={80}>{f.kind}</Say>
        </a>
      </p>
      <header class="finding-head">
        <div>
          <h1>
            <Say max={200}>{pick(f.title)}</Say>
          </h1>
          {bare(pick(f.sentence)) !== bare(pick(f.title)) && (
            <p class="lead">
              <Say max={800}>{pick(f.sentence)}</Say>
            </p>
          )}
        </div>
        <div class="head-score">
          <span class="dim">{t("score.word")}</span>
          <Score value={f.score} big />
        </div>
      </header>
      {f.status === "closed" && (
        <p class="verified" role="status">
          <span aria-hidden="true">✓ </span>
          {t("finding.verified", { at: ago(f.history?.find((h) => /closed|verified/.test(h.what))?.at ?? f.last_seen) })}
        </p>
      )}
      {f.status === "not_seen" && (
        <p class="hatched notseen" role="status">
          {t("finding.not-seen", { at: ago(f.last_seen) })}
        </p>
      )}
      <div class="finding-bar">
        <SeverityMark value={f.severity} />
        <Due due={f.due} overdue={f.overdue} done={done} long />
        {(f.status !== "open" || !f.action) && <StatusMark value={f.status} />}
        {f.action && (
          <a href={path("actions", f.action.id)} class="finding-action">
            <StateMark value={f.action.state} />
            {f.action.owner && <Say max={40}>{f.action.owner.name}</Say>}
          </a>
        )}
        {!done && (
          <a class="button" href="#fix">
            {t("finding.to-fix")}
          </a>
        )}
        {!done && may("operator") && (
          <button type="button" onClick={() => setAssign(true)}>
            {f.action ? t("act.change") : t("now.assign")}
          </button>
        )}
        {!done && may("approver") && f.status !== "excepted" && (
          <button type="button" class="quiet" onClick={() => setAccept(true)}>
            {t("finding.accept")}
          </button>
        )}
      </div>
      {f.graph && f.graph.edges.length > 0 && (
        <Section title={t("finding.graph")}>
          <Graph nodes={f.graph.nodes} edges={f.graph.edges} />
        </Section>
      )}
      <div class="finding-columns">
        <div>
          <Section title={t("finding.why")}>
            {pick(f.why) && (
              <p class="prose">
                <Say>{pick(f.why)}</Say>
              </p>
            )}
            <Waterfall finding={f} />
            <p class="dim small">{t("why.hint")}</p>
          </Section>
          <Section title={t("finding.fix")} id="fix">
            {f.fix ? (
              <FixBox id={f.id} fix={f.fix} remedy={f.remedy} verified={f.status === "closed"} changed={reload} />
            ) : (
              <div class="fix">
                <p class="prose">
                  <Say lines>{pick(f.remedy) || t("fix.none")}</Say>
                </p>
              </div>
            )}
          </Section>
          <Evidence f={f} />
          <Section title={t("finding.discussion")}>
            <Discussion address={`findings/${encodeURIComponent(f.id)}/comments`} items={f.comments ?? []} changed={reload} />
          </Section>
        </div>
        <div class="beside">
          <DueBox f={f} />
          <Section title={t("finding.about")}>
            <Facts
              items={[
                [t("col.subject"), <Say key="s" max={120}>{f.subject}</Say>],
                ...(f.location ? ([[t("col.location"), <Say key="l" max={160}>{f.location}</Say>]] as [string, JSX.Element][]) : []),
                [t("col.first-seen"), <When key="f" at={f.first_seen} />],
                [t("col.last-seen"), <When key="la" at={f.last_seen} />],
                ...(f.deep_only && !done ? ([[t("finding.verified-by"), t("finding.deep-only")]] as [string, string][]) : []),
                ...(f.since ? ([[t("col.since"), <When key="si" at={f.since} />]] as [string, JSX.Element][]) : []),
                [t("col.org"), <Say key="o">{pick(f.org.name)}</Say>],
                ...(f.confidence !== undefined ? ([[t("col.confidence"), `${f.confidence} %`]] as [string, string][]) : []),
              ]}
            />
            {(f.other_assets ?? 0) > 0 && (
              <p class="others">
                <a href={`/findings?${f.cause ? `cause=${encodeURIComponent(f.cause)}` : `kind=${encodeURIComponent(f.kind)}`}`}>
                  {t("finding.others", { n: f.other_assets ?? 0 })}
                </a>
              </p>
            )}
            {(f.references?.length ?? 0) > 0 && (
              <p class="refs" aria-label={t("finding.references")}>
                {f.references?.map((r) => (
                  <span class="tag" key={r}>
                    <Say max={60}>{r}</Say>
                  </span>
                ))}
              </p>
            )}
          </Section>
          <Section title={t("finding.history")}>
            <History items={f.history ?? []} />
          </Section>
        </div>
      </div>
      {assign && <AssignDialog findings={[f]} close={() => setAssign(false)} done={reload} />}
      {accept && <AcceptDialog findings={[f]} close={() => setAccept(false)} done={reload} />}
    </article>
  );
}

/* A finding with nothing to join has a sentence that only repeats its title. */
const bare = (s: string) => s.replace(/[.。]\s*$/, "");

/* By when, and which row of which table said so; what was unknown is hatched, with the value that was taken instead. */
function DueBox({ f }: { f: Finding }): JSX.Element {
  const inputs = f.due_inputs ?? [];
  return (
    <Section title={t("due.title")}>
      <p class="due-line-big">
        <Due due={f.due} overdue={f.overdue} done={f.status === "closed"} long />
      </p>
      {f.due_rule && (
        <p class="dim small">
          {pick(f.due_text) ? <Say>{pick(f.due_text)}</Say> : <>{t("due.rule")} </>} <code>{f.due_rule}</code>
        </p>
      )}
      {inputs.length > 0 && (
        <table class="plain-table due-table">
          <caption class="sr">{t("due.inputs")}</caption>
          <tbody>
            {inputs.map((i) => (
              <tr key={i.name}>
                <th scope="row">{tx(`due-input.${i.name}`, pick(i.text) || i.name)}</th>
                <td class={i.value === "unknown" ? "hatched" : undefined}>
                  {tx(`due-value.${i.value}`, i.value)}
                  {i.value === "unknown" && i.taken && <span class="taken">{t("due.taken", { value: tx(`due-value.${i.taken}`, i.taken) })}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {inputs.some((i) => i.value === "unknown") && <p class="dim small">{t("due.unknown-note")}</p>}
    </Section>
  );
}

function Evidence({ f }: { f: Finding }): JSX.Element | null {
  const list = f.evidence ?? [];
  if (list.length === 0) return null;
  return (
    <Section title={t("finding.evidence")}>
      {list.map((e, i) => (
        <details key={e.observation.id} open={i === 0} class="evidence">
          <summary>
            <span class="tag">{tx(`role.${e.role}`, e.role)}</span>
            <Say max={120}>{e.observation.subject}</Say>
            <span class="dim">
              <When at={e.observation.at} rel />
            </span>
          </summary>
          <ObservationBox of={e.observation} />
        </details>
      ))}
    </Section>
  );
}
