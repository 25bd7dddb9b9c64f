/** The first view: the visitor's list, what is trending, and the categories. */
import { say } from "../common/language";
import { Card } from "./Card";
import { categories } from "./catalogue";
import { ForYou, SHOWN_MAX } from "./ForYou";
import { list, trending } from "./live";
import { link } from "./route";
import { categoryName } from "./words";

const TRENDING_MAX = 8;

export function Home() {
  // What is in the list above is not shown again.
  const above = new Set(list.value?.items.slice(0, SHOWN_MAX).map((item) => item.product_id));
  const others = trending.value?.items.filter((item) => !above.has(item.product_id)).slice(0, TRENDING_MAX) ?? [];
  return (
    <>
      <h1 tabIndex={-1} class="unseen">
        {say(["Welcome", "欢迎光临"])}
      </h1>
      <ForYou />
      {others.length > 0 && (
        <section aria-labelledby="trending">
          <h2 id="trending">{say(["Trending now", "正在热卖"])}</h2>
          <ul class="row">
            {others.map((item) => (
              <Card key={item.product_id} id={item.product_id} />
            ))}
          </ul>
        </section>
      )}
      <Categories />
    </>
  );
}

function Categories() {
  if (categories.value.length === 0) return null;
  return (
    <section aria-labelledby="categories">
      <h2 id="categories">{say(["Categories", "全部分类"])}</h2>
      <ul class="chips">
        {categories.value.slice(0, 100).map(({ category, products }) =>
          category ? (
            <li key={category}>
              <a href={link("category", category)}>
                {categoryName(category)} <small>{products}</small>
              </a>
            </li>
          ) : null,
        )}
      </ul>
    </section>
  );
}
