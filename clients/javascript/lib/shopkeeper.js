// Shopkeeper's gateway for browsers, Node 18+ and Deno. It sets no cookie, stores nothing, and sends
// no credentials of the page: who the user is, is what the page says.
const BATCH = 50, WAITING_MAX = 1000, KEEPALIVE_BYTES = 60_000; // browsers keep 64 KiB alive
const PAUSE_MS = 500, PAUSE_MS_MAX = 30_000, SILENCE_MS = 45_000;
const again = (status) => status === 429 || status >= 500;
const size = (text) => new TextEncoder().encode(text).length;
/** The gateway said no; `problem` is its document (RFC 9457). */
export class ProblemError extends Error {
    status;
    problem;
    retryAfterMs;
    constructor(status, problem, retryAfterMs = 0) {
        super(`${status} ${problem.title ?? ""}: ${problem.detail ?? ""}`);
        this.status = status;
        this.problem = problem;
        this.retryAfterMs = retryAfterMs;
    }
}
export class Shopkeeper {
    #url;
    #options;
    #waiting = [];
    #timer;
    #sending;
    #failures = 0;
    #left = new WeakSet(); // sent as the page went: "hidden" and "pagehide" come one after the other
    constructor(url, options = {}) {
        this.#url = url.replace(/\/$/, "");
        this.#options = options;
        const page = globalThis;
        if (page.document) {
            // Both: a page that is hidden may never be shown again; not all browsers say so on closing.
            page.addEventListener("pagehide", () => this.#leave());
            page.document.addEventListener("visibilitychange", () => page.document.hidden && this.#leave());
            page.addEventListener("online", () => void this.flush());
        }
    }
    /** Send an event soon, with others; its id. `data`: the fields of schemas/TYPE.json. */
    publish(type, data) {
        const id = uuid();
        this.#waiting.push({ specversion: "1.0", id, source: "/page", type, time: new Date().toISOString(), data });
        if (this.#waiting.length > WAITING_MAX)
            this.#lost(new Error(`over ${WAITING_MAX} events wait`), this.#waiting.splice(0, 1));
        if (this.#waiting.length >= BATCH && !this.#failures)
            void this.flush();
        else
            this.#later(this.#options.lingerMs ?? 200);
        return id;
    }
    /** A product was clicked, perhaps in a list. */
    clicked(product_id, who, list, position) {
        return this.publish("product.clicked.v1", { ...who, product_id, ...(list?.recomm_id && { recomm_id: list.recomm_id }), ...(position !== undefined && { position }) });
    }
    /** Send what waits. What cannot be sent now stays, with its ids, and is tried again. */
    flush() {
        return (this.#sending ??= this.#flush().finally(() => (this.#sending = undefined)));
    }
    /** How many events wait. */
    get waiting() { return this.#waiting.length; }
    async #flush() {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        while (this.#waiting.length) {
            const batch = this.#waiting.slice(0, BATCH);
            try {
                const response = await this.#fetch("POST", "/v1/events", batch, { keepalive: size(JSON.stringify(batch)) < KEEPALIVE_BYTES });
                this.#refused(batch, (await response.json()).errors);
            }
            catch (error) {
                const problem = error instanceof ProblemError ? error : undefined;
                if (!problem || again(problem.status)) {
                    this.#later(Math.max(problem?.retryAfterMs ?? 0, pause(++this.#failures)));
                    return;
                }
                const errors = problem.problem.errors;
                if (Array.isArray(errors) && errors[0]?.index !== undefined)
                    this.#refused(batch, errors);
                else
                    this.#lost(problem, batch);
            }
            this.#failures = 0;
            this.#waiting = this.#waiting.filter((each) => !batch.includes(each));
        }
    }
    #later(ms) { this.#timer ??= setTimeout(() => void this.flush(), ms); }
    #refused(batch, errors = []) {
        for (const each of errors) {
            const event = batch[each.index];
            this.#lost(Object.assign(new Error(`${event?.type} ${event?.id}: ${each.error}: ${each.detail}`), { ...each, id: event?.id }), [event]);
        }
    }
    #lost(error, events) {
        if (this.#options.onError)
            this.#options.onError(error, events);
        else
            console.error("shopkeeper:", error.message);
    }
    // The page goes: what waits, in a request that outlives it. The type makes it one that is not asked
    // for leave (CORS). The events stay as well: if the page comes back, they go again with their ids.
    #leave() {
        const batch = [];
        let bytes = 2;
        for (const each of this.#waiting)
            if (!this.#left.has(each) && (bytes += size(JSON.stringify(each)) + 1) < KEEPALIVE_BYTES)
                batch.push(each);
        if (!batch.length)
            return;
        for (const each of batch)
            this.#left.add(each);
        const body = JSON.stringify(batch), url = this.#address("/v1/events", {}, true);
        const request = { method: "POST", body, keepalive: true, credentials: "omit", headers: { "Content-Type": "text/plain" } };
        if ("keepalive" in Request.prototype) {
            fetch(url, request).then((response) => {
                if (response.ok)
                    this.#waiting = this.#waiting.filter((each) => !batch.includes(each));
            }, () => {
                for (const each of batch)
                    this.#left.delete(each);
                this.#later(PAUSE_MS);
            });
        }
        else
            navigator.sendBeacon(url, body);
    }
    /** The user's lists and answers as they come, over cuts, none missed or doubled. */
    subscribe(user, on, { lastEventId = "", onError } = {}) {
        const path = `/v1/users/${encodeURIComponent(user)}/stream`;
        const seen = new Set(), end = new AbortController();
        let source, failures = 0;
        const take = (kind, id, text) => {
            failures = 0;
            lastEventId = id || lastEventId;
            if (!text || !["recommendations", "answer", "delete"].includes(kind))
                return;
            const data = JSON.parse(text), name = data.recomm_id ?? (kind === "answer" ? data.cause : undefined);
            if (kind === "delete")
                seen.clear();
            else if (name !== undefined) {
                if (seen.has(kind + name))
                    return; // a gateway that lost our place gives the current list again
                if (seen.add(kind + name).size > 256)
                    seen.delete(seen.values().next().value);
            }
            on({ kind, id: lastEventId, data });
        };
        const retry = (open) => {
            const timer = setTimeout(open, pause(++failures));
            end.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
        };
        const listen = () => {
            const query = lastEventId ? { last_event_id: lastEventId } : {};
            source = new EventSource(this.#address(path, query, true));
            for (const kind of ["recommendations", "answer", "delete"])
                source.addEventListener(kind, (event) => take(kind, event.lastEventId, event.data));
            source.onerror = () => {
                // It comes back by itself from a cut, but not from an answer that is no stream: ask why.
                if (source.readyState !== 2 || end.signal.aborted)
                    return;
                void read();
            };
        };
        const read = async () => {
            try {
                await this.#read(path, lastEventId, end.signal, take);
            }
            catch (error) {
                if (error instanceof ProblemError && !again(error.status)) {
                    if (onError)
                        onError(error);
                    else
                        this.#lost(error, []);
                    return;
                }
            }
            if (!end.signal.aborted)
                retry(() => void read());
        };
        if ("EventSource" in globalThis && "document" in globalThis && this.#options.stream !== "fetch")
            listen();
        else
            void read();
        return { close() { end.abort(); source?.close(); }, get lastEventId() { return lastEventId; } };
    }
    async #read(path, last, signal, take) {
        const silent = new AbortController(), stop = () => silent.abort();
        signal.addEventListener("abort", stop, { once: true });
        let timer = setTimeout(stop, SILENCE_MS);
        try {
            const headers = last ? { "Last-Event-ID": last } : {};
            const response = await this.#fetch("GET", path, undefined, { headers, signal: silent.signal });
            const reader = response.body.getReader(), decoder = new TextDecoder();
            let rest = "", id = last, kind = "", data = [];
            for (;;) {
                const { done, value } = await reader.read();
                if (done)
                    return;
                clearTimeout(timer);
                timer = setTimeout(stop, SILENCE_MS);
                const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
                rest = lines.pop();
                for (const line of lines.map((each) => each.replace(/\r$/, ""))) {
                    const [, name, text = ""] = /^([^:]*):? ?(.*)$/s.exec(line);
                    if (!line) {
                        take(kind, id, data.join("\n"));
                        kind = "";
                        data = [];
                    }
                    else if (name === "event")
                        kind = text;
                    else if (name === "id")
                        id = text;
                    else if (name === "data")
                        data.push(text);
                }
            }
        }
        finally {
            clearTimeout(timer);
            signal.removeEventListener("abort", stop);
        }
    }
    /** The user's list, or one for this request's context. */
    recommendations(user, context = {}) { return this.#get(`/v1/users/${encodeURIComponent(user)}/recommendations`, context); }
    similar(product) { return this.#get(`/v1/products/${encodeURIComponent(product)}/similar`); }
    sentiment(product) { return this.#get(`/v1/products/${encodeURIComponent(product)}/sentiment`); }
    /** Those of these products that are in the catalogue. */
    async products(ids) { return ids.length ? (await this.#get("/v1/products", { id: ids })).products : []; }
    trending(category) { return this.#get("/v1/trending", { category }); }
    segments(user) { return this.#get("/v1/segments", { user }); }
    search(q, more = {}) { return this.#get("/v1/search", { q, ...more }); }
    async preference(user) { return (await this.#get(`/v1/users/${encodeURIComponent(user)}/preference`)).ranking; }
    async setPreference(user, ranking) { await this.#fetch("PUT", `/v1/users/${encodeURIComponent(user)}/preference`, { ranking }); }
    assumptions(user) { return this.#get(`/v1/users/${encodeURIComponent(user)}/assumptions`); }
    async forgetAssumptions(user) { await this.#fetch("DELETE", `/v1/users/${encodeURIComponent(user)}/assumptions`); }
    /** The answer, if it comes within `wait` seconds, else where it will be: `fetched`. */
    async ask(question, who, wait = 5) {
        return said(await this.#fetch("POST", `/v1/questions?wait=${wait}`, { question, ...who }));
    }
    /** What was pending, or undefined: it is not there yet. */
    async fetched(pending) {
        return this.#get(pending.location).catch((error) => {
            if (error.status !== 404)
                throw error;
        });
    }
    async #get(path, params = {}) { return said(await this.#fetch("GET", this.#address(path, params).slice(this.#url.length))); }
    #address(path, params = {}, keyed = false) {
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(params))
            for (const each of [value].flat())
                if (each !== undefined)
                    query.append(name, String(each));
        const { key } = this.#options;
        if (keyed && key)
            query.set("key", typeof key === "function" ? key() : key);
        return this.#url + path + (query.size ?? [...query].length ? `?${query}` : "");
    }
    async #fetch(method, path, body, more = {}) {
        const { key } = this.#options, headers = { ...more.headers };
        if (key)
            headers.Authorization = `Bearer ${typeof key === "function" ? key() : key}`;
        if (body !== undefined)
            headers["Content-Type"] = "application/json";
        const response = await fetch(this.#url + path, { ...more, method, headers, credentials: "omit", ...(body !== undefined && { body: JSON.stringify(body) }) });
        if (response.ok)
            return response;
        throw new ProblemError(response.status, await response.json().catch(() => ({ title: response.statusText })), 1000 * (Number(response.headers.get("Retry-After")) || 0));
    }
}
const said = async (response) => response.status === 202 ? { location: response.headers.get("Location") } : response.json();
const pause = (failures) => Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);
// randomUUID is only there on pages of https and localhost.
const uuid = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
