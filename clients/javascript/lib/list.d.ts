import { List } from "./shopkeeper.js";
/** Attributes: gateway, user, key, count, product, category, language. Events: `list`, whose detail
 * is the list that is shown. A click on an item is published, with its list and position. */
export declare class ShopkeeperList extends HTMLElement {
    #private;
    list: List | undefined;
    connectedCallback(): void;
    disconnectedCallback(): void;
    show(list: List): void;
}
