// Shopkeeper's gateway for browsers, Node 18+ and Deno. It sets no cookie, stores nothing, and sends
// no credentials of the page: who the user is, is what the page says.

export interface Reason { code: string; parameters?: Record<string, string>; text?: string }
export interface Item { product_id: string; score?: number; reason?: Reason; title?: string; [more: string]: unknown }
export interface List { items: Item[]; recomm_id?: string; fallback?: string; [more: string]: unknown }
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
/** Asked for before the answer was there: where it will be. */
export interface Pending { location: string }
export interface Options {
  /** A page's key or a user's token; a function is asked before each request. */
  key?: string | (() => string);
  /** Events wait so long for others, in milliseconds. */
  lingerMs?: number;
  /** What was not accepted, and why; without it, the console says so. */
  onError?: (error: Error, events: object[]) => void;
  /** `fetch` also where there is an EventSource: keeps the key out of addresses. */
  stream?: "eventsource" | "fetch";
}
export interface Context {
  product?: string; category?: string; exclude?: string[]; count?: number; placement?: string; language?: string;
}
export interface Subscription { close(): void; readonly lastEventId: string }

const BATCH = 50, WAITING_MAX = 1000, KEEPALIVE_BYTES = 60_000;  // browsers keep 64 KiB alive
const PAUSE_MS = 500, PAUSE_MS_MAX = 30_000, SILENCE_MS = 45_000;
const again = (status: number) => status === 429 || status >= 500;
const size = (text: string) => new TextEncoder().encode(text).length;

/** The gateway said no; `problem` is its document (RFC 9457). */
export class ProblemError extends Error {
  constructor(readonly status: number, readonly problem: Record<string, any>, readonly retryAfterMs = 0) {
    super(`${status} ${problem.title ?? ""}: ${problem.detail ?? ""}`);
  }
}

export class Shopkeeper {
  #url: string; #options: Options;
  #waiting: object[] = []; #timer: any; #sending: Promise<void> | undefined; #failures = 0;
  #left = new WeakSet<object>();  // sent as the page went: "hidden" and "pagehide" come one after the other

