/** A product: picture, price, attributes, what goes with it, what its reviewers say. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get } from "../common/api";
import { say } from "../common/language";
import { ask, question } from "./Ask";
import { Card } from "./Card";
import { add } from "./cart";
import { product, title } from "./catalogue";
import { Drawing } from "./Drawing";
import { ForYou } from "./ForYou";
import { clicked } from "./live";
import { Reviews } from "./Reviews";
import { link } from "./route";
import { attributeName, attributeValue, categoryName, price } from "./words";

const SIMILAR_MAX = 8;

export function Product({ id }: { id: string }) {
  const of = product(id);
  const similar = useSignal<string[]>([]);
  const added = useSignal(false);
  useEffect(() => {
    similar.value = [];
    added.value = false;
    get<{ items: { product_id: string }[] }>(`/v1/products/${encodeURIComponent(id)}/similar`)
      .then((said) => (similar.value = said.items.slice(0, SIMILAR_MAX).map((item) => item.product_id)))
      .catch(() => {}); // nobody has seen it beside anything yet
  }, [id]);
  const attributes = Object.entries(of.attributes ?? {});
  return (
    <>
      <article class="product" aria-labelledby="product">
        <Drawing product={of} />
        <div>
          {of.category && (
            <p class="crumb">
              <a href={link("category", of.category)}>{categoryName(of.category)}</a>
              {of.brand && ` · ${of.brand}`}
            </p>
          )}
          <h1 id="product" tabIndex={-1}>
            {title(of)}
          </h1>
          {of.price !== undefined && <p class="price">{price(of)}</p>}
          {of.available !== undefined && (
            <p class={of.available ? "in-stock" : "sold-out"}>
              {of.available ? say(["In stock", "有货"]) : say(["Sold out", "暂时缺货"])}
            </p>
          )}
          <p class="buttons">
            <button
              type="button"
              class="primary"
              disabled={of.available === false}
              onClick={(event) => {
                clicked(add(of), event.timeStamp);
                added.value = true;
              }}
            >
              {say(["Add to cart", "加入购物车"])}
            </button>
            <button
              type="button"
              onClick={() => {
                question.value = "";
                ask.value = true;
              }}
            >
              {say(["Ask about it", "咨询"])}
            </button>
          </p>
          <p role="status">
            {added.value && (
              <>
                {say(["It is in your cart.", "已加入购物车。"])} <a href={link("cart")}>{say(["To the cart", "去结算"])}</a>
              </>
            )}
          </p>
          {attributes.length > 0 && (
            <dl class="attributes">
              {attributes.slice(0, 12).map(([key, value]) => (
                <div key={key}>
                  <dt>{attributeName(key)}</dt>
                  <dd>{attributeValue(key, value)}</dd>
                </div>
              ))}
            </dl>
          )}
        </div>
      </article>
      <ForYou without={[id]} />
      {similar.value.length > 0 && (
        <section aria-labelledby="similar">
          <h2 id="similar">{say(["Goes with it", "相关商品"])}</h2>
          <ul class="row">
            {similar.value.map((each) => (
              <Card key={each} id={each} />
            ))}
          </ul>
        </section>
      )}
      <Reviews id={id} />
    </>
  );
}
