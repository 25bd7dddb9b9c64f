/** Words for what the gateway names by a code, and for the demo's categories. */
import { computed } from "@preact/signals";
import { domain } from "../common/domain";
import { say, locale, type Both } from "../common/language";
import reasonTexts from "../common/reasons.json";
import attributeTexts from "./attributes.json";
import type { Product } from "../common/types";
import { product, title } from "./catalogue";
import type { Reason } from "./types";
import valueTexts from "./values.json";

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

export const categoryName = (name: string): string =>
  say([name, domain.value?.categories[name] ?? CATEGORIES[name] ?? name]);

/** Why a product is in the list, in the page's language: the gateway's texts, built in. */
export function reasonText(reason: Reason): string {
  const texts = domain.value?.reasons[reason.code] ?? (reasonTexts as Record<string, { en: string; zh: string }>)[reason.code];
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

/** Of the demo's catalogue, as the answers service names them: English, Chinese, and the unit in both. */
const ATTRIBUTES = attributeTexts as unknown as Record<string, [en: string, zh: string, unit?: string, unit_zh?: string]>;
const VALUES: Record<string, string> = valueTexts;

/** An attribute's key as words; one that nobody knows, as it is written: "battery_kind" is "battery kind". */
export function attributeName(key: string): string {
  const own = domain.value?.attributes[key];
  if (own) return say([own.en, own.zh]);
  const known = ATTRIBUTES[key];
  return known ? say([known[0], known[1]]) : key.replace(/_/g, " ");
}

/** What a product has of that attribute, with its unit. */
export function attributeValue(key: string, value: unknown): string {
  if (typeof value === "boolean") return say(value ? ["yes", "是"] : ["no", "否"]);
  if (Array.isArray(value)) return value.map((each) => attributeValue(key, each)).join(say([", ", "、"]));
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  const own = domain.value?.attributes[key];
  const [unit, unitZh] = own ? [own.unit_en, own.unit_zh] : [ATTRIBUTES[key]?.[2] ?? "", ATTRIBUTES[key]?.[3] ?? ""];
  const text = String(value);
  return unit ? say([`${text} ${unit}`, `${text} ${unitZh}`]) : say([text, VALUES[text] ?? text]);
}
