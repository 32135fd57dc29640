/* useQuery: what the API answered, kept for the way back, asked again when an event says that it changed.
 *
 * live "apply": new data replaces the old in place (one finding, counts).
 * live "announce": new data waits until the reader asks for it, so that no list jumps under the pointer. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "./api";
import { listen, type Topic } from "./events";

export interface Query<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  waiting: T | undefined;
  show: () => void;
  reload: () => void;
}

const kept = new Map<string, unknown>();
const keep = 60;

function store(address: string, data: unknown): void {
  kept.delete(address);
  kept.set(address, data);
  if (kept.size > keep) kept.delete(kept.keys().next().value as string);
}
export function forget(): void {
  kept.clear();
}

export function useQuery<T>(address: string | null, topics: Topic[] = [], live: "apply" | "announce" = "apply"): Query<T> {
  const [state, setState] = useState<State<T>>(() => first(address));
  const turn = useRef(0);

  const load = useCallback(
    (mode: "apply" | "announce") => {
      if (address === null) return;
      const mine = ++turn.current;
      get<T>(address).then(
        (data) => {
          if (mine !== turn.current) return;
          setState((s) => {
            const same = s.address === address && s.data !== undefined && JSON.stringify(s.data) === JSON.stringify(data);
            if (same) return { address, data: s.data as T };
            if (mode === "announce" && s.address === address && s.data !== undefined) return { ...s, waiting: data };
            store(address, data);
            return { address, data };
          });
        },
        (error: unknown) => {
          if (mine !== turn.current) return;
          /* a failed refresh leaves what is on the screen; the banner tells that the line is down */
          setState((s) => (s.address === address && s.data !== undefined ? s : { address, error }));
        },
      );
    },
    [address],
  );

  useEffect(() => {
    setState((s) => (s.address === address ? s : first(address)));
    load("apply");
    return () => {
      turn.current++;
    };
  }, [address, load]);

  const topicList = topics.join();
  useEffect(() => {
    if (!topicList) return;
    let timer = 0;
    const stop = listen((e) => {
      if (!topicList.split(",").includes(e.topic)) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => load(live), 300);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [topicList, load, live]);

  const current: State<T> = state.address === address ? state : first<T>(address);
  return {
    data: current.data,
    error: current.error,
    loading: address !== null && current.data === undefined && current.error === undefined,
    waiting: current.waiting,
    show: () =>
      setState((s) => {
        if (s.waiting === undefined || s.address === null) return s;
        store(s.address, s.waiting);
        return { address: s.address, data: s.waiting };
      }),
    reload: () => {
      setState((s) => (s.error === undefined ? s : { address: s.address }));
      load("apply");
    },
  };
}

interface State<T> {
  address: string | null;
  data?: T;
  error?: unknown;
  waiting?: T;
}

function first<T>(address: string | null): State<T> {
  const data = address === null ? undefined : (kept.get(address) as T | undefined);
  return data === undefined ? { address } : { address, data };
}
