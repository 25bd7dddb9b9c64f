/** What the gateway answers, as far as the shop reads it: as the JavaScript client declares it, and
 * what this page looks at besides. */
import type * as Client from "../../../clients/javascript/lib/shopkeeper";

export type { Item, Ranking, Reason } from "../../../clients/javascript/lib/shopkeeper";
export interface List extends Client.List {
  cause?: string;
}
export interface Trending {
  scope: string;
  items: { product_id: string; score: number }[];
}
export interface Source {
  id: string;
  kind: string;
  quote: string;
  title?: string;
  url?: string;
}
export interface Answer extends Client.Answer {
  language: string;
  cause: string;
  event_type: string;
  sources?: Source[];
  abstained?: string;
  conversation_id?: string;
  product_id?: string;
  handover?: { reason: string; summary: string };
  next?: string[];
  products?: string[];
}
export interface Opinion {
  aspect: string;
  polarity: "positive" | "negative";
}
export interface Review {
  review_id: string;
  time: string;
  label: "positive" | "neutral" | "negative";
  language: string;
  opinions: Opinion[];
  sentences: { text: string; opinions: Opinion[] }[];
}
export interface Sentiment {
  count: number;
  mean: number;
  positive: number;
  neutral: number;
  negative: number;
  praised?: string[];
  criticised?: string[];
  summary?: string;
}
