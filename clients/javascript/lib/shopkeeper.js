// Shopkeeper's gateway for browsers, Node 18+ and Deno. It sets no cookie, stores nothing, and sends
// no credentials of the page: who the user is, is what the page says.
const BATCH = 50, WAITING_MAX = 1000, KEEPALIVE_BYTES = 60_000; // browsers keep 64 KiB alive
const PAUSE_MS = 500, PAUSE_MS_MAX = 30_000, SILENCE_MS = 45_000;
const again = ({ status, problem }) => status === 429 || status >= 500 || problem.status === undefined;
const size = (text) => new TextEncoder().encode(text).length;
/** The gateway said no; `problem` is its document (RFC 9457), without a `status` where the reply is no gateway's. */
export class ProblemError extends Error {
    status;
    problem;
    retryAfterMs;
    name = "ProblemError";
    constructor(status, problem, retryAfterMs = 0) {
        super(`${status} ${problem.title ?? ""}: ${problem.detail ?? ""}`);
        this.status = status;
        this.problem = problem;
        this.retryAfterMs = retryAfterMs;
    }
}
/** No reply came: nobody is there, or the browser keeps the reply from this page. */
export class UnreachableError extends Error {
    url;
    cause;
    name = "UnreachableError";
    constructor(url, cause) {
        super(`no reply from ${url} (${cause?.cause?.message || cause?.message || "cut"}): is a gateway there?` + ("document" in globalThis ? " For a page of another origin GATEWAY_ORIGINS has to name it." : ""));
        this.url = url;
        this.cause = cause;
    }
}
export class Shopkeeper {
    #url;
    #options;
    #waiting = [];
    #timer;
    #sending;
    #failures = 0;
    #most = BATCH;
    #told = new Set();
    #left = new WeakSet(); // sent as the page went: "hidden" and "pagehide" come one after the other
    /** `url`: where the gateway is; in pages also a path of the page's own host. Throws TypeError. */
    constructor(url, options = {}) {
        this.#url = address(url);
        this.#options = options;
        const page = globalThis;
        if (page.document) {
            // Both: a page that is hidden may never be shown again; not all browsers say so on closing.
            page.addEventListener("pagehide", () => this.#leave());
            page.document.addEventListener("visibilitychange", () => page.document.hidden && this.#leave());
            page.addEventListener("online", () => void this.flush());
        }
    }
    /** Send an event soon, with others; its id. `data`: the fields of schemas/TYPE.json. Throws TypeError for what is no JSON. */
    publish(type, data) {
        const id = uuid(), event = { specversion: "1.0", id, source: "/page", type, time: new Date().toISOString(), data };
        this.#waiting.push({ text: JSON.stringify(event), event });
        if (this.#waiting.length > WAITING_MAX)
            this.#lost(new Error(`over ${WAITING_MAX} events wait`), [this.#waiting.shift().event]);
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
            const batch = this.#batch(this.#most), body = `[${batch.map((each) => each.text)}]`;
            const events = batch.map((each) => each.event);
            try {
                const response = await this.#fetch("POST", "/v1/events", body, { keepalive: size(body) < KEEPALIVE_BYTES });
                this.#refused(events, (await said(response)).errors);
                this.#most = BATCH;
                this.#told.delete("events");
            }
            catch (error) {
                const problem = error instanceof ProblemError ? error : undefined;
                if (problem?.status === 413 && batch.length > 1) { // one that is too large takes no other along
                    this.#most = batch.length >> 1;
                    continue;
                }
                if (!problem || problem.status !== 413 && again(problem)) {
                    this.#away("events", error);
                    this.#later(Math.max(problem?.retryAfterMs ?? 0, pause(++this.#failures)));
                    return;
                }
                const errors = problem.problem.errors;
                if (Array.isArray(errors) && errors[0]?.index !== undefined)
                    this.#refused(events, errors);
                else
                    this.#lost(problem, events);
            }
            this.#failures = 0;
            this.#waiting = this.#waiting.filter((each) => !batch.includes(each));
        }
    }
    // As many as a request holds that outlives its page; one that is larger goes alone.
    #batch(most, of = this.#waiting) {
        let bytes = 2;
        const end = of.findIndex((each, place) => place >= most || (bytes += size(each.text) + 1) >= KEEPALIVE_BYTES);
        return of.slice(0, end < 0 ? of.length : end || 1); // a copy: more is published meanwhile
    }
    // Once until it works again: what waits is not lost.
    #away(what, error) {
        if (this.#told.has(what))
            return;
        this.#told.add(what);
        this.#lost(Object.assign(error, { message: `${error.message} (tried again; events that wait: ${this.#waiting.length})` }), []);
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
        const batch = this.#batch(WAITING_MAX, this.#waiting.filter((each) => !this.#left.has(each) && size(each.text) < KEEPALIVE_BYTES - 9));
        const body = `[${batch.map((each) => each.text)}]`, url = this.#address("/v1/events", {}, true);
        if (!batch.length)
            return;
        for (const each of batch)
            this.#left.add(each);
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
        const path = at("users", user, "stream");
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
            try {
                on({ kind, id: lastEventId, data });
            }
            catch (error) {
                this.#lost(error, []);
            } // the page's, not the stream's
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
            source.onopen = () => { failures = 0; this.#told.delete(path); };
            source.onerror = () => {
                if (++failures > 1)
                    this.#away(path, new UnreachableError(this.#url + path, undefined)); // a cut alone is none
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
                if (error instanceof ProblemError && !again(error)) {
                    if (onError)
                        onError(error);
                    else
                        this.#lost(error, []);
                    return;
                }
                if (!end.signal.aborted && (error instanceof ProblemError || error instanceof UnreachableError))
                    this.#away(path, error);
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
            this.#told.delete(path);
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
    recommendations(user, context = {}) { return this.#get(() => at("users", user, "recommendations"), context); }
    similar(product, call = {}) { return this.#get(() => at("products", product, "similar"), call); }
    sentiment(product, call = {}) { return this.#get(() => at("products", product, "sentiment"), call); }
    /** What the newest reviews of a product say, each with its sentiment. */
    async reviews(product, call = {}) { return (await this.#get(() => at("products", product, "reviews"), call)).reviews; }
    /** Those of these products that are in the catalogue. */
    async products(ids, call = {}) { return ids.length ? (await this.#get("/v1/products", { id: ids, ...call })).products : []; }
    async categories(call = {}) { return (await this.#get("/v1/categories", call)).categories; }
    trending(category, call = {}) { return this.#get("/v1/trending", { category, ...call }); }
    segments(user, call = {}) { return this.#get("/v1/segments", { user, ...call }); }
    search(q, more = {}) { return this.#get("/v1/search", { q, ...more }); }
    async preference(user, call = {}) { return (await this.#get(() => at("users", user, "preference"), call)).ranking; }
    async setPreference(user, ranking, call = {}) { await this.#fetch("PUT", at("users", user, "preference"), JSON.stringify({ ranking }), call); }
    assumptions(user, call = {}) { return this.#get(() => at("users", user, "assumptions"), call); }
    async forgetAssumptions(user, call = {}) { await this.#fetch("DELETE", at("users", user, "assumptions"), undefined, call); }
    /** The answer, if it comes within `wait` seconds, else where it will be: `fetched`. */
    async ask(question, who, wait = 5, call = {}) {
        return said(await this.#fetch("POST", `/v1/questions?wait=${wait}`, JSON.stringify({ question, ...who }), call));
    }
    /** What was pending, or undefined: it is not there yet. What was there at once comes back as it is. */
    async fetched(pending, call = {}) {
        const { location } = pending;
        return location === undefined ? pending : this.#get(location, call).catch((error) => {
            if (error.status !== 404)
                throw error;
        });
    }
    async #get(path, more) {
        const { signal, ...params } = more ?? {};
        return said(await this.#fetch("GET", this.#address(typeof path === "string" ? path : path(), params).slice(this.#url.length), undefined, { signal }));
    }
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
    async #fetch(method, path, body, { signal, ...more } = {}) {
        const { key } = this.#options, headers = { ...more.headers }, url = this.#url + path;
        if (key)
            headers.Authorization = `Bearer ${typeof key === "function" ? key() : key}`;
        if (body !== undefined)
            headers["Content-Type"] = "application/json";
        const response = await fetch(url, { ...more, method, headers, credentials: "omit", ...(signal && { signal }), ...(body !== undefined && { body }) }).catch((error) => {
            throw signal?.aborted ? error : new UnreachableError(url, error);
        });
        if (response.ok)
            return response;
        throw new ProblemError(response.status, await response.json().catch(() => foreign(response)), 1000 * (Number(response.headers.get("Retry-After")) || 0));
    }
}
/** The address without its last slash. Throws TypeError for what is none of a gateway. */
function address(url) {
    const base = globalThis.document?.baseURI, text = String(url ?? (base ? "?" : ""));
    try {
        const { protocol, search, hash } = new URL(text, base);
        if (/^https?:$/.test(protocol) && !search && !hash)
            return text.replace(/\/+$/, "");
    }
    catch { /* said below */ }
    throw new TypeError(`${JSON.stringify(url)} is no address of a gateway: write it as https://shop.example or http://localhost:8080`);
}
/** A path with an id in it. Throws TypeError. */
function at(of, id, what) {
    if (typeof id !== "string" || !id || /\/|^\.\.?$/.test(id))
        throw new TypeError(`${JSON.stringify(id)} is no id of ${of}: a text, not empty, without a slash`);
    return `/v1/${of}/${encodeURIComponent(id)}/${what}`;
}
const foreign = (response) => ({ title: response.statusText, detail: `no gateway's reply, but ${response.headers.get("Content-Type")}, from ${response.url}` });
const said = async (response) => response.status === 202 && response.headers.has("Location")
    ? { location: response.headers.get("Location") }
    : response.json().catch((error) => { throw error instanceof SyntaxError ? new ProblemError(response.status, foreign(response)) : error; });
const pause = (failures) => Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);
// randomUUID is only there on pages of https and localhost.
const uuid = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
