/** The cart of this visitor, kept in the browser. */
import { computed, effect, signal } from "@preact/signals";
import type { Product } from "../common/types";
import { product } from "./catalogue";
import { list } from "./live";
import { send } from "./send";
import { fresh, visitor } from "./visitor";

const KEPT = "shopkeeper.cart";
export interface Line {
  product_id: string;
  quantity: number;
}

function read(): Line[] {
  try {
    const held = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as { visitor?: string; lines?: Line[] };
    return held.visitor === visitor.value && Array.isArray(held.lines) ? held.lines : [];
  } catch {
    return [];
  }
}

export const cart = signal<Line[]>(read());
/** Id of the order that was placed last, until something else goes into the cart. */
export const ordered = signal<string | null>(null);
export const count = computed(() => cart.value.reduce((sum, line) => sum + line.quantity, 0));

effect(() => {
  localStorage.setItem(KEPT, JSON.stringify({ visitor: visitor.value, lines: cart.value }));
});

const priced = (of: Product) => (of.price === undefined ? {} : { price: of.price });
const from = () => (list.value?.recomm_id ? { recomm_id: list.value.recomm_id } : {});

export function add(of: Product): string {
  const held = cart.value.find((line) => line.product_id === of.product_id);
  cart.value = held
    ? cart.value.map((line) => (line === held ? { ...line, quantity: line.quantity + 1 } : line))
    : [...cart.value, { product_id: of.product_id, quantity: 1 }];
  ordered.value = null;
  return send("product.added", { product_id: of.product_id, quantity: 1, ...priced(of) });
}

export function remove(line: Line): void {
  cart.value = cart.value.filter((each) => each !== line);
  send("product.removed", { product_id: line.product_id, quantity: line.quantity });
}

export function order(): void {
  const id = fresh("order");
  const lines = cart.value.map((line) => ({ ...line, ...priced(product(line.product_id)) }));
  const currency = cart.value.map((line) => product(line.product_id).currency).find(Boolean);
  send("order.completed", { order_id: id, products: lines, total: total(), ...(currency ? { currency } : {}), ...from() });
  cart.value = [];
  ordered.value = id;
}

export const total = (): number =>
  cart.value.reduce((sum, line) => sum + line.quantity * (product(line.product_id).price ?? 0), 0);
