/** The visitor's list and answers as they come, over a stream that resumes where it was cut off. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { address, get, key, Problem } from "../common/api";
import { warm } from "./catalogue";
import { ranking, remembered } from "./ranking";
import { flush } from "./send";
import type { Answer, Item, List, Trending } from "./types";
import { visitor } from "./visitor";

const AGAIN_MS = 1000;
const ANSWERS_MAX = 50;
const CLICKS_MAX = 50;

export const connected = signal(false);
/** Whether the stream was open before: a page that is still loading is not offline. */
export const begun = signal(false);
export const offline = computed(() => begun.value && !connected.value);
export const list = signal<List | null>(null);
export const trending = signal<Trending | null>(null);
/** Answers by the id of their question. */
export const answers = signal<ReadonlyMap<string, Answer>>(new Map());
/** From the last click to the list that it changed, in milliseconds. */
export const clickToListMs = signal<number | null>(null);
/** Products that were not in the list before. */
export const entered = signal<ReadonlySet<string>>(new Set());

const clickedAt = new Map<string, number>();
let source: EventSource | undefined;
let last = "";
let listening = "";

/** Remember when the event with that id was caused, as `performance.now()` counts. */
export function clicked(eventId: string, at: number): void {
  clickedAt.set(eventId, at);
  if (clickedAt.size > CLICKS_MAX) clickedAt.delete(clickedAt.keys().next().value as string);
}

function took(next: List): void {
  const before = new Set(list.value?.items.map((item) => item.product_id));
  batch(() => {
    entered.value = new Set(next.items.map((item) => item.product_id).filter((id) => before.size && !before.has(id)));
    list.value = next;
  });
  performance.clearMarks("list");
  performance.mark("list", { detail: { id: last, cause: next.cause } });
}

/** Called when the list is drawn: measures from the click that caused it. */
export function drawn(of: List): void {
  const at = of.cause ? clickedAt.get(of.cause) : undefined;
  if (at === undefined) return;
  clickedAt.delete(of.cause as string);
  const measured = performance.measure("click to list", { start: at, end: performance.now() });
  clickToListMs.value = measured.duration;
}

function heard(kind: string, take: (data: string) => void): void {
  source?.addEventListener(kind, (event) => {
    const message = event as MessageEvent<string>;
    last = message.lastEventId;
    take(message.data);
  });
}

function open(): void {
  source?.close();
  const user = encodeURIComponent(visitor.value);
  source = new EventSource(
    address(`/v1/users/${user}/stream`, { key: key() ?? undefined, last_event_id: last || undefined }),
  );
  const mine = source;
  source.onopen = () => {
    connected.value = begun.value = true;
    void flush();
    void warm().catch(() => {});
    void fill();
  };
  source.onerror = () => {
    connected.value = false;
    begun.value = true;
    // A refusal ends an EventSource; a cut connection does not, it comes back by itself.
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => mine === source && open(), AGAIN_MS);
  };
  heard("recommendations", (data) => {
    // Who wants no personalised list gets what the gateway makes for such visitors.
    if (ranking.value === "personalised") took(JSON.parse(data) as List);
    else void renew();
  });
  heard("delete", () => {
    list.value = null;
    void fill();
  });
  heard("answer", (data) => {
    const answer = JSON.parse(data) as Answer;
    const held = new Map(answers.value).set(answer.cause, answer);
    if (held.size > ANSWERS_MAX) held.delete(held.keys().next().value as string);
    answers.value = held;
  });
}

/** What is popular, and a first list for who has none yet. */
async function fill(): Promise<void> {
  try {
    trending.value = await get<Trending>("/v1/trending");
  } catch (error) {
    if (!(error instanceof Problem)) return; // the stream says when the connection is back
  }
  if (!list.value) await renew();
}

/** Ask for the list as it is now. */
export async function renew(): Promise<void> {
  const before = list.value;
  const path = `/v1/users/${encodeURIComponent(visitor.value)}/recommendations`;
  const found = await get<List>(path, { count: 10 }).catch(() => null);
  if (!found || list.value !== before) return; // the stream was faster
  const items = found.items.map((item: Item) => ({ ...item, reason: item.reason ?? { code: "trending" } }));
  list.value = { ...found, items, fallback: found.fallback ?? "trending" };
}

/** Listen for the visitor that there is now. */
export function listen(): void {
  if (listening === visitor.value) return;
  listening = visitor.value;
  last = "";
  batch(() => {
    list.value = null;
    answers.value = new Map();
    clickToListMs.value = null;
    entered.value = new Set();
  });
  open();
  if (!navigator.onLine) connected.value = false;
}

// A list that came before it was known that the visitor wants none of that kind.
effect(() => {
  if (remembered.value === 0) return;
  // Untracked: the list that it asks for must not have it ask again.
  untracked(() => {
    if (ranking.value !== "personalised" && list.value) void renew();
  });
});
addEventListener("online", () => source && open());
addEventListener("offline", () => {
  connected.value = false;
});
// A browser opens six connections to a host: tabs that nobody sees must not hold them.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) source?.close();
  else if (source?.readyState === EventSource.CLOSED) open();
});
setInterval(() => {
  if (!list.value || !trending.value) void fill();
}, 2000);
