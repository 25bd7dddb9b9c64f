// Shopkeeper's gateway for browsers, Node 18+ and Deno. It sets no cookie, stores nothing, and sends
// no credentials of the page: who the user is, is what the page says.

import type { Events, Who } from "./events.js";
export type { Events, Who } from "./events.js";

export interface Reason { code: string; parameters?: Record<string, string>; text?: string }
export interface Item { product_id: string; score?: number; reason?: Reason; title?: string; [more: string]: unknown }
/** `unknown_category`: asked for, and the catalogue has none of that name. */
export interface List { items: Item[]; recomm_id?: string; fallback?: string; unknown_category?: string; nearest_categories?: string[]; answer?: Answer; [more: string]: unknown }
export interface Answer { answer: string | null; cause?: string; route?: string; sources?: object[]; [more: string]: unknown }
/** `id`: pass it as `lastEventId` to go on behind this update. */
export type Update =
  | { kind: "recommendations"; id: string; data: List }
  | { kind: "answer"; id: string; data: Answer }
  | { kind: "delete"; id: string; data: object };
/** A product as the shop's catalogue has it. */
export interface Product {
  product_id: string; title: string; title_zh?: string; brand?: string; category?: string;
  price?: number; currency?: string; available?: boolean; attributes?: Record<string, unknown>;
}
export interface EventError { index: number; id: string; error: string; detail: string }
export type Ranking = "personalised" | "popular" | "newest";
/** What a customer wrote of a product, and what the sentiment worker reads in it. */
export interface Review { review_id: string; label: string; time: string; language: string; [more: string]: unknown }
/** Asked for before the answer was there: where it will be. */
export interface Pending { location: string }
export interface Options {
  /** A page's key or a user's token; a function is asked before each request. */
  key?: string | (() => string);
  /** Events wait so long for others, in milliseconds. */
  lingerMs?: number;
  /** What was not accepted, and why; no events: what came in between, once, while all of them wait.
   * Without it, the console says so. */
  onError?: (error: Error, events: object[]) => void;
  /** `fetch` also where there is an EventSource: keeps the key out of addresses. */
  stream?: "eventsource" | "fetch";
}
/** `signal` cancels a request: `AbortSignal.timeout(2000)`, or an AbortController's. */
export interface Call { signal?: AbortSignal | undefined }
export interface Context extends Call {
  product?: string; category?: string; exclude?: string[]; count?: number; placement?: string; language?: string;
}
export interface Subscription { close(): void; readonly lastEventId: string }

interface Waiting { text: string; event: object }

const BATCH = 50, WAITING_MAX = 1000, KEEPALIVE_BYTES = 60_000;  // browsers keep 64 KiB alive
const PAUSE_MS = 500, PAUSE_MS_MAX = 30_000, SILENCE_MS = 45_000;
const again = ({ status, problem }: ProblemError) => status === 429 || status >= 500 || problem.status === undefined;
const size = (text: string) => new TextEncoder().encode(text).length;

