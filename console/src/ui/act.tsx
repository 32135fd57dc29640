/* Dialogs that make and move actions: assign, claim, except. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { may, post, session } from "../app/api";
import { day, t } from "../app/i18n";
import { useQuery } from "../app/query";
import type { Account, ActionState, FindingRow, Page } from "../app/types";
import { Dialog, Labelled, useDo } from "./parts";
import { Say } from "./say";
import { pick } from "../app/i18n";

/* The accounts that one may see; oneself always. */
export function useOwners(): { id: string; name: string }[] {
  const { data } = useQuery<Page<Account>>("accounts");
  const me = session.value?.account;
  const list = (data?.items ?? []).filter((a) => !a.disabled).map((a) => ({ id: a.id, name: a.name || a.user }));
  if (me && me.id && !list.some((a) => a.id === me.id)) list.unshift({ id: me.id, name: me.name || me.user });
  return list;
}

/* A chosen local day as the instant when it ends. */
export function endOfDay(d: string): string | null {
  if (!d) return null;
  const at = new Date(`${d}T23:59:59`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString().replace(/\.\d+Z$/, "Z");
}

export function AssignDialog({ findings, close, done }: { findings: FindingRow[]; close: () => void; done: () => void }): JSX.Element {
  const owners = useOwners();
  const me = session.value?.account.id ?? "";
  const one = findings.length === 1 ? findings[0] : undefined;
  const [owner, setOwner] = useState(one?.action?.owner?.id ?? me);
  const [due, setDue] = useState(day(one?.action?.due ?? one?.due ?? null));
  const [comment, setComment] = useState("");
  const [busy, run] = useDo();
  const send = async () => {
    for (const f of findings) {
      const body: Record<string, string> = {};
      const by = endOfDay(due);
      if (owner) body.owner = owner;
      if (by) body.due = by;
      if (comment.trim()) body.comment = comment.trim();
      if (f.action) await post(`actions/${encodeURIComponent(f.action.id)}/transition`, { to: f.action.state, ...body });
      else await post("actions", { finding: f.id, ...body });
    }
  };
  return (
    <Dialog title={findings.length > 1 ? t("act.assign-many", { n: findings.length }) : t("act.assign")} close={close}>
      {one && (
        <p class="dialog-lead">
          <Say max={300}>{pick(one.sentence)}</Say>
        </p>
      )}
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void run(send, t("act.said-assigned")).then((ok) => {
            if (!ok) return;
            done();
            close();
          });
        }}
      >
        <Labelled label={t("act.owner")}>
          {(id) => (
            <select id={id} value={owner} onChange={(e) => setOwner(e.currentTarget.value)}>
              {owners.map((o) => (
                <option key={o.id} value={o.id}>
                  {o.id === me ? t("act.me", { name: o.name }) : o.name}
                </option>
              ))}
            </select>
          )}
        </Labelled>
        <Labelled label={t("act.due")}>{(id) => <input id={id} type="date" value={due} onInput={(e) => setDue(e.currentTarget.value)} />}</Labelled>
        <Labelled label={t("act.comment")}>
          {(id) => <textarea id={id} rows={2} value={comment} onInput={(e) => setComment(e.currentTarget.value)} />}
        </Labelled>
        <div class="buttons">
          <button type="submit" class="primary" disabled={busy}>
            {t("act.do-assign")}
          </button>
          <button type="button" onClick={close}>
            {t("do.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface UntilProps {
  title: string;
  lead: string;
  until: string; /* what is proposed */
  act: string;
  said: string;
  send: (until: string | null, reason: string) => Promise<unknown>;
  close: () => void;
  done: () => void;
}

/* Something that holds until a date, for a reason. */
function UntilDialog({ title, lead, act, said, send, close, done, ...proposed }: UntilProps): JSX.Element {
  const [until, setUntil] = useState(proposed.until);
  const [reason, setReason] = useState("");
  const [busy, run] = useDo();
  return (
    <Dialog title={title} close={close}>
      <p class="dialog-lead">{lead}</p>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void run(() => send(endOfDay(until), reason.trim()), said).then((ok) => {
            if (!ok) return;
            done();
            close();
          });
        }}
      >
        <Labelled label={t("act.until")}>{(id) => <input id={id} type="date" required value={until} onInput={(e) => setUntil(e.currentTarget.value)} />}</Labelled>
        <Labelled label={t("act.reason")} hint={t("act.reason-hint")}>
          {(id) => <textarea id={id} rows={3} required value={reason} onInput={(e) => setReason(e.currentTarget.value)} />}
        </Labelled>
        <div class="buttons">
          <button type="submit" class="primary" disabled={busy || !reason.trim()}>
            {act}
          </button>
          <button type="button" onClick={close}>
            {t("do.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/* Known, and accepted with a reason until a date: the finding leaves the list, not the score. */
export function AcceptDialog({ findings, ...rest }: { findings: FindingRow[]; close: () => void; done: () => void }): JSX.Element {
  const send = async (expires: string | null, reason: string) => {
    for (const f of findings) await post("baseline", { finding: f.id, reason, expires });
  };
  const title = findings.length > 1 ? t("finding.accept-many", { n: findings.length }) : t("finding.accept");
  return <UntilDialog title={title} lead={t("finding.accept-lead")} until="" act={t("finding.do-accept")} said={t("finding.said-accepted")} send={send} {...rest} />;
}

export function ExceptDialog({ action, ...rest }: { action: string; close: () => void; done: () => void }): JSX.Element {
  const send = (until: string | null, reason: string) => post(`actions/${encodeURIComponent(action)}/transition`, { to: "excepted", until, reason });
  const inAMonth = day(new Date(Date.now() + 30 * 86400000));
  return <UntilDialog title={t("act.except")} lead={t("act.except-lead")} until={inAMonth} act={t("act.do-except")} said={t("act.said-moved")} send={send} {...rest} />;
}

const ways: Record<ActionState, ActionState[]> = {
  open: ["accepted", "in_progress", "claimed", "excepted"],
  accepted: ["in_progress", "claimed", "excepted", "open"],
  in_progress: ["claimed", "accepted", "excepted"],
  claimed: ["in_progress", "excepted"],
  excepted: ["open"],
  verified: [],
};

/* The states somebody may set by hand from here; "verified" never is among them. */
export function waysFrom(state: ActionState): ActionState[] {
  return ways[state].filter((s) => s !== "excepted" || may("approver"));
}
