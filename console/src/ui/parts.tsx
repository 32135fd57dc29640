import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { message } from "../app/api";
import { t } from "../app/i18n";
import { Icon, type IconName } from "./icon";
import { Say } from "./say";

/* ---- states of a view ---- */

export function Skeleton({ lines = 5, tall }: { lines?: number; tall?: boolean }): JSX.Element {
  return (
    <div class={tall ? "skeleton tall" : "skeleton"} role="status" aria-label={t("state-of-view.loading")}>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} class={`bone bone-${i % 4}`} />
      ))}
    </div>
  );
}

export function Failure({ error, again }: { error: unknown; again?: () => void }): JSX.Element {
  return (
    <div class="notice notice-bad" role="alert">
      <p>
        <strong>{t("state-of-view.failed")}</strong>
      </p>
      <p>
        <Say>{message(error)}</Say>
      </p>
      {again && (
        <button type="button" onClick={again}>
          {t("do.again")}
        </button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/* New data has arrived and waits. */
export function LiveBar({ show, text }: { show: () => void; text: string }): JSX.Element {
  return (
    <div class="livebar" role="status">
      <span>{text}</span>
      <button type="button" class="quiet" onClick={show}>
        {t("live.show")}
      </button>
    </div>
  );
}

/* ---- words that come and go ---- */

interface ToastText {
  id: number;
  text: string;
  bad: boolean;
}
const toasts = signal<ToastText[]>([]);
let toastId = 0;

export function toast(text: string, bad = false): void {
  const id = ++toastId;
  toasts.value = [...toasts.value.slice(-3), { id, text, bad }];
  if (!bad) window.setTimeout(() => dismiss(id), 6000);
}
function dismiss(id: number): void {
  toasts.value = toasts.value.filter((x) => x.id !== id);
}
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((x) => (
        <div key={x.id} class={x.bad ? "toast toast-bad" : "toast"}>
          <Say>{x.text}</Say>
          <button type="button" class="bare" aria-label={t("do.close")} onClick={() => dismiss(x.id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}

/* Runs something that changes the world: busy while it runs, an error is told, success may be told. */
export function useDo(): [boolean, (work: () => Promise<unknown>, said?: string) => Promise<boolean>] {
  const [busy, setBusy] = useState(false);
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);
  return [
    busy,
    async (work, said) => {
      setBusy(true);
      try {
        await work();
        if (said) toast(said);
        return true;
      } catch (e) {
        toast(message(e), true);
        return false;
      } finally {
        if (alive.current) setBusy(false);
      }
    },
  ];
}

/* ---- building blocks ---- */

export function Dialog({ title, close, children, wide }: { title: string; close: () => void; children: ComponentChildren; wide?: boolean }): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const el = ref.current;
    if (el && !el.open) el.showModal();
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? "wide" : undefined}
      aria-labelledby={id}
      onClose={close}
      onCancel={(e) => {
        e.preventDefault();
        close();
      }}
      onClick={(e) => {
        if (e.target === ref.current) close();
      }}
    >
      <div class="dialog-in">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="bare" aria-label={t("do.close")} onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function Labelled({ label, hint, children }: { label: string; hint?: string; children: (id: string) => ComponentChildren }): JSX.Element {
  const id = useId();
  return (
    <div class="labelled">
      <label for={id}>{label}</label>
      {children(id)}
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}

export function Section({ title, aside, children, id }: { title: string; aside?: ComponentChildren; children: ComponentChildren; id?: string }): JSX.Element {
  const made = useId();
  const h = id ?? made;
  return (
    <section class="section" aria-labelledby={h}>
      <header class="section-head">
        <h2 id={h} tabIndex={id ? -1 : undefined}>
          {title}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function Facts({ items }: { items: [string, ComponentChildren][] }): JSX.Element {
  return (
    <dl class="facts">
      {items.map(([k, v]) => (
        <div key={k}>
          <dt>{k}</dt>
          <dd>{v}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Tabs({ items, label }: { items: { href: string; text: string; on: boolean; n?: number | undefined }[]; label: string }): JSX.Element {
  return (
    <nav class="tabs" aria-label={label}>
      {items.map((x) => (
        <a key={x.href} href={x.href} aria-current={x.on ? "page" : undefined}>
          {x.text}
          {x.n !== undefined && <span class="n">{x.n}</span>}
        </a>
      ))}
    </nav>
  );
}

export function CopyButton({ text }: { text: string }): JSX.Element | null {
  const [done, setDone] = useState(false);
  if (!navigator.clipboard) return null;
  return (
    <button
      type="button"
      class="bare copy"
      aria-label={t("do.copy")}
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => {
            setDone(true);
            window.setTimeout(() => setDone(false), 1500);
          },
          () => toast(t("error.copy"), true),
        );
      }}
    >
      <Icon name={done ? "check" : "copy"} size={15} />
    </button>
  );
}

export function MenuButton({ label, icon, children }: { label: string; icon?: IconName; children: ComponentChildren }): JSX.Element {
  const ref = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const out = (e: Event) => {
      const el = ref.current;
      if (el?.open && !(e.target instanceof Node && el.contains(e.target))) el.open = false;
    };
    const key = (e: KeyboardEvent) => {
      const el = ref.current;
      if (e.key !== "Escape" || !el?.open) return;
      el.open = false;
      el.querySelector("summary")?.focus();
    };
    document.addEventListener("pointerdown", out);
    document.addEventListener("focusin", out);
    document.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("pointerdown", out);
      document.removeEventListener("focusin", out);
      document.removeEventListener("keydown", key);
    };
  }, []);
  return (
    <details class="menu" ref={ref}>
      <summary class="button">
        {icon && <Icon name={icon} size={15} />}
        {label}
        <Icon name="down" size={12} />
      </summary>
      <div
        class="menu-list"
        onClick={() => {
          if (ref.current) ref.current.open = false;
        }}
      >
        {children}
      </div>
    </details>
  );
}
