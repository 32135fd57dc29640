/* useList: pages of a list. Rows stay on screen (dimmed) while other filters load; live changes wait to be shown. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "./api";
import { listen, type Topic } from "./events";
import type { Page } from "./types";

export interface List<T> {
  rows: T[];
  total: number | null;
  loading: boolean;
  stale: boolean;
  error: unknown;
  more: (() => void) | null;
  waiting: number;
  show: () => void;
  reload: () => void;
}

type Filter = Record<string, string | number | null | undefined>;
interface State<T> {
  key: string;
  rows: T[];
  total: number | null;
  next: string | null;
  error: unknown;
  loaded: boolean;
}

export function useList<T>(pathname: string | null, filter: Filter, topics: Topic[] = []): List<T> {
  const key = `${pathname}?${JSON.stringify(filter)}`;
  const [state, setState] = useState<State<T>>({ key: "", rows: [], total: null, next: null, error: undefined, loaded: false });
  const [waiting, setWaiting] = useState<Page<T> | null>(null);
  const turn = useRef(0);
  const pages = useRef(1);
  const filterRef = useRef(filter);
  filterRef.current = filter;

  const first = useCallback(() => {
    if (pathname === null) return;
    const mine = ++turn.current;
    pages.current = 1;
    setWaiting(null);
    get<Page<T>>(pathname, filterRef.current).then(
      (p) => mine === turn.current && setState({ key, rows: p.items, total: p.total ?? null, next: p.next ?? null, error: undefined, loaded: true }),
      (error: unknown) => mine === turn.current && setState({ key, rows: [], total: null, next: null, error, loaded: true }),
    );
  }, [key, pathname]);

  useEffect(() => {
    first();
    return () => {
      turn.current++;
    };
  }, [first]);

  const stateRef = useRef(state);
  stateRef.current = state;
  const topicList = topics.join();
  useEffect(() => {
    if (!topicList || pathname === null) return;
    let timer = 0;
    const check = () => {
      const mine = turn.current;
      const limit = Math.min(500, Math.max(50, stateRef.current.rows.length));
      get<Page<T>>(pathname, { ...filterRef.current, limit }).then(
        (p) => {
          if (mine !== turn.current || stateRef.current.key !== key) return;
          const shown = JSON.stringify(stateRef.current.rows.slice(0, limit));
          const now = JSON.stringify(p.items.slice(0, Math.max(1, stateRef.current.rows.length)));
          if (shown !== now || (p.total ?? null) !== stateRef.current.total) setWaiting(p);
        },
        () => undefined,
      );
    };
    const stop = listen((e) => {
      if (!topicList.split(",").includes(e.topic)) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(check, 400);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [topicList, pathname, key]);

  const more = () => {
    if (!state.next || pathname === null) return;
    const mine = ++turn.current;
    get<Page<T>>(pathname, { ...filterRef.current, cursor: state.next }).then(
      (p) => {
        if (mine !== turn.current) return;
        pages.current++;
        setState((s) => {
          const known = new Set(s.rows.map(keyOf));
          return { ...s, rows: s.rows.concat(p.items.filter((r) => !known.has(keyOf(r)))), next: p.next ?? null, total: p.total ?? s.total };
        });
      },
      (error: unknown) => mine === turn.current && setState((s) => ({ ...s, error })),
    );
  };

  return {
    rows: state.rows,
    total: state.total,
    loading: pathname !== null && !state.loaded,
    stale: state.loaded && state.key !== key,
    error: state.error,
    more: state.next ? more : null,
    waiting: waiting ? countChanges(state.rows, waiting.items) : 0,
    show: () => {
      if (!waiting) return;
      setState({ key, rows: waiting.items, total: waiting.total ?? null, next: waiting.next ?? null, error: undefined, loaded: true });
      setWaiting(null);
    },
    reload: first,
  };
}

/* Rows have an id, those of the audit log a number; figures (suppliers, upgrades) are their own key. */
function keyOf(row: unknown): unknown {
  const r = row as { id?: unknown; seq?: unknown };
  return r.id ?? r.seq ?? JSON.stringify(row);
}

function countChanges<T>(before: T[], after: T[]): number {
  const known = new Map(before.map((r) => [keyOf(r), JSON.stringify(r)]));
  let n = 0;
  for (const r of after) {
    if (known.get(keyOf(r)) !== JSON.stringify(r)) n++;
    known.delete(keyOf(r));
  }
  return Math.max(1, n + known.size);
}
