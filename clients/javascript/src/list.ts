// <shopkeeper-list gateway="https://..." user="u-1" key="...">: the user's list, live, as links.
// A <template> inside says how a product looks; {product_id}, {reason}, and what the catalogue has of
// {title}, {price}, {brand}, {category} and {image} (the attribute `image`) are filled in.
import { Item, List, Product, Shopkeeper, Subscription, UnreachableError } from "./shopkeeper.js";

const LINK = '<a href="/products/{product_id}">{title}</a> {price}';

/** Attributes: gateway, user, key, count, product, category, language. Events: `list`, whose detail
 * is the list that is shown, and `error`, whose detail is an Error (`preventDefault` keeps it off the
 * console). A click on an item is published, with its list and position. */
export class ShopkeeperList extends HTMLElement {
  static observedAttributes = ["gateway", "user", "key", "count", "product", "category", "language"];
  list: List | undefined;
  #timer: any;
  #products = new Map<string, Product>();
  #client: Shopkeeper | undefined; #subscription: Subscription | undefined;

  connectedCallback(): void {
    const said = (name: string) => this.getAttribute(name) ?? undefined;
    const user = said("user") ?? "", key = said("key");
    const failed = (error: Error) => {
      if (this.dispatchEvent(new CustomEvent("error", { detail: error, cancelable: true }))) console.error("shopkeeper-list:", error.message);
    };
    try {
      const client = this.#client = new Shopkeeper(said("gateway") ?? location.origin, { ...(key && { key }), onError: failed });
      const context = { product: said("product"), category: said("category"), count: Number(said("count") ?? 10), language: said("language") ?? document.documentElement.lang };
      const read = () => client.recommendations(user, JSON.parse(JSON.stringify(context)));
      // The stream says that there is something new; what is shown is made for this place.
      const show = async () => {
        const list = await read(), ids = list.items.map((item) => item.product_id);
        for (const each of await client.products(ids).catch(() => [])) this.#products.set(each.product_id, each);
        if (client === this.#client) this.show(list);
      };
      const shown = (told = false): Promise<void> => show().catch((error) => {
        if (!told) failed(error);
        // No gateway is there yet: a user without a list gets no word of it by the stream.
        if (error instanceof UnreachableError && client === this.#client) this.#timer = setTimeout(() => void shown(true), 2000);
      });
      this.#subscription = client.subscribe(user, () => void shown(), { onError: failed });
      void shown();
    } catch (error) { failed(error as Error) }
  }
  disconnectedCallback(): void {
    clearTimeout(this.#timer);
    this.#subscription?.close();
    void this.#client?.flush();
    this.#subscription = this.#client = undefined;
  }
  attributeChangedCallback(): void {
    if (!this.isConnected || !this.list && !this.#client) return;
    this.disconnectedCallback();
    this.connectedCallback();
  }
  show(list: List): void {
    this.list = list;
    const template = this.querySelector("template")?.innerHTML.trim() || LINK;
    const language = this.getAttribute("language") || document.documentElement.lang;
    const items = list.items.map((item, index) => {
      const row = document.createElement("li");
      row.innerHTML = template;
      fill(row, item, this.#products.get(item.product_id), language);
      row.addEventListener("click", () => {
        this.#client!.clicked(item.product_id, { user_id: this.getAttribute("user")! }, list, index + 1);
      });
      return row;
    });
    this.querySelector("ol")?.remove();
    this.append(Object.assign(document.createElement("ol"), { part: "list" }));
    this.querySelector("ol")!.append(...items);
    this.dispatchEvent(new CustomEvent("list", { detail: list }));
  }
}

// Only texts and attributes are filled: what a title says is never markup, nor a script's address.
function fill(row: Element, item: Item, of: Partial<Product> = {}, language: string): void {
  const image = String(of.attributes?.image ?? "");
  const title = item.title ?? ((/^zh/.test(language) && of.title_zh) || of.title) ?? item.product_id;
  const words: Record<string, string> = { product_id: item.product_id, title, price: price(of, language), brand: of.brand ?? "", category: of.category ?? "", reason: item.reason?.text ?? "" };
  const put = (text: string, change: (word: string) => string) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in words ? change(words[name]!) : whole));
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  const bare: Element[] = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node instanceof Element && node.getAttribute("src") === "{image}") {
      if (/^https?:/.test(image)) node.setAttribute("src", image);
      else bare.push(node);
    } else if (node instanceof Element) for (const each of node.attributes) each.value = put(each.value, /^(href|src)$/.test(each.name) ? encodeURIComponent : (word) => word);
    else node.nodeValue = put(node.nodeValue ?? "", (word) => word);
  }
  for (const node of bare) node.remove();  // a product without a picture
}

function price({ price, currency }: Partial<Product>, language: string): string {
  if (price === undefined) return "";
  try {
    return new Intl.NumberFormat(language || undefined, currency ? { style: "currency", currency } : {}).format(price);
  } catch { return `${price} ${currency}`; }
}

customElements.define("shopkeeper-list", ShopkeeperList);
