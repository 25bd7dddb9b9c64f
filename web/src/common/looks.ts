/** Light, dark, or as the system has it: as the visitor chose. */
import { effect, signal } from "@preact/signals";
import type { Both } from "./language";

export const LOOKS: readonly (readonly [string, Both])[] = [
  ["system", ["System", "跟随系统"]],
  ["light", ["Light", "浅色"]],
  ["dark", ["Dark", "深色"]],
];
const KEPT = "shopkeeper.look";
const known = (name: string | null): string => (LOOKS.some(([each]) => each === name) ? (name as string) : "system");

export const look = signal(known(new URLSearchParams(location.search).get("theme") ?? localStorage.getItem(KEPT)));

export function wear(name: string): void {
  look.value = known(name);
  localStorage.setItem(KEPT, look.value);
}

effect(() => {
  if (look.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = look.value;
});