/** The gateway said no; `problem` is its document (RFC 9457), without a `status` where the reply is no gateway's. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  constructor(readonly status: number, readonly problem: Record<string, any>, readonly retryAfterMs = 0) {
    super(`${status} ${problem.title ?? ""}: ${problem.detail ?? ""}`);
  }
}
/** No reply came: nobody is there, or the browser keeps the reply from this page. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  constructor(readonly url: string, override readonly cause: any) {
    super(`no reply from ${url} (${cause?.cause?.message || cause?.message || "cut"}): is a gateway there?` + ("document" in globalThis ? " For a page of another origin GATEWAY_ORIGINS has to name it." : ""));
  }
}

export class Shopkeeper {
  #url: string; #options: Options;
  #waiting: Waiting[] = []; #timer: any; #sending: Promise<void> | undefined; #failures = 0; #most = BATCH; #told = new Set<string>();
  #left = new WeakSet<object>();  // sent as the page went: "hidden" and "pagehide" come one after the other

  /** `url`: where the gateway is; in pages also a path of the page's own host. Throws TypeError. */
  constructor(url: string, options: Options = {}) {
    this.#url = address(url);
    this.#options = options;
    const page = globalThis as any;
    if (page.document) {
      // Both: a page that is hidden may never be shown again; not all browsers say so on closing.
      page.addEventListener("pagehide", () => this.#leave());
      page.document.addEventListener("visibilitychange", () => page.document.hidden && this.#leave());
      page.addEventListener("online", () => void this.flush());
    }
  }

  /** Send an event soon, with others; its id. `data`: the fields of schemas/TYPE.json. Throws TypeError for what is no JSON. */
  publish<T extends string>(type: T, data: T extends keyof Events ? Events[T] : object): string {
    const id = uuid(), event = { specversion: "1.0", id, source: "/page", type, time: new Date().toISOString(), data };
    this.#waiting.push({ text: JSON.stringify(event), event });
    if (this.#waiting.length > WAITING_MAX) this.#lost(new Error(`over ${WAITING_MAX} events wait`), [this.#waiting.shift()!.event]);
    if (this.#waiting.length >= BATCH && !this.#failures) void this.flush();
    else this.#later(this.#options.lingerMs ?? 200);
    return id;
  }
  /** A product was clicked, perhaps in a list. */
  clicked(product_id: string, who: Who, list?: List, position?: number): string {
    return this.publish("product.clicked.v1", { ...who, product_id, ...(list?.recomm_id && { recomm_id: list.recomm_id }), ...(position !== undefined && { position }) });
  }
  /** Send what waits. What cannot be sent now stays, with its ids, and is tried again. */
  flush(): Promise<void> {
    return (this.#sending ??= this.#flush().finally(() => (this.#sending = undefined)));
  }
  /** How many events wait. */
  get waiting(): number { return this.#waiting.length }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer); this.#timer = undefined;
    while (this.#waiting.length) {
      const batch = this.#batch(this.#most), body = `[${batch.map((each) => each.text)}]`;
      const events = batch.map((each) => each.event);
      try {
        const response = await this.#fetch("POST", "/v1/events", body, { keepalive: size(body) < KEEPALIVE_BYTES });
        this.#refused(events, (await said(response)).errors);
        this.#most = BATCH; this.#told.delete("events");
      } catch (error) {
        const problem = error instanceof ProblemError ? error : undefined;
        if (problem?.status === 413 && batch.length > 1) {  // one that is too large takes no other along
          this.#most = batch.length >> 1;
          continue;
        }
        if (!problem || problem.status !== 413 && again(problem)) {
          this.#away("events", error as Error);
          this.#later(Math.max(problem?.retryAfterMs ?? 0, pause(++this.#failures)));
          return;
        }
        const errors = problem.problem.errors;
        if (Array.isArray(errors) && errors[0]?.index !== undefined) this.#refused(events, errors);
        else this.#lost(problem, events);
      }
      this.#failures = 0;
      this.#waiting = this.#waiting.filter((each) => !batch.includes(each));
    }
  }
  // As many as a request holds that outlives its page; one that is larger goes alone.
  #batch(most: number, of = this.#waiting): Waiting[] {
    let bytes = 2;
    const end = of.findIndex((each, place) => place >= most || (bytes += size(each.text) + 1) >= KEEPALIVE_BYTES);
    return of.slice(0, end < 0 ? of.length : end || 1);  // a copy: more is published meanwhile
  }
  // Once until it works again: what waits is not lost.
  #away(what: string, error: Error): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#lost(Object.assign(error, { message: `${error.message} (tried again; events that wait: ${this.#waiting.length})` }), []);
  }
  #later(ms: number): void { this.#timer ??= setTimeout(() => void this.flush(), ms); }
  #refused(batch: any[], errors: any[] = []): void {
    for (const each of errors) {
      const event = batch[each.index];
      this.#lost(Object.assign(new Error(`${event?.type} ${event?.id}: ${each.error}: ${each.detail}`), { ...each, id: event?.id }), [event]);
    }
  }
  #lost(error: Error, events: object[]): void {
    if (this.#options.onError) this.#options.onError(error, events);
    else console.error("shopkeeper:", error.message);
  }
  // The page goes: what waits, in a request that outlives it. The type makes it one that is not asked
  // for leave (CORS). The events stay as well: if the page comes back, they go again with their ids.
  #leave(): void {
    const batch = this.#batch(WAITING_MAX, this.#waiting.filter((each) => !this.#left.has(each) && size(each.text) < KEEPALIVE_BYTES - 9));
    const body = `[${batch.map((each) => each.text)}]`, url = this.#address("/v1/events", {}, true);
    if (!batch.length) return;
    for (const each of batch) this.#left.add(each);
    const request = { method: "POST", body, keepalive: true, credentials: "omit", headers: { "Content-Type": "text/plain" } } as const;
    if ("keepalive" in Request.prototype) {
      fetch(url, request).then((response) => {
        if (response.ok) this.#waiting = this.#waiting.filter((each) => !batch.includes(each));
      }, () => {
        for (const each of batch) this.#left.delete(each);
        this.#later(PAUSE_MS);
      });
    } else navigator.sendBeacon(url, body);
  }

  /** The user's lists and answers as they come, over cuts, none missed or doubled. */
  subscribe(user: string, on: (update: Update) => void, { lastEventId = "", onError }: { lastEventId?: string; onError?: (error: Error) => void } = {}): Subscription {
    const path = at("users", user, "stream");
    const seen = new Set<string>(), end = new AbortController();
    let source: EventSource | undefined, failures = 0;
    const take = (kind: string, id: string, text: string) => {
      failures = 0;
      lastEventId = id || lastEventId;
      if (!text || !["recommendations", "answer", "delete"].includes(kind)) return;
      const data = JSON.parse(text), name = data.recomm_id ?? (kind === "answer" ? data.cause : undefined);
      if (kind === "delete") seen.clear();
      else if (name !== undefined) {
        if (seen.has(kind + name)) return;  // a gateway that lost our place gives the current list again
        if (seen.add(kind + name).size > 256) seen.delete(seen.values().next().value!);
      }
      try { on({ kind, id: lastEventId, data } as Update) } catch (error) { this.#lost(error as Error, []) }  // the page's, not the stream's
    };
    const retry = (open: () => void) => {
      const timer = setTimeout(open, pause(++failures));
      end.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    };
    const listen = () => {
      const query: Record<string, string> = lastEventId ? { last_event_id: lastEventId } : {};
      source = new EventSource(this.#address(path, query, true));
      for (const kind of ["recommendations", "answer", "delete"])
        source.addEventListener(kind, (event) => take(kind, (event as MessageEvent).lastEventId, (event as MessageEvent).data));
      source.onopen = () => { failures = 0; this.#told.delete(path) };
      source.onerror = () => {
        if (++failures > 1) this.#away(path, new UnreachableError(this.#url + path, undefined));  // a cut alone is none
        // It comes back by itself from a cut, but not from an answer that is no stream: ask why.
        if (source!.readyState !== 2 || end.signal.aborted) return;
        void read();
      };
    };
    const read = async (): Promise<void> => {
      try {
        await this.#read(path, lastEventId, end.signal, take);
      } catch (error) {
        if (error instanceof ProblemError && !again(error)) {
          if (onError) onError(error); else this.#lost(error, []);
          return;
        }
        if (!end.signal.aborted && (error instanceof ProblemError || error instanceof UnreachableError)) this.#away(path, error);
      }
      if (!end.signal.aborted) retry(() => void read());
    };
    if ("EventSource" in globalThis && "document" in globalThis && this.#options.stream !== "fetch") listen();
    else void read();
    return { close() { end.abort(); source?.close(); }, get lastEventId() { return lastEventId } };
  }
  async #read(path: string, last: string, signal: AbortSignal, take: (kind: string, id: string, data: string) => void): Promise<void> {
    const silent = new AbortController(), stop = () => silent.abort();
    signal.addEventListener("abort", stop, { once: true });
    let timer = setTimeout(stop, SILENCE_MS);
    try {
      const headers: Record<string, string> = last ? { "Last-Event-ID": last } : {};
      const response = await this.#fetch("GET", path, undefined, { headers, signal: silent.signal });
      this.#told.delete(path);
      const reader = response.body!.getReader(), decoder = new TextDecoder();
      let rest = "", id = last, kind = "", data: string[] = [];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer); timer = setTimeout(stop, SILENCE_MS);
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = lines.pop()!;
        for (const line of lines.map((each) => each.replace(/\r$/, ""))) {
          const [, name, text = ""] = /^([^:]*):? ?(.*)$/s.exec(line)!;
          if (!line) { take(kind, id, data.join("\n")); kind = ""; data = []; }
          else if (name === "event") kind = text;
          else if (name === "id") id = text;
          else if (name === "data") data.push(text);
        }
      }
    } finally { clearTimeout(timer); signal.removeEventListener("abort", stop); }
  }

  /** The user's list, or one for this request's context. */
  recommendations(user: string, context: Context = {}): Promise<List> { return this.#get(() => at("users", user, "recommendations"), context); }
  similar(product: string, call: Call & { count?: number } = {}): Promise<List> { return this.#get(() => at("products", product, "similar"), call); }
  sentiment(product: string, call: Call = {}): Promise<Record<string, any>> { return this.#get(() => at("products", product, "sentiment"), call); }
  /** What the newest reviews of a product say, each with its sentiment. */
  async reviews(product: string, call: Call = {}): Promise<Review[]> { return (await this.#get(() => at("products", product, "reviews"), call)).reviews; }
  /** Those of these products that are in the catalogue. */
  async products(ids: string[], call: Call = {}): Promise<Product[]> { return ids.length ? (await this.#get("/v1/products", { id: ids, ...call })).products : []; }
  async categories(call: Call = {}): Promise<{ category: string; products: number }[]> { return (await this.#get("/v1/categories", call)).categories; }
  trending(category?: string, call: Call & { count?: number } = {}): Promise<List> { return this.#get("/v1/trending", { category, ...call }); }
  segments(user?: string, call: Call = {}): Promise<Record<string, any>> { return this.#get("/v1/segments", { user, ...call }); }
  search(q: string, more: Call & { user?: string; category?: string; count?: number; wait?: number; language?: string } = {}): Promise<List | Pending> { return this.#get("/v1/search", { q, ...more }); }
  async preference(user: string, call: Call = {}): Promise<Ranking> { return (await this.#get(() => at("users", user, "preference"), call)).ranking; }
  async setPreference(user: string, ranking: Ranking, call: Call = {}): Promise<void> { await this.#fetch("PUT", at("users", user, "preference"), JSON.stringify({ ranking }), call); }
  assumptions(user: string, call: Call = {}): Promise<Record<string, any>> { return this.#get(() => at("users", user, "assumptions"), call); }
  async forgetAssumptions(user: string, call: Call = {}): Promise<void> { await this.#fetch("DELETE", at("users", user, "assumptions"), undefined, call); }
  /** The answer, if it comes within `wait` seconds, else where it will be: `fetched`. */
  async ask(question: string, who: Who & { product_id?: string; conversation_id?: string }, wait = 5, call: Call = {}): Promise<Answer | Pending> {
    return said(await this.#fetch("POST", `/v1/questions?wait=${wait}`, JSON.stringify({ question, ...who }), call));
  }
  /** What was pending, or undefined: it is not there yet. What was there at once comes back as it is. */
  async fetched<T = Answer | List>(pending: Pending | T, call: Call = {}): Promise<T | undefined> {
    const { location } = pending as Pending;
    return location === undefined ? pending as T : this.#get(location, call).catch((error) => {
      if (error.status !== 404) throw error;
    });
  }

  async #get<P extends Call>(path: string | (() => string), more?: P): Promise<any> {
    const { signal, ...params } = more ?? {} as P;
    return said(await this.#fetch("GET", this.#address(typeof path === "string" ? path : path(), params).slice(this.#url.length), undefined, { signal }));
  }
  #address(path: string, params: object = {}, keyed = false): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each));
    const { key } = this.#options;
    if (keyed && key) query.set("key", typeof key === "function" ? key() : key);
    return this.#url + path + (query.size ?? [...query].length ? `?${query}` : "");
  }
  async #fetch(method: string, path: string, body?: string, { signal, ...more }: Call & { headers?: Record<string, string>; keepalive?: boolean } = {}): Promise<Response> {
    const { key } = this.#options, headers: Record<string, string> = { ...more.headers }, url = this.#url + path;
    if (key) headers.Authorization = `Bearer ${typeof key === "function" ? key() : key}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(url, { ...more, method, headers, credentials: "omit", ...(signal && { signal }), ...(body !== undefined && { body }) }).catch((error) => {
      throw signal?.aborted ? error : new UnreachableError(url, error);
    });
    if (response.ok) return response;
    throw new ProblemError(response.status, await response.json().catch(() => foreign(response)), 1000 * (Number(response.headers.get("Retry-After")) || 0));
  }
}

/** The address without its last slash. Throws TypeError for what is none of a gateway. */
function address(url: string): string {
  const base = (globalThis as any).document?.baseURI, text = String(url ?? (base ? "?" : ""));
  try {
    const { protocol, search, hash } = new URL(text, base);
    if (/^https?:$/.test(protocol) && !search && !hash) return text.replace(/\/+$/, "");
  } catch { /* said below */ }
  throw new TypeError(`${JSON.stringify(url)} is no address of a gateway: write it as https://shop.example or http://localhost:8080`);
}
/** A path with an id in it. Throws TypeError. */
function at(of: string, id: string, what: string): string {
  if (typeof id !== "string" || !id || /\/|^\.\.?$/.test(id)) throw new TypeError(`${JSON.stringify(id)} is no id of ${of}: a text, not empty, without a slash`);
  return `/v1/${of}/${encodeURIComponent(id)}/${what}`;
}
const foreign = (response: Response) => ({ title: response.statusText, detail: `no gateway's reply, but ${response.headers.get("Content-Type")}, from ${response.url}` });
const said = async (response: Response): Promise<any> => response.status === 202 && response.headers.has("Location")
  ? { location: response.headers.get("Location") }
  : response.json().catch((error) => { throw error instanceof SyntaxError ? new ProblemError(response.status, foreign(response)) : error });
const pause = (failures: number) => Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);
// randomUUID is only there on pages of https and localhost.
const uuid = (): string => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
