/** Numbers as people read them, in the page's language. */
import { locale, say } from "./language";

export const number = (value: number, digits = 0): string =>
  value.toLocaleString(locale.value, { maximumFractionDigits: digits });

/** A rate as people read it. */
export const rate = (perS: number): string =>
  say([`${number(perS, perS < 10 ? 1 : 0)}/s`, `${number(perS, perS < 10 ? 1 : 0)} 条/秒`]);

export const milliseconds = (ms: number | null): string => (ms === null ? "–" : `${number(ms)} ms`);
