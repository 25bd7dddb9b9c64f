/** Where an answer comes from, word for word. */
import { say, type Both } from "../common/language";
import { product, title } from "./catalogue";
import { link } from "./route";
import type { Answer, Source } from "./types";

const KINDS: Record<string, Both> = {
  faq: ["frequent question", "常见问题"],
  policy: ["rule of the shop", "店规"],
  page: ["page", "页面"],
  product: ["product", "商品"],
  order: ["your order", "您的订单"],
  reviews: ["reviews", "评价"],
  review: ["a review", "一条评价"],
};

/** Only what is a web address is linked: an answer's source may come from anywhere. */
const web = (url: string | undefined): string | undefined => (url && /^https?:\/\//.test(url) ? url : undefined);

function name(source: Source) {
  const words = source.title ?? (source.kind === "product" || source.kind === "reviews" ? title(product(source.id)) : source.id);
  const address = web(source.url) ?? (source.kind === "product" ? link("product", source.id) : undefined);
  return address ? <a href={address}>{words}</a> : words;
}

export function Sources({ of }: { of: Answer }) {
  if (!of.sources?.length) return null;
  return (
    <ul class="sources" aria-label={say(["Sources", "来源"])}>
      {of.sources.map((source) => (
        <li key={source.id}>
          <span>
            {say(KINDS[source.kind] ?? ["source", "来源"])}: {name(source)}
          </span>
          <q>{source.quote}</q>
        </li>
      ))}
    </ul>
  );
}
