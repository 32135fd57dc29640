/* Shapes of the HTTP API, as docs/api.md gives them. Absent means unknown. */
export type Lang = "en" | "ja";
export type Text = { en: string; ja: string };
export type Time = string;
export type Severity = "info" | "low" | "medium" | "high" | "critical";
export type FindingStatus = "open" | "not_seen" | "closed" | "excepted";
export type ActionState = "open" | "accepted" | "in_progress" | "claimed" | "verified" | "excepted";
export type Role = "viewer" | "operator" | "approver" | "admin";

export interface Ref {
  id: string;
  name: string;
}
export interface OrgRef {
  id: string;
  name: Text | string;
}
export interface Grant {
  org: string | OrgRef;
  role: Role;
}
export interface Account {
  id: string;
  user: string;
  name?: string | null;
  lang?: Lang | null;
  grants: Grant[];
  disabled?: boolean;
  bootstrap?: boolean;
  last_sign_in?: Time | null;
}
export interface Session {
  account: Account;
  csrf: string;
}
export interface Page<T> {
  items: T[];
  next?: string | null;
  total?: number | null;
}

export interface Status {
  version: string;
  started: Time;
  sandbox?: { landlock?: string; seccomp?: boolean; note?: Text | string | null };
  store?: { path?: string; schema?: number; bytes?: number; last_backup?: Time | null };
  watch?: {
    on: boolean;
    last_run?: Time | null;
    next_run?: Time | null;
    running?: { started: Time; module?: string; percent?: number } | null;
  };
  banner?: { level: string; text: Text | string }[];
}

export interface TrendPoint {
  at: Time;
  score?: number | null;
  open?: number | null;
  overdue?: number | null;
}
export interface Coverage {
  assets: number;
  seen_7d: number;
  not_seen: number;
}
export interface Lower {
  cause: string;
  title: Text;
  fix_kind?: string | null;
  findings: number;
  assets: number;
  score_drop: number;
}
export interface Now {
  org: OrgRef | string;
  score?: { value?: number | null; delta_7d?: number | null; worst?: { asset: string; name: string; score: number } | null } | null;
  coverage?: Coverage;
  quality?: { not_seen?: number; oldest_run?: Time | null };
  counts: {
    overdue: number;
    due_week: number;
    open: number;
    new_today: number;
    verified_since_yesterday: number;
    excepted: number;
  };
  trend: TrendPoint[];
  first: FindingRow[];
  lower: Lower[];
  formula?: { text?: Text | string; terms?: unknown } | null;
}

export interface ActionRef {
  id: string;
  state: ActionState;
  owner?: Ref | null;
  due?: Time | null;
}
export interface FindingRow {
  id: string;
  kind: string;
  module: string;
  class: string;
  severity: Severity;
  confidence?: number;
  status: FindingStatus;
  asset: Ref;
  org: OrgRef;
  subject: string;
  location?: string | null;
  title: Text;
  sentence: Text;
  score?: number | null;
  due?: Time | null;
  due_rule?: string | null;
  overdue?: boolean;
  first_seen: Time;
  last_seen: Time;
  since?: Time | null;
  fix_kind?: string | null;
  cause?: string | null;
  action?: ActionRef | null;
}
export interface ObsRef {
  id: string;
  kind: string;
  subject: string;
  at: Time;
}
export type Value = string | number | boolean | null | string[];
export interface Obs extends ObsRef {
  module?: string;
  fields: Record<string, Value>;
  asset?: Ref | string;
  run?: string | { id: string } | null;
  origin?: string | null;
}
export interface Term {
  name: string;
  text?: Text | null;
  weight: number; /* log-odds; a factor's exponent when it is on the loss */
  on?: "p" | "loss";
  seen: boolean;
  observation?: ObsRef | null;
}
export interface DueInput {
  name: string;
  value: string;
  taken?: string | null;
  text?: Text | null;
}
export interface GraphNode {
  type: string;
  label: Text | string;
  observation?: ObsRef | string | null;
}
export interface GraphEdge {
  from: number;
  to: number;
  how: string;
  text?: Text | null;
}
export interface Change {
  type: "command" | "file";
  argv?: string[] | null;
  path?: string | null;
  diff?: string | null;
}
export type FixState = null | "requested" | "approved" | "applying" | "applied" | "failed" | "undone";
export interface Fix {
  kind: string;
  target?: string;
  value?: string | null;
  title: Text;
  change: Change[];
  may_break?: Text | null;
  undo?: Text | null;
  needs_role?: Role;
  state?: FixState;
  log?: (string | { at?: Time; text?: Text | string; what?: string; by?: string })[];
}
export interface HistoryItem {
  at: Time;
  what: string;
  run?: string | null;
  by?: Ref | string | null;
  detail?: Text | string | null;
}
export interface Comment {
  id: string;
  at: Time;
  by: Ref | string;
  text: string;
}
export interface Finding extends FindingRow {
  deep_only?: boolean;
  why?: Text | null;
  remedy?: Text | null;
  references?: string[];
  terms: Term[];
  prior?: number | null;
  p?: number | null;
  loss?: number | null;
  due_inputs?: DueInput[];
  due_text?: Text | null;
  graph?: { nodes: GraphNode[]; edges: GraphEdge[] } | null;
  evidence?: { role: string; observation: Obs }[];
  history?: HistoryItem[];
  comments?: Comment[];
  fix?: Fix | null;
  other_assets?: number;
}

