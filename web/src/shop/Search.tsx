/** What was found for a search; a search that is a question gets its answer, too. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, Problem } from "../common/api";
import { language, say } from "../common/language";
import { Card } from "./Card";
import { ForYou } from "./ForYou";
import { answers, list } from "./live";
import { Sources } from "./Sources";
import type { Item } from "./types";
import { visitor } from "./visitor";

/** experts: percentages by who speaks for it. */
interface FoundItem extends Item {
  experts?: Record<string, number>;
}
interface Found {
  items: FoundItem[];
  made_from?: { cause: string };
  answer?: object;
}

/** Whether a product is in the list for what was searched, not only for what the visitor did before. */
const fits = (item: FoundItem): boolean => item.reason?.code === "searched" || (item.experts?.["search"] ?? 0) > 0;

export function Search({ query }: { query: string }) {
  const cause = useSignal("");
  const found = useSignal<Item[] | null>(null);
  const before = useSignal<ReadonlySet<string>>(new Set());
  const trouble = useSignal("");
  useEffect(() => {
    found.value = null;
    trouble.value = "";
    cause.value = "";
    before.value = new Set(answers.peek().keys());
    let wanted = true;
    const parameters = { q: query, user: visitor.value, count: 24, wait: 3, language: language.peek() };
    call<Found | null>("GET", "/v1/search", parameters, undefined, (place) => {
      if (wanted) cause.value = place.split("/").at(-1) ?? "";
    })
      .then((said) => {
        // The answer comes over the stream, too; with it alone, nothing was looked for.
        if (wanted && said && (said.items.length > 0 || !said.answer)) found.value = said.items.filter(fits);
      })
      .catch((error: unknown) => {
        if (!wanted) return;
        trouble.value = error instanceof Problem ? error.message : say(["No connection.", "没有连接。"]);
      });
    return () => {
      wanted = false;
    };
  }, [query]);
  // A search that is a question is answered over the stream, often before its list is there.
  const answer = useComputed(() =>
    [...answers.value.values()].find(
      (each) => each.event_type === "products.searched.v1" && !before.value.has(each.cause),
    ),
  );
  const items =
    found.value ??
    (cause.value && list.value?.cause === cause.value ? list.value.items.filter(fits) : null);
  // The list is what the search made of it: what is found is not shown twice.
  const shown = (items ?? []).map((item) => item.product_id);
  const more = list.value?.items.some((item) => !shown.includes(item.product_id));
  return (
    <>
      <h1 tabIndex={-1}>{say([`Search: ${query}`, `搜索：${query}`])}</h1>
      {answer.value?.answer && (
        <div class="answer" role="status">
          <p>{answer.value.answer}</p>
          <Sources of={answer.value} />
        </div>
      )}
      <p class="status" role="status">
        {items === null
          ? trouble.value || (answer.value ? "" : say(["Searching …", "搜索中……"]))
          : items.length === 0
            ? say(["Nothing found. Try other words.", "没有找到，换个词试试。"])
            : say([items.length === 1 ? "1 product" : `${items.length} products`, `${items.length} 件商品`])}
      </p>
      <ul class="grid results">
        {(items ?? []).map((item) => (
          <Card key={item.product_id} id={item.product_id} />
        ))}
      </ul>
      {more && <ForYou without={shown} />}
    </>
  );
}
