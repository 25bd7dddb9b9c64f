/** What the gateway answers, as far as more than one page reads it. */

/** A product of the catalogue. */
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
