/* Shapes of the part of the API about the network. */
import type { Ref, Time, Value } from "./types";

export interface Telescope {
  asset: Ref;
  name: string;
  at: Time | null;
  first: string;
  last: string;
  packets: number;
  sources: number;
  addresses: number;
  victims: number;
  malformed: number;
  countries: { country: string | null; sources: number; packets: number }[];
  networks: { asn: number; organisation: string; sources: number; packets: number }[];
}
export interface HeatPort {
  telescope: string;
  proto: string;
  port: number;
  packets: number;
  sources: number;
  today: number;
  hours: { at: Time; packets: number; sources: number }[];
}
export interface NetworkNow {
  telescopes: Telescope[];
  ports: HeatPort[];
  ports_total: number;
  campaigns: number;
  members: number;
  victims: number;
  surges: number;
  suspects: number;
  exporters: number;
}
/* An observation of a telescope or of flows; fields as the module declares them. */
export interface NetworkRow {
  id: string;
  subject: string;
  at: Time | null;
  asset: Ref;
  fields: Record<string, Value>;
}

export const text = (r: NetworkRow, field: string): string => {
  const v = r.fields[field];
  return typeof v === "string" ? v : "";
};
export const count = (r: NetworkRow, field: string): number => {
  const v = r.fields[field];
  return typeof v === "number" ? v : 0;
};

/* ---- stored flows ---- */

export interface FlowRow {
  first: Time;
  duration_ms: number;
  src: string;
  sport: number;
  dst: string;
  dport: number;
  proto: number;
  flags: number;
  packets: number;
  bytes: number;
  packets_back?: number;
  bytes_back?: number;
  state: string;
  exporter: number;
}
interface Sums {
  flows: number;
  packets: number;
  bytes: number;
}
export interface FlowsTop extends Sums {
  looked_at: number;
  damaged_blocks: number;
  places?: boolean;
  rows: (Sums & Record<string, string | number>)[];
}
export interface FlowsTimeline {
  bin_seconds: number;
  bins: (Sums & { at: Time })[];
}
export interface ShapeBar {
  from: number;
  to?: number;
  n: number;
}
export interface FlowsShape {
  flows: number;
  drawn: number;
  bytes: number;
  bytes_back: number;
  failed: number;
  first: Time | null;
  last: Time | null;
  bin_seconds?: number;
  bins?: { at: Time; flows: number; bytes: number; bytes_back: number }[];
  contacts?: number;
  interval_seconds?: number;
  dispersion?: number;
  intervals?: ShapeBar[];
  sizes?: ShapeBar[];
}
export interface NetworkSuspect extends NetworkRow {
  filter: string;
  may_judge: boolean;
}
