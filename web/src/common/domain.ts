/** What the gateway's domain calls things: a shop's own words, where it has no pack. */
import { signal } from "@preact/signals";
import { get } from "./api";
import { say, words } from "./language";

interface Text {
  en: string;
  zh: string;
}
export interface Domain {
  name: Text;
  item: Text;
  /** What the pages say instead, by their English text. */
  words: Record<string, Text>;
  /** In Chinese, by the catalogue's name. */
  categories: Record<string, string>;
  attributes: Record<string, Text & { unit_en: string; unit_zh: string }>;
  /** Sentences by code. */
  reasons: Record<string, Text>;
}

export const domain = signal<Domain | null>(null);

/** Ask for the domain's words; without them the page speaks a shop's. */
export function learnDomain(): void {
  get<Domain>("/v1/domain")
    .then((said) => {
      domain.value = said;
      words.value = said.words;
    })
    .catch(() => {});
}

/** Whether no pack makes this another domain than a shop. */
export function isShop(): boolean {
  return domain.value === null || domain.value.name.en === "Shop";
}

/** "Shopkeeper · Finance"; of a shop "Shopkeeper" alone. */
export function siteName(): string {
  const name = domain.value?.name;
  return name && !isShop() ? `Shopkeeper · ${say([name.en, name.zh])}` : "Shopkeeper";
}
