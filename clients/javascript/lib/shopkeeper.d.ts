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
export interface List {
    items: Item[];
    recomm_id?: string;
    fallback?: string;
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
/** Asked for before the answer was there: where it will be. */
export interface Pending {
    location: string;
}
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
/** The gateway said no; `problem` is its document (RFC 9457). */
export declare class ProblemError extends Error {
    readonly status: number;
    readonly problem: Record<string, any>;
    readonly retryAfterMs: number;
    constructor(status: number, problem: Record<string, any>, retryAfterMs?: number);
}
export declare class Shopkeeper {
    #private;
    constructor(url: string, options?: Options);
    /** Send an event soon, with others; its id. `data`: the fields of schemas/TYPE.json. */
    publish(type: string, data: object): string;
    /** A product was clicked, perhaps in a list. */
    clicked(product_id: string, who: object, list?: List, position?: number): string;
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
    similar(product: string): Promise<List>;
    sentiment(product: string): Promise<Record<string, any>>;
    /** Those of these products that are in the catalogue. */
    products(ids: string[]): Promise<Product[]>;
    trending(category?: string): Promise<List>;
    segments(user?: string): Promise<Record<string, any>>;
    search(q: string, more?: {
        user?: string;
        category?: string;
        count?: number;
        wait?: number;
        language?: string;
    }): Promise<List | Pending>;
    preference(user: string): Promise<Ranking>;
    setPreference(user: string, ranking: Ranking): Promise<void>;
    assumptions(user: string): Promise<Record<string, any>>;
    forgetAssumptions(user: string): Promise<void>;
    /** The answer, if it comes within `wait` seconds, else where it will be: `fetched`. */
    ask(question: string, who: {
        user_id?: string;
        anonymous_id?: string;
        session_id?: string;
        product_id?: string;
        conversation_id?: string;
    }, wait?: number): Promise<Answer | Pending>;
    /** What was pending, or undefined: it is not there yet. */
    fetched<T = Answer | List>(pending: Pending): Promise<T | undefined>;
}
