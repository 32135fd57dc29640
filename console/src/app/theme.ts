import { signal } from "@preact/signals";
import { recall, remember } from "./i18n";

export type Theme = "system" | "light" | "dark";
const kept = recall("hinomi.theme");
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");

export function setTheme(value: Theme): void {
  theme.value = value;
  remember("hinomi.theme", value);
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
}
/* What is on the screen now, whichever way it was chosen. */
export function dark(): boolean {
  return theme.value === "dark" || (theme.value === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
}
