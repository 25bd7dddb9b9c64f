/** Service worker of the shop: a reload finds the page when the gateway is gone.
 *
 * The network comes first, always: what is kept is shown only where nobody answers, so a page of
 * another build is never held back. Kept is one build's page, script and style, together. */
export {}; // a module of its own: its `self` is no window

declare const BUILD: string; // a hash of what is kept, written in by build.mjs
declare const KEPT: string[];

interface Lasting extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Installing extends Lasting {
  addRoutes?(rules: { condition: { urlPattern: string }; source: "network" }): Promise<void>;
}
interface Fetching extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
const worker = self as unknown as {
  skipWaiting(): Promise<void>;
  addEventListener(kind: string, take: (event: any) => void): void;
};

const PREFIX = "shopkeeper-shop-";
const PAGES = ["/", "/shop"];
const PAGE = "/shop"; // as which the page is kept

worker.addEventListener("install", (event: Installing) => {
  // Calls of the gateway do not come by here, where the browser lets a worker say so.
  void event.addRoutes?.({ condition: { urlPattern: "/v1/*" }, source: "network" });
  const fresh = KEPT.map((path) => new Request(path, { cache: "no-cache" }));
  event.waitUntil(
    caches
      .open(PREFIX + BUILD)
      .then((cache) => cache.addAll(fresh))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event: Lasting) => {
  const old = (name: string) => name.startsWith(PREFIX) && name !== PREFIX + BUILD;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))));
});

worker.addEventListener("fetch", (event: Fetching) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  const page = request.mode === "navigate" && PAGES.includes(pathname);
  if (request.method !== "GET" || origin !== location.origin || !(page || KEPT.includes(pathname))) return;
  event.respondWith(answered(request, page ? PAGE : pathname));
});

async function answered(request: Request, path: string): Promise<Response> {
  const kept = async () => (await caches.open(PREFIX + BUILD)).match(path);
  try {
    const answer = await fetch(request);
    // What a proxy says when nobody is behind it.
    return answer.status >= 502 && answer.status <= 504 ? ((await kept()) ?? answer) : answer;
  } catch (error) {
    const found = await kept();
    if (!found) throw error;
    return found;
  }
}
