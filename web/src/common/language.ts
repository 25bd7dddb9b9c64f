/** The page's language: as the visitor chose it, else the browser's. */
import { computed, signal } from "@preact/signals";

export type Language = "en" | "zh";
/** A text in both languages. */
export type Both = readonly [en: string, zh: string];

const KEPT = "shopkeeper.language";

function first(): Language {
  const asked = new URLSearchParams(location.search).get("language") ?? localStorage.getItem(KEPT);
  return (asked ?? navigator.language).startsWith("zh") ? "zh" : "en";
}

export const language = signal<Language>(first());

export function speak(next: Language): void {
  language.value = next;
  localStorage.setItem(KEPT, next);
}

/** The text in the page's language; drawn again when that changes. */
export function say([en, zh]: Both): string {
  return language.value === "zh" ? zh : en;
}

export const locale = computed(() => (language.value === "zh" ? "zh-CN" : "en-GB"));
