/** A product's picture, drawn from what it is called, its colour, and a hash of its id. */
import { isShop } from "../common/domain";
import { glyphOf } from "./glyphs";
import type { Product } from "../common/types";

const COLOURS: [RegExp, string][] = [
  [/midnight|black/, "#3b4252"],
  [/graphite|dark grey/, "#5b6470"],
  [/silver|grey|gray/, "#aab2bd"],
  [/white|cream/, "#ece7dc"],
  [/sand|beige/, "#d8c19a"],
  [/rose|pink/, "#e2a0ab"],
  [/sea green|teal/, "#4fae9c"],
  [/moss|green/, "#7f9a57"],
  [/ember|orange/, "#dd7a45"],
  [/yellow/, "#e6c14c"],
  [/red/, "#c75450"],
  [/navy|blue/, "#4f74a8"],
];

// Of one family: whichever two meet in a picture get on with each other.
const PALETTE = ["#5b8fa8", "#c9795b", "#7d9a6a", "#d9a650", "#8a7aa8", "#4f9a8c", "#b8697a", "#6c84b5"];
const ACCENTS = ["#f2c14e", "#f08a5d", "#7fc8a9", "#f4a6a0", "#9ec5e8", "#e8d5a3"];

/** FNV-1a: the same product looks the same everywhere. */
export function hash(text: string): number {
  let found = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) {
    found = Math.imul(found ^ text.charCodeAt(place), 0x01000193) >>> 0;
  }
  return found;
}

function colourOf(product: Product, hue: number): string {
  const said = product.attributes?.["colour"] ?? product.attributes?.["color"];
  const word = String(Array.isArray(said) ? (said[0] ?? "") : (said ?? "")).toLowerCase();
  const found = COLOURS.find(([pattern]) => pattern.test(word));
  return found ? found[1] : (PALETTE[hue % PALETTE.length] as string);
}

export function Drawing({ product }: { product: Product }) {
  const number = hash(product.product_id);
  // Products of a category share a field's colour, as on one shelf.
  const field = hash(product.category ?? product.product_id) % 360;
  const hue = number % 360;
  const glyph = glyphOf(product.title === product.product_id ? "" : product.title, isShop());
  const paint = {
    c: colourOf(product, hue),
    d: `hsl(${(field + 200) % 360} 20% 34%)`,
    a: ACCENTS[(number >>> 9) % ACCENTS.length] as string,
    v: (number >>> 5) % 4,
  };
  return (
    <svg class="drawing" viewBox="0 0 120 120" aria-hidden="true" focusable="false">
      {/* Wider than the field: it fills a frame of any shape. */}
      <rect x="-120" y="-120" width="360" height="360" fill={`hsl(${field} 38% 60%)`} fill-opacity=".2" />
      <circle cx={18 + ((number >>> 3) % 84)} cy={20 + ((number >>> 11) % 30)} r={26 + ((number >>> 7) % 16)} fill={`hsl(${field} 50% 62%)`} fill-opacity=".2" />
      <ellipse cx="60" cy="105" rx="44" ry="6" fill="#20242a" fill-opacity=".16" />
      {glyph(paint)}
    </svg>
  );
}
