/** Words for what the gateway names by a code, and for the demo's categories. */
import { computed } from "@preact/signals";
import { say, locale, type Both } from "../common/language";
import reasonTexts from "../common/reasons.json";
import type { Product } from "../common/types";
import { product, title } from "./catalogue";
import type { Reason } from "./types";

const CATEGORIES: Record<string, string> = {
  Phones: "手机",
  "Phone Cases": "手机壳",
  Chargers: "充电",
  Headphones: "耳机",
  Laptops: "电脑",
  "Desk & Keyboard": "桌面外设",
  Tents: "帐篷",
  "Sleeping Bags": "睡袋",
  "Camp Kitchen": "野炊",
  Hiking: "徒步",
  Running: "跑步",
  Coffee: "咖啡",
  Tea: "茶",
  Cookware: "厨具",
  Skincare: "护肤",
  Pets: "宠物",
};
export const LABELS: Record<string, Both> = {
  positive: ["positive", "好评"],
  neutral: ["neutral", "中评"],
  negative: ["negative", "差评"],
};

export const categoryName = (name: string): string => say([name, CATEGORIES[name] ?? name]);

/** Why a product is in the list, in the page's language: the gateway's texts, built in. */
export function reasonText(reason: Reason): string {
  const texts = (reasonTexts as Record<string, { en: string; zh: string }>)[reason.code];
  if (!texts) return reason.text ?? "";
  const about = reason.parameters?.["product_id"];
  return say([texts.en, texts.zh])
    .replace("{product}", () => (about ? title(product(about)) : ""))
    .replace("{category}", () => categoryName(reason.parameters?.["category"] ?? ""));
}

const formats = computed(() => new Map<string, Intl.NumberFormat>([[locale.value, new Intl.NumberFormat(locale.value)]]));
export function money(amount: number, currency: string | undefined): string {
  const held = formats.value;
  const name = currency ?? "";
  let format = held.get(name);
  if (!format) {
    try {
      format = new Intl.NumberFormat(locale.value, currency ? { style: "currency", currency } : {});
    } catch {
      format = new Intl.NumberFormat(locale.value); // a currency that no list has
    }
    held.set(name, format);
  }
  return format.format(amount);
}
export const price = (of: Product): string => (of.price === undefined ? "" : money(of.price, of.currency));

/** An attribute's key as words: `battery_life_hours` is "battery life hours". */
export const attributeName = (key: string): string => key.replace(/_/g, " ");
export function attributeValue(value: unknown): string {
  if (typeof value === "boolean") return say(value ? ["yes", "是"] : ["no", "否"]);
  if (Array.isArray(value)) return value.map(attributeValue).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
