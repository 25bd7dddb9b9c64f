/** What the gateway answers, as far as more than one page reads it. */
export type { Product } from "../../../clients/javascript/lib/shopkeeper";
