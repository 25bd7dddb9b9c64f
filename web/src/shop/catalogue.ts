/** Products that the page knows, asked for as they are needed, many at once. */
import { signal, type Signal } from "@preact/signals";
import { get, key } from "../common/api";
import { language } from "../common/language";
import type { Product } from "../common/types";

export interface Category {
  category: string;
  products: number;
}
interface Page {
  products: Product[];
  next: string | null;
}

const ASKED_MAX = 100;
const KNOWN_MAX = 5000;
const WARM = 400;

const known = new Map<string, Signal<Product>>();
const wanted = new Set<string>();
let asking = false;

export const categories = signal<Category[]>([]);

function learn(product: Product): void {
  const held = known.get(product.product_id);
  if (held) held.value = product;
  else known.set(product.product_id, signal(product));
  if (known.size > KNOWN_MAX) known.delete(known.keys().next().value as string);
}

/** The product; by its id alone until more is known of it. */
export function product(id: string): Product {
  let held = known.get(id);
  if (!held) {
    held = signal<Product>({ product_id: id, title: id });
    known.set(id, held);
    wanted.add(id);
    queueMicrotask(() => void ask());
  }
  return held.value;
}

async function ask(): Promise<void> {
  if (asking) return;
  asking = true;
  while (wanted.size > 0) {
    const ids = [...wanted].slice(0, ASKED_MAX);
    const query = new URLSearchParams(ids.map((id) => ["id", id]));
    try {
      const headers: Record<string, string> = {};
      const secret = key();
      if (secret) headers["Authorization"] = `Bearer ${secret}`;
      const answer = await fetch(`/v1/products?${query}`, { headers });
      if (!answer.ok) break;
      ((await answer.json()) as Page).products.forEach(learn);
      ids.forEach((id) => wanted.delete(id));
    } catch {
      break; // asked again with the next product, or when the connection is back
    }
  }
  asking = false;
}

/** A page of a category; `after`: the id that the page before named. */
export async function shelf(category: string, after = ""): Promise<Page> {
  const page = await get<Page>("/v1/products", { category, after, count: 24 });
  page.products.forEach(learn);
  return page;
}

/** Ask for what is missing, and for the first products before anybody looks at them. */
export async function warm(): Promise<void> {
  void ask();
  if (categories.value.length > 0) return;
  categories.value = (await get<{ categories: Category[] }>("/v1/categories")).categories;
  let after = "";
  for (let count = 0; count < WARM; count += 200) {
    const page = await get<Page>("/v1/products", { after, count: 200 });
    page.products.forEach(learn);
    if (!page.next) break;
    after = page.next;
  }
}

export function title(of: Product): string {
  return (language.value === "zh" && of.title_zh) || of.title;
}
