import { List } from "./shopkeeper.js";
/** Attributes: gateway, user, key, count, product, category, language. Events: `list`, whose detail
 * is the list that is shown, and `error`, whose detail is an Error (`preventDefault` keeps it off the
 * console). A click on an item is published, with its list and position. */
export declare class ShopkeeperList extends HTMLElement {
    #private;
    static observedAttributes: string[];
    list: List | undefined;
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(): void;
    show(list: List): void;
}
