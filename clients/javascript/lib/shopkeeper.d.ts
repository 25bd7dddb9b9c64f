import type { Events, Who } from "./events.js";
export type { Events, Who } from "./events.js";
export interface Reason {
    code: string;
    parameters?: Record<string, string>;
    text?: string;
}
export interface Item {
    product_id: string;
    score?: number;
    reason?: Reason;
    title?: string;
    [more: string]: unknown;
}
/** `unknown_category`: asked for, and the catalogue has none of that name. */
export interface List {
    items: Item[];
    recomm_id?: string;
    fallback?: string;
    unknown_category?: string;
    nearest_categories?: string[];
    answer?: Answer;
    [more: string]: unknown;
}
export interface Answer {
    answer: string | null;
    cause?: string;
    route?: string;
    sources?: object[];
    [more: string]: unknown;
}
/** `id`: pass it as `lastEventId` to go on behind this update. */
export type Update = {
    kind: "recommendations";
    id: string;
    data: List;
} | {
    kind: "answer";
    id: string;
    data: Answer;
} | {
    kind: "delete";
    id: string;
    data: object;
};
/** A product as the shop's catalogue has it. */
export interface Product {
    product_id: string;
    title: string;
    title_zh?: string;
    brand?: string;
    category?: string;
    price?: number;
    currency?: string;
    available?: boolean;
    attributes?: Record<string, unknown>;
}
export interface EventError {
    index: number;
    id: string;
    error: string;
    detail: string;
}
export type Ranking = "personalised" | "popular" | "newest";
/** What a customer wrote of a product, and what the sentiment worker reads in it. */
export interface Review {
    review_id: string;
    label: string;
    time: string;
    language: string;
    [more: string]: unknown;
}
/** Asked for before the answer was there: where it will be. */
export interface Pending {
    location: string;
}
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
export interface Call {
    signal?: AbortSignal | undefined;
}
export interface Context extends Call {
    product?: string;
    category?: string;
    exclude?: string[];
    count?: number;
    placement?: string;
    language?: string;
}
export interface Subscription {
    close(): void;
    readonly lastEventId: string;
}
/** The gateway said no; `problem` is its document (RFC 9457), without a `status` where the reply is no gateway's. */
export declare class ProblemError extends Error {
    readonly status: number;
    readonly problem: Record<string, any>;
    readonly retryAfterMs: number;
    readonly name = "ProblemError";
    constructor(status: number, problem: Record<string, any>, retryAfterMs?: number);
}
/** No reply came: nobody is there, or the browser keeps the reply from this page. */
export declare class UnreachableError extends Error {
    readonly url: string;
    readonly cause: any;
    readonly name = "UnreachableError";
    constructor(url: string, cause: any);
}
export declare class Shopkeeper {
    #private;
    /** `url`: where the gateway is; in pages also a path of the page's own host. Throws TypeError. */
    constructor(url: string, options?: Options);
    /** Send an event soon, with others; its id. `data`: the fields of schemas/TYPE.json. Throws TypeError for what is no JSON. */
    publish<T extends string>(type: T, data: T extends keyof Events ? Events[T] : object): string;
    /** A product was clicked, perhaps in a list. */
    clicked(product_id: string, who: Who, list?: List, position?: number): string;
    /** Send what waits. What cannot be sent now stays, with its ids, and is tried again. */
    flush(): Promise<void>;
    /** How many events wait. */
    get waiting(): number;
    /** The user's lists and answers as they come, over cuts, none missed or doubled. */
    subscribe(user: string, on: (update: Update) => void, { lastEventId, onError }?: {
        lastEventId?: string;
        onError?: (error: Error) => void;
    }): Subscription;
    /** The user's list, or one for this request's context. */
    recommendations(user: string, context?: Context): Promise<List>;
    similar(product: string, call?: Call & {
        count?: number;
    }): Promise<List>;
    sentiment(product: string, call?: Call): Promise<Record<string, any>>;
    /** What the newest reviews of a product say, each with its sentiment. */
    reviews(product: string, call?: Call): Promise<Review[]>;
    /** Those of these products that are in the catalogue. */
    products(ids: string[], call?: Call): Promise<Product[]>;
    categories(call?: Call): Promise<{
        category: string;
        products: number;
    }[]>;
    trending(category?: string, call?: Call & {
        count?: number;
    }): Promise<List>;
    segments(user?: string, call?: Call): Promise<Record<string, any>>;
    search(q: string, more?: Call & {
        user?: string;
        category?: string;
        count?: number;
        wait?: number;
        language?: string;
    }): Promise<List | Pending>;
    preference(user: string, call?: Call): Promise<Ranking>;
    setPreference(user: string, ranking: Ranking, call?: Call): Promise<void>;
    assumptions(user: string, call?: Call): Promise<Record<string, any>>;
    forgetAssumptions(user: string, call?: Call): Promise<void>;
    /** The answer, if it comes within `wait` seconds, else where it will be: `fetched`. */
    ask(question: string, who: Who & {
        product_id?: string;
        conversation_id?: string;
    }, wait?: number, call?: Call): Promise<Answer | Pending>;
    /** What was pending, or undefined: it is not there yet. What was there at once comes back as it is. */
    fetched<T = Answer | List>(pending: Pending | T, call?: Call): Promise<T | undefined>;
}
