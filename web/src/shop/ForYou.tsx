/** The visitor's list, which changes with every click, and what the visitor may say about it. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { say } from "../common/language";
import { Assumed } from "./Assumed";
import { Card } from "./Card";
import { clickToListMs, drawn, entered, list } from "./live";
import { Preference } from "./Preference";
import type { Item } from "./types";
import { Why } from "./Why";
import { reasonText } from "./words";

const SHOWN_MAX = 10;

export function ForYou({ without }: { without?: string }) {
  const why = useSignal<Item | null>(null);
  const assumed = useSignal(false);
  const now = list.value;
  useLayoutEffect(() => {
    if (now) drawn(now);
  }, [now]);
  const items = now?.items.slice(0, SHOWN_MAX) ?? [];
  return (
    <section class="for-you" aria-labelledby="for-you" data-list={now?.recomm_id ?? ""}>
      <div class="section-head">
        <h2 id="for-you">{now?.fallback === "trending" ? say(["For a start", "先看看这些"]) : say(["For you", "为您推荐"])}</h2>
        <button type="button" class="quiet" onClick={() => (assumed.value = true)}>
          {say(["What is assumed of me?", "系统对我的推测"])}
        </button>
      </div>
      <Preference />
      <p class="status" role="status">
        {clickToListMs.value === null
          ? say(["Click a product: this list follows.", "点击任意商品，列表随即更新。"])
          : say([
              `Changed ${clickToListMs.value.toFixed(0)} ms after your click.`,
              `点击后 ${clickToListMs.value.toFixed(0)} 毫秒已更新。`,
            ])}
      </p>
      {items.length === 0 && <p class="empty">{say(["Nothing to show yet.", "暂时没有可展示的商品。"])}</p>}
      <ul class="grid">
        {items.map((item, place) =>
          item.product_id === without ? null : (
            <Card key={item.product_id} id={item.product_id} place={place} isNew={entered.value.has(item.product_id)}>
              {item.reason && (
                <button type="button" class="reason" onClick={() => (why.value = item)}>
                  <span class="unseen">{say(["Why am I seeing this? ", "为什么推荐？"])}</span>
                  <span>{reasonText(item.reason)}</span>
                </button>
              )}
            </Card>
          ),
        )}
      </ul>
      {why.value && <Why item={why.value} close={() => (why.value = null)} />}
      {assumed.value && <Assumed close={() => (assumed.value = false)} />}
    </section>
  );
}
