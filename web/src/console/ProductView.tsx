/** One product: catalogue, neighbours, what reviewers say, and in whose lists it stands. */
import { useSignal } from "@preact/signals";
import { number } from "../common/format";
import { say } from "../common/language";
import { aspectName } from "../common/names";
import reasonTexts from "../common/reasons.json";
import type { Product } from "../common/types";
import { useRead } from "./data";
import { Bars, link, share, Shown, Table, Tiles, title, useTitles } from "./parts";

interface Similar {
  items: { product_id: string; score: number; count: number; basis: string }[];
}
interface Aspect {
  aspect: string;
  positive: number;
  negative: number;
  praise?: string[];
  criticism?: string[];
}
interface Sentiment {
  count: number;
  mean: number;
  trend: number;
  positive: number;
  neutral: number;
  negative: number;
  aspects?: Aspect[];
  summary?: string;
}
interface InLists {
  lists: number;
  in_lists: number;
  places: Record<string, number>;
  reasons: Record<string, number>;
}
const BASES: Record<string, readonly [string, string]> = {
  viewed: ["viewed together", "一起浏览"],
  added: ["put in the cart together", "一起加购"],
  bought: ["bought together", "一起购买"],
};

export const reasonName = (code: string): string => {
  const texts = (reasonTexts as Record<string, { en: string; zh: string }>)[code];
  return texts ? say([texts.en, texts.zh]).replace("{product}", "…").replace("{category}", "…") : code;
};

export function Products() {
  const text = useSignal("");
  const found = useRead<{ products: Product[] }>(text.value ? "/v1/console/products" : null, { q: text.value });
  const first = useRead<{ products: Product[] }>(text.value ? null : "/v1/products", { count: 20 });
  return (
    <>
      <h1 tabIndex={-1}>{say(["Products", "商品"])}</h1>
      <form role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          {say(["Title or id", "名称或编号"])}
          <input type="search" value={text.value} onInput={(event) => (text.value = event.currentTarget.value.trim())} />
        </label>
      </form>
      <Shown read={text.value ? found : first}>
        {(said) => (
          <ul class="links">
            {said.products.map((each) => (
              <li key={each.product_id}>
                <a href={link("products", each.product_id)}>{title(each, each.product_id)}</a>{" "}
                <span class="quiet">{each.product_id}</span>
              </li>
            ))}
            {!said.products.length && <li class="quiet">{say(["No product is called so.", "没有这样的商品。"])}</li>}
          </ul>
        )}
      </Shown>
    </>
  );
}

export function ProductView({ id }: { id: string }) {
  const path = `/v1/products/${encodeURIComponent(id)}`;
  const product = useRead<Product>(path);
  const similar = useRead<Similar>(`${path}/similar`);
  const mood = useRead<Sentiment>(`${path}/sentiment`);
  const lists = useRead<InLists>(`/v1/console${path.slice(3)}/shown`, {}, 10000);
  const titles = useTitles(similar.value?.items.map((each) => each.product_id) ?? []);
  const known = product.value;
  return (
    <>
      <h1 tabIndex={-1}>{title(known ?? undefined, id)}</h1>
      <Shown read={product}>
        {(said) => (
          <Tiles
            tiles={[
              [say(["id", "编号"]), said.product_id],
              [say(["category", "品类"]), said.category ?? "–"],
              [say(["brand", "品牌"]), said.brand ?? "–"],
              [say(["price", "价格"]), said.price === undefined ? "–" : `${number(said.price, 2)} ${said.currency ?? ""}`],
              [say(["available", "有货"]), said.available === false ? say(["no", "否"]) : say(["yes", "是"])],
            ]}
          />
        )}
      </Shown>
      <h2>{say(["Why it is shown", "为什么展示"])}</h2>
      <Shown read={lists}>
        {(said) => (
          <>
            <p>
              {say([
                `In ${number(said.in_lists)} of the ${number(said.lists)} lists that users have now.`,
                `当前 ${number(said.lists)} 个用户列表中有 ${number(said.in_lists)} 个展示它。`,
              ])}
            </p>
            {said.in_lists > 0 && (
              <Bars
                rows={Object.entries(said.reasons).map(
                  ([code, n]) => [reasonName(code), n, `${number(n)} (${share(n / said.in_lists)})`] as const,
                )}
              />
            )}
          </>
        )}
      </Shown>
      <h2>{say(["Neighbours", "相近商品"])}</h2>
      <Shown read={similar}>
        {(said) => (
          <Table
            label={say(["Neighbours", "相近商品"])}
            head={[say(["product", "商品"]), say(["weight", "权重"]), say(["sessions", "会话数"]), say(["mostly", "主要"])]}
            numbers={[1, 2]}
            rows={said.items.map((each) => [
              <a href={link("products", each.product_id)}>{title(titles.get(each.product_id), each.product_id)}</a>,
              number(each.score, 4),
              number(each.count),
              say(BASES[each.basis] ?? [each.basis, each.basis]),
            ])}
          />
        )}
      </Shown>
      <h2>{say(["What reviewers say", "评价"])}</h2>
      <Shown read={mood}>{(said) => <Mood said={said} />}</Shown>
    </>
  );
}

function Mood({ said }: { said: Sentiment }) {
  const of = (n: number) => `${number(n)} (${share(n / Math.max(1, said.count))})`;
  return (
    <>
      <Bars
        rows={[
          [say(["positive", "好评"]), said.positive, of(said.positive)],
          [say(["neutral", "中评"]), said.neutral, of(said.neutral)],
          [say(["negative", "差评"]), said.negative, of(said.negative)],
        ]}
      />
      <p>
        {say(["mean", "均值"])} {number(said.mean, 2)}, {say(["trend", "走势"])} {said.trend > 0 ? "+" : ""}
        {number(said.trend, 2)}
      </p>
      {said.summary && <p>{said.summary}</p>}
      {said.aspects && said.aspects.length > 0 && (
        <Table
          label={say(["Aspects", "方面"])}
          head={[say(["aspect", "方面"]), say(["praise", "称赞"]), say(["criticism", "批评"]), say(["in their words", "原话"])]}
          numbers={[1, 2]}
          rows={said.aspects.map((each) => [
            aspectName(each.aspect),
            number(each.positive),
            number(each.negative),
            [each.praise?.[0], each.criticism?.[0]].filter(Boolean).join(" / "),
          ])}
        />
      )}
    </>
  );
}
