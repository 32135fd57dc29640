/* The organisation somebody is looking at: ?org= in the URL, carried from view to view. */
import { computed } from "@preact/signals";
import { params } from "./router";

export const org = computed(() => params.value.get("org"));

export function withOrg(address: string): string {
  const id = org.value;
  return id ? `${address}${address.includes("?") ? "&" : "?"}org=${encodeURIComponent(id)}` : address;
}
