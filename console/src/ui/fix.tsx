/* The fix: what exactly would change, what it may break, how it is undone; and who may let it run. */
import type { JSX } from "preact";
import { may, post } from "../app/api";
import { pick, t, tx, whenZone } from "../app/i18n";
import type { Change, Fix, Text } from "../app/types";
import { CopyButton, useDo } from "./parts";
import { Say } from "./say";

/* An argument as one would type it; only for reading, nothing is ever run from this string. */
function quote(a: string): string {
  return /^[\w@%+=:,./-]+$/.test(a) ? a : `'${a.replaceAll("'", "'\\''")}'`;
}

interface FixBoxProps {
  id: string;
  fix: Fix;
  remedy?: Text | null | undefined;
  verified?: boolean;
  changed: () => void;
}

export function FixBox({ id, fix, remedy, verified, changed }: FixBoxProps): JSX.Element {
  const [busy, run] = useDo();
  const state = fix.state ?? null;
  const send = (approve: boolean) =>
    run(() => post(`findings/${encodeURIComponent(id)}/fix`, { approve }), approve ? t("fix.said-approved") : t("fix.said-requested")).then(changed);
  const undo = () => run(() => post(`findings/${encodeURIComponent(id)}/undo`), t("fix.said-undo")).then(changed);
  const needs = fix.needs_role ?? "approver";
  const idle = state === null || state === "failed" || state === "undone";

  return (
    <div class="fix">
      <p class="fix-title">
        <Say>{pick(fix.title)}</Say>
      </p>
      {fix.change.map((c, i) => (
        <ChangeBox key={i} change={c} />
      ))}
      {fix.change.length === 0 && remedy && (
        <p>
          <Say>{pick(remedy)}</Say>
        </p>
      )}
      <dl class="fix-notes">
        {pick(fix.may_break) && (
          <div>
            <dt>{t("fix.may-break")}</dt>
            <dd>
              <Say>{pick(fix.may_break)}</Say>
            </dd>
          </div>
        )}
        {pick(fix.undo) && (
          <div>
            <dt>{t("fix.undo")}</dt>
            <dd>
              <Say>{pick(fix.undo)}</Say>
            </dd>
          </div>
        )}
      </dl>
      {state !== null && (
        <p class={`fix-state fix-state-${state}`} role="status">
          {state === "applied" && verified ? t("fix.state.verified") : tx(`fix.state.${state}`, state)}
        </p>
      )}
      <div class="buttons">
        {idle && may("operator") && !may(needs) && (
          <button type="button" class="primary" disabled={busy} onClick={() => send(false)}>
            {t("fix.request")}
          </button>
        )}
        {(idle || state === "requested") && may(needs) && may("approver") && (
          <button type="button" class="primary" disabled={busy} onClick={() => send(true)}>
            {state === "requested" ? t("fix.approve") : t("fix.approve-run")}
          </button>
        )}
        {state === "applied" && may("approver") && (
          <button type="button" disabled={busy} onClick={undo}>
            {t("fix.do-undo")}
          </button>
        )}
        {idle && !may("operator") && <p class="dim">{t("fix.not-you")}</p>}
      </div>
      {(fix.log?.length ?? 0) > 0 && (
        <details class="fix-log">
          <summary>{t("fix.log")}</summary>
          <ol>
            {fix.log?.map((l, i) => (
              <li key={i}>
                {typeof l === "string" ? (
                  <Say lines>{l}</Say>
                ) : (
                  <>
                    {l.at && <span class="dim">{whenZone(l.at)} </span>}
                    <Say lines>{pick(l.text) || l.what || ""}</Say>
                    {l.by && <span class="dim"> — {l.by}</span>}
                  </>
                )}
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}

function ChangeBox({ change: c }: { change: Change }): JSX.Element {
  if (c.type === "command" && c.argv) {
    const line = c.argv.map(quote).join(" ");
    return (
      <div class="code">
        <div class="code-head">
          <span>{t("fix.command")}</span>
          <CopyButton text={line} />
        </div>
        <pre tabIndex={0}>
          <code>
            <span class="prompt" aria-hidden="true">
              #{" "}
            </span>
            <Say>{line}</Say>
          </code>
        </pre>
      </div>
    );
  }
  return (
    <div class="code">
      <div class="code-head">
        <span>
          <Say>{c.path ?? ""}</Say>
        </span>
      </div>
      <Diff text={c.diff ?? ""} />
    </div>
  );
}

function Diff({ text }: { text: string }): JSX.Element {
  const lines = text.replace(/\n$/, "").split("\n");
  const shown = lines.slice(0, 400);
  return (
    <pre class="diff" tabIndex={0}>
      <code>
        {shown.map((l, i) => {
          const how = /^(\+\+\+|---|@@)/.test(l) ? "meta" : l.startsWith("+") ? "add" : l.startsWith("-") ? "del" : "same";
          return (
            <span key={i} class={`diff-${how}`}>
              <Say>{l}</Say>
              {"\n"}
            </span>
          );
        })}
        {lines.length > shown.length && <span class="dim">{t("fix.cut", { n: lines.length - shown.length })}</span>}
      </code>
    </pre>
  );
}
