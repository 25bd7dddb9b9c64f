/** Which view the address names, behind its #: a product, a category, a search, the cart, home. */
import { signal } from "@preact/signals";

export interface Route {
  view: "home" | "product" | "category" | "search" | "cart";
  of: string;
}

export function parse(hash: string): Route {
  const [, view = "", ...rest] = hash.replace(/^#/, "").split("/");
  let of = rest.join("/");
  try {
    of = decodeURIComponent(of);
  } catch {
    of = "";
  }
  if ((view === "product" || view === "category" || view === "search") && of) return { view, of };
  return { view: view === "cart" ? "cart" : "home", of: "" };
}

export const route = signal<Route>(parse(location.hash));

export const link = (view: Route["view"], of = ""): string =>
  view === "home" ? "#/" : of ? `#/${view}/${encodeURIComponent(of)}` : `#/${view}`;

addEventListener("hashchange", () => {
  route.value = parse(location.hash);
  scrollTo(0, 0);
  // Who reads by ear is told of the new view by its heading.
  requestAnimationFrame(() => document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true }));
});

/** Go to a view at once, not after the browser has told of the new address. */
export function go(view: Route["view"], of = ""): void {
  location.hash = link(view, of);
}
