// <shopkeeper-list gateway="https://..." user="u-1" key="...">: the user's list, live, as links.
// A <template> inside says how a product looks; {product_id}, {title} and {reason} are filled in.
import { Item, List, Shopkeeper, Subscription } from "./shopkeeper.js";

const LINK = '<a href="/products/{product_id}">{title}</a>';

/** Attributes: gateway, user, key, count, product, category, language. Events: `list`, whose detail
 * is the list that is shown. A click on an item is published, with its list and position. */
export class ShopkeeperList extends HTMLElement {
  list: List | undefined;
  #client: Shopkeeper | undefined; #subscription: Subscription | undefined;

  connectedCallback(): void {
    const said = (name: string) => this.getAttribute(name) ?? undefined;
    const user = said("user") ?? "", key = said("key");
    this.#client = new Shopkeeper(said("gateway") ?? location.origin, key ? { key } : {});
    const context = { product: said("product"), category: said("category"), count: Number(said("count") ?? 10), language: said("language") ?? document.documentElement.lang };
    const read = () => this.#client!.recommendations(user, JSON.parse(JSON.stringify(context)));
    // The stream says that there is something new; what is shown is made for this place.
    const show = async () => this.show(await read());
    const failed = (error: Error) => this.dispatchEvent(new CustomEvent("error", { detail: error }));
    void show().catch(failed);
    this.#subscription = this.#client.subscribe(user, () => void show().catch(failed), { onError: failed });
  }
  disconnectedCallback(): void {
    this.#subscription?.close();
    void this.#client?.flush();
  }
  show(list: List): void {
    this.list = list;
    const template = this.querySelector("template")?.innerHTML.trim() || LINK;
    const items = list.items.map((item, index) => {
      const row = document.createElement("li");
      row.innerHTML = template;
      fill(row, item);
      row.addEventListener("click", () => {
        this.#client!.clicked(item.product_id, { user_id: this.getAttribute("user") }, list, index + 1);
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
function fill(row: Element, item: Item): void {
  const words: Record<string, string> = { product_id: item.product_id, title: item.title ?? item.product_id, reason: item.reason?.text ?? "" };
  const put = (text: string, change: (word: string) => string) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in words ? change(words[name]!) : whole));
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node instanceof Element) for (const each of node.attributes) each.value = put(each.value, /^(href|src)$/.test(each.name) ? encodeURIComponent : (word) => word);
    else node.nodeValue = put(node.nodeValue ?? "", (word) => word);
  }
}

customElements.define("shopkeeper-list", ShopkeeperList);
