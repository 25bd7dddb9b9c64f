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

/** What a domain says instead of some of the pages' texts, by the English one. */
export const words = signal<Record<string, { en: string; zh: string }>>({});

/** The text in the page's language and the domain's words; drawn again when either changes. */
export function say([en, zh]: Both): string {
  const own = Object.hasOwn(words.value, en) ? words.value[en] : undefined;
  return language.value === "zh" ? (own?.zh ?? zh) : (own?.en ?? en);
}

export const locale = computed(() => (language.value === "zh" ? "zh-CN" : "en-GB"));
