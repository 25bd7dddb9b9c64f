/** What the gateway answers, as far as the shop reads it. */
export interface Reason {
  code: string;
  parameters?: Record<string, string>;
  text?: string;
}
export interface Item {
  product_id: string;
  score?: number;
  reason?: Reason;
}
export interface List {
  items: Item[];
  recomm_id?: string;
  cause?: string;
  fallback?: string;
  ranking?: string;
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
export interface Answer {
  answer: string | null;
  confidence: number;
  route: string;
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