  constructor(url: string, options: Options = {}) {
    this.#url = url.replace(/\/$/, "");
    this.#options = options;
    const page = globalThis as any;
    if (page.document) {
      // Both: a page that is hidden may never be shown again; not all browsers say so on closing.
      page.addEventListener("pagehide", () => this.#leave());
      page.document.addEventListener("visibilitychange", () => page.document.hidden && this.#leave());
      page.addEventListener("online", () => void this.flush());
    }
  }

  /** Send an event soon, with others; its id. `data`: the fields of schemas/TYPE.json. */
  publish(type: string, data: object): string {
    const id = uuid();
    this.#waiting.push({ specversion: "1.0", id, source: "/page", type, time: new Date().toISOString(), data });
    if (this.#waiting.length > WAITING_MAX) this.#lost(new Error(`over ${WAITING_MAX} events wait`), this.#waiting.splice(0, 1));
    if (this.#waiting.length >= BATCH && !this.#failures) void this.flush();
    else this.#later(this.#options.lingerMs ?? 200);
    return id;
  }
  /** A product was clicked, perhaps in a list. */
  clicked(product_id: string, who: object, list?: List, position?: number): string {
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
      const batch = this.#waiting.slice(0, BATCH);
      try {
        const response = await this.#fetch("POST", "/v1/events", batch, { keepalive: size(JSON.stringify(batch)) < KEEPALIVE_BYTES });
        this.#refused(batch, (await response.json()).errors);
      } catch (error) {
        const problem = error instanceof ProblemError ? error : undefined;
        if (!problem || again(problem.status)) {
          this.#later(Math.max(problem?.retryAfterMs ?? 0, pause(++this.#failures)));
          return;
        }
        const errors = problem.problem.errors;
        if (Array.isArray(errors) && errors[0]?.index !== undefined) this.#refused(batch, errors);
        else this.#lost(problem, batch);
      }
      this.#failures = 0;
      this.#waiting = this.#waiting.filter((each) => !batch.includes(each));
    }
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
    const batch: object[] = []; let bytes = 2;
    for (const each of this.#waiting)
      if (!this.#left.has(each) && (bytes += size(JSON.stringify(each)) + 1) < KEEPALIVE_BYTES) batch.push(each);
    if (!batch.length) return;
    for (const each of batch) this.#left.add(each);
    const body = JSON.stringify(batch), url = this.#address("/v1/events", {}, true);
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
    const path = `/v1/users/${encodeURIComponent(user)}/stream`;
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
      on({ kind, id: lastEventId, data } as Update);
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
      source.onerror = () => {
        // It comes back by itself from a cut, but not from an answer that is no stream: ask why.
        if (source!.readyState !== 2 || end.signal.aborted) return;
        void read();
      };
    };
    const read = async (): Promise<void> => {
      try {
        await this.#read(path, lastEventId, end.signal, take);
      } catch (error) {
        if (error instanceof ProblemError && !again(error.status)) {
          if (onError) onError(error); else this.#lost(error, []);
          return;
        }
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
  recommendations(user: string, context: Context = {}): Promise<List> { return this.#get(`/v1/users/${encodeURIComponent(user)}/recommendations`, context); }
  similar(product: string): Promise<List> { return this.#get(`/v1/products/${encodeURIComponent(product)}/similar`); }
  sentiment(product: string): Promise<Record<string, any>> { return this.#get(`/v1/products/${encodeURIComponent(product)}/sentiment`); }
  /** Those of these products that are in the catalogue. */
  async products(ids: string[]): Promise<Product[]> { return ids.length ? (await this.#get("/v1/products", { id: ids })).products : []; }
  trending(category?: string): Promise<List> { return this.#get("/v1/trending", { category }); }
  segments(user?: string): Promise<Record<string, any>> { return this.#get("/v1/segments", { user }); }
  search(q: string, more: { user?: string; category?: string; count?: number; wait?: number; language?: string } = {}): Promise<List | Pending> { return this.#get("/v1/search", { q, ...more }); }
  async preference(user: string): Promise<Ranking> { return (await this.#get(`/v1/users/${encodeURIComponent(user)}/preference`)).ranking; }
  async setPreference(user: string, ranking: Ranking): Promise<void> { await this.#fetch("PUT", `/v1/users/${encodeURIComponent(user)}/preference`, { ranking }); }
  assumptions(user: string): Promise<Record<string, any>> { return this.#get(`/v1/users/${encodeURIComponent(user)}/assumptions`); }
  async forgetAssumptions(user: string): Promise<void> { await this.#fetch("DELETE", `/v1/users/${encodeURIComponent(user)}/assumptions`); }
  /** The answer, if it comes within `wait` seconds, else where it will be: `fetched`. */
  async ask(question: string, who: { user_id?: string; anonymous_id?: string; session_id?: string; product_id?: string; conversation_id?: string }, wait = 5): Promise<Answer | Pending> {
    return said(await this.#fetch("POST", `/v1/questions?wait=${wait}`, { question, ...who }));
  }
  /** What was pending, or undefined: it is not there yet. */
  async fetched<T = Answer | List>(pending: Pending): Promise<T | undefined> {
    return this.#get(pending.location).catch((error) => {
      if (error.status !== 404) throw error;
    });
  }

  async #get(path: string, params: object = {}): Promise<any> { return said(await this.#fetch("GET", this.#address(path, params).slice(this.#url.length))); }
  #address(path: string, params: object = {}, keyed = false): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each));
    const { key } = this.#options;
    if (keyed && key) query.set("key", typeof key === "function" ? key() : key);
    return this.#url + path + (query.size ?? [...query].length ? `?${query}` : "");
  }
  async #fetch(method: string, path: string, body?: unknown, more: { headers?: Record<string, string>; keepalive?: boolean; signal?: AbortSignal } = {}): Promise<Response> {
    const { key } = this.#options, headers: Record<string, string> = { ...more.headers };
    if (key) headers.Authorization = `Bearer ${typeof key === "function" ? key() : key}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(this.#url + path, { ...more, method, headers, credentials: "omit", ...(body !== undefined && { body: JSON.stringify(body) }) });
    if (response.ok) return response;
    throw new ProblemError(response.status, await response.json().catch(() => ({ title: response.statusText })), 1000 * (Number(response.headers.get("Retry-After")) || 0));
  }
}

const said = async (response: Response): Promise<any> => response.status === 202 ? { location: response.headers.get("Location") } : response.json();
const pause = (failures: number) => Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);
// randomUUID is only there on pages of https and localhost.
const uuid = (): string => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
