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
