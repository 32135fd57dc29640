/* Shapes of the part of the API about software. */
import type { OrgRef, Ref, Severity, Text, Time } from "./types";

export interface SoftwareNow {
  products: number;
  releases: number;
  without_sbom: number;
  sboms: number;
  hosts: number;
  components: number;
  judged: number;
  unknown: number;
  unjudged: number;
  vulnerabilities: number;
  kev: number;
  kev_unknown: number;
  answered: number;
  epss_unknown: number;
  p_any: number | null;
  matched_at: Time | null;
  feed_at: Time | null;
}
export interface ProductRow {
  id: string;
  name: string;
  supplier: string;
  org: OrgRef;
  owner: Ref | null;
  contract: string;
  contract_until: Time | null;
  releases: number;
  without_sbom: number;
  deployments: number;
  components: number;
  unknown: number;
  unjudged: number;
  vulnerabilities: number;
  kev: number;
  kev_unknown: number;
  answered: number;
  p_any: number | null;
  newest_sbom: Time | null;
}
export interface ProductVersion {
  id: string;
  version: string;
  sbom?: string;
  sbom_since: Time | null;
  components: number;
  unknown: number;
  deployments: number;
  vulnerabilities: number;
  kev: number;
}
export interface Product extends ProductRow {
  note: string;
  obligations: string[];
  versions: ProductVersion[];
  history: { at: Time; what: string; by?: string; detail?: string }[];
}
export interface Supplier {
  name: string;
  products: number;
  releases: number;
  without_sbom: number;
  components: number;
  unknown: number;
  vulnerabilities: number;
  kev: number;
  kev_unknown: number;
  p_any: number | null;
  oldest_sbom: Time | null;
  contract_next: Time | null;
}
export interface Deployment {
  id: string;
  product: Ref;
  version: string;
  asset: Ref | null;
  service: string;
  customers: string[];
  owner: Ref | null;
  since: Time;
}
export interface Statement {
  id: string;
  vuln: string;
  status: string;
  product: Ref | null;
  version: string;
  purl: string;
  justification: string;
  statement: string;
  author: string;
  at: Time;
  expires: Time | null;
  in_force: boolean;
}
export interface SbomRow {
  id: string;
  product: Ref;
  version: string;
  family: string;
  spec: string;
  subject: string;
  author: string;
  made_at: Time | null;
  put_at: Time;
  components: number;
  edges: number;
  unknown: number;
  quality: Record<string, unknown>;
}
export interface Sbom extends SbomRow {
  problems: { code?: string; severity?: string; place?: string; line?: number; message?: Text }[];
  sha256: string;
  bytes: number;
}
export interface ComponentRow {
  id: string;
  ecosystem: string;
  name: string;
  version: string;
  source: string;
  licence: string;
  supplier: string;
  purl: string;
  cpe: string;
  state: "judged" | "unjudged" | "unknown";
  why_unknown: string;
  held: string;
  held_by: string;
  releases: number;
  assets: number;
  vulnerabilities: number;
  kev: number;
}
export interface ComponentFull extends ComponentRow {
  paths_total: number;
  paths: { product: Ref; version: string; sbom: string; stated: boolean; steps: { id: string; name: string; version: string }[] }[];
}
export interface SoftwareDue {
  at: Time | null;
  rule: string;
  text: Text;
  outcome: string;
  overdue: boolean;
  inputs: { name: string; value: string; taken: string }[];
}
export interface VulnRow {
  id: string;
  summary: string;
  severity: Severity | null;
  cvss: number | null;
  epss: number | null;
  kev: boolean | null;
  fixed: string;
  published: Time | null;
  first_matched: Time | null;
  components: number;
  products: number;
  releases: number;
  assets: number;
  answered: number;
  due: SoftwareDue | null;
}
export interface VulnHost {
  id: string;
  name: string;
  org: OrgRef;
  exposed: "yes" | "no" | "unknown";
  why: string;
  by_packages: boolean;
  listener?: string;
  due: SoftwareDue | null;
}
export interface Vuln extends VulnRow {
  exposed: "yes" | "no" | "unknown";
  looked_at: number;
  hosts_total: number;
  advisories: { id: string; source: string; aliases: string[]; cvss: number | null; vector: string; modified: Time | null; licence: string }[];
  hosts: VulnHost[];
  affected: { product: Ref; version: string; supplier: string; owner: Ref | null; statement: string; components: number }[];
  affected_total: number;
}
export interface ReachNode {
  id: string;
  column: string;
  label: Text;
  count: number;
  folded: boolean;
  ref?: string;
}
export interface Reach {
  vuln: string;
  as_of: Time;
  feed_at: Time | null;
  totals: { components: number; products: number; releases: number; answered: number; assets: number; services: number; customers: number };
  nodes: ReachNode[];
  edges: { from: string; to: string; count: number }[];
}
export interface Upgrade {
  ecosystem: string;
  package: string;
  to: string;
  vulnerabilities: number;
  findings: number;
  kev: number;
  kev_unknown: number;
  share: number;
  share_so_far: number;
}
export interface Feeds {
  feeds: { name?: string; kind?: string; source?: string; licence?: string; date?: Time; records?: number; rejected?: number }[];
  passes: { at: Time; feed_at: Time | null; components: number; unknown: number; matches: number; opened: number; closed: number; duration_ms: number }[];
}

export interface Upload {
  id: string;
  kind: "sbom" | "vex";
  file: string;
  state: string;
  ended_at: Time | null;
  result: {
    why?: Text;
    product?: string;
    sbom?: string;
    known?: boolean | number;
    components?: number;
    new_components?: number;
    statements?: number;
    refused?: number;
    matched?: boolean;
    problems?: { fatal: number; error: number; warning: number; info: number };
    places?: { severity?: string; code?: string; place?: string; message?: Text }[];
  };
  found?: { version: string; components: number; unknown: number; vulnerabilities: number; kev: number };
}