export interface AssetRow {
  id: string;
  name: string;
  kind: string;
  org: OrgRef | string;
  names?: string[];
  os?: string | null;
  score?: number | null;
  open: number;
  overdue: number;
  worst?: Severity | null;
  first_seen?: Time;
  last_run?: Time | null;
  seen_by?: string[];
  criticality?: number | string | null;
}
export interface CoverageRow {
  module: string;
  scope?: string;
  privilege?: string;
  complete?: boolean;
  last_run?: Time | null;
  observations?: number;
  malformed_n?: number;
  quarantined_n?: number;
  not_seen_n?: number;
}
export interface Asset extends AssetRow {
  identity?: { type: string; value: string }[];
  score_parts?: (Lower & { p: number; loss: number; finding?: string })[];
  trend?: TrendPoint[];
  coverage?: CoverageRow[];
  kinds?: { kind: string; count: number }[];
}
export interface Field {
  name: string;
  type: string;
  ref?: string | null;
  unit?: string | null;
  meaning?: string | Text;
}
export interface Kind {
  kind: string;
  module: string;
  subject?: string | Text;
  fields: Field[];
}

export interface Action {
  id: string;
  finding: FindingRow;
  org: OrgRef | string;
  state: ActionState;
  owner?: Ref | null;
  due?: Time | null;
  created?: Time;
  updated?: Time;
  claimed_at?: Time | null;
  verified_at?: Time | null;
  excepted_until?: Time | null;
  reason?: string | null;
  comments?: number | Comment[];
  history?: HistoryItem[];
}

export interface OrgRow {
  id: string;
  parent?: string | null;
  name: Text | string;
  kind?: string | null;
  depth?: number;
  children: number;
  assets: number;
  score?: number | null;
  worst_asset?: { id: string; name: string; score: number } | null;
  open: number;
  overdue: number;
  coverage?: Coverage;
  trend_7d?: number | null;
}
export interface Org extends OrgRow {
  path?: OrgRef[];
  worst?: FindingRow[];
  trend?: TrendPoint[];
  sources?: { module: string; assets_seen: number; oldest?: Time | null }[];
  unwatched?: { module: string; assets: number }[];
}

export interface SourceRow {
  module: string;
  text?: Text | string | null;
  assets: number;
  last_run?: Time | null;
  observations: number;
  malformed: number;
  quarantined: number;
  not_seen: number;
  oldest?: Time | null;
}
export interface SourceAsset {
  asset: Ref | string;
  scope?: string;
  privilege?: string;
  complete?: boolean;
  last_run?: Time | null;
  duration_ms?: number;
  observations?: number;
  malformed?: { path: string; offset?: number; why: string; why_text?: Text }[];
  not_seen?: { what: string; why: string; what_text?: Text; why_text?: Text }[];
  quarantined?: { path: string; why: string; why_text?: Text }[];
}

export interface Baseline {
  id: string;
  finding?: string | null;
  kind?: string | null;
  asset?: Ref | string | null;
  title?: Text | null;
  reason: string;
  owner?: Ref | string | null;
  expires?: Time | null;
  created?: Time;
  by?: Ref | string | null;
}
export interface AuditRow {
  seq: number;
  at: Time;
  by?: Ref | string | null;
  what: string;
  object?: string | null;
  detail?: unknown;
  hash: string;
}
