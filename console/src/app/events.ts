/* Server-sent events: one connection; whoever shows something of a topic is told. */
import { signal } from "@preact/signals";
import { base } from "./api";

export type Topic = "finding" | "action" | "run" | "org" | "status";
export interface LiveEvent {
  topic: Topic;
  id?: string;
  org?: string;
  what?: string;
  [more: string]: unknown;
}
const topics: Topic[] = ["finding", "action", "run", "org", "status"];

export const connected = signal<boolean>(true);
const listeners = new Set<(e: LiveEvent) => void>();
let source: EventSource | null = null;

export function listen(f: (e: LiveEvent) => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

export function connect(): void {
  if (source) return;
  source = new EventSource(`${base}events`);
  source.onopen = () => {
    /* what happened while the line was down is not known: everything on screen is asked for again */
    if (!connected.value) for (const topic of topics) tell({ topic, what: "reconnected" });
    connected.value = true;
  };
  source.onerror = () => {
    connected.value = false;
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      window.setTimeout(connect, 5000);
    }
  };
  for (const topic of topics)
    source.addEventListener(topic, (e) => {
      let data: Record<string, unknown> = {};
      try {
        data = JSON.parse((e as MessageEvent<string>).data) as Record<string, unknown>;
      } catch {
        /* an event without readable data still says that something changed */
      }
      tell({ ...data, topic });
    });
}

export function disconnect(): void {
  source?.close();
  source = null;
  connected.value = true;
}

function tell(e: LiveEvent): void {
  for (const f of [...listeners]) f(e);
}
