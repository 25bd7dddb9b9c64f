/** The visitor's list, which changes with every click, and what the visitor may say about it. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { say, type Both } from "../common/language";
import { Assumed } from "./Assumed";
import { Card } from "./Card";
import { clickToListMs, drawn, entered, list, offline } from "./live";
import { Preference } from "./Preference";
import { ranking, type Ranking } from "./ranking";
import type { Item } from "./types";
import { Why } from "./Why";
import { reasonText } from "./words";

export const SHOWN_MAX = 10;

const NAMES: Record<Ranking, Both> = {
  personalised: ["For you", "为您推荐"],
  popular: ["Popular", "热门商品"],
  newest: ["New in the shop", "新品上架"],
};

/** What stands under the list's name: how fast it followed, or that it follows nothing. */
function told(): string {
  if (ranking.value !== "personalised") {
    return say(["Alike for everybody: nothing that you do changes it.", "人人相同：不受您的行为影响。"]);
  }
  if (clickToListMs.value === null) return say(["Click a product: this list follows.", "点击任意商品，列表随即更新。"]);
  const ms = clickToListMs.value;
  const took = ms < 1000 ? say([`${ms.toFixed(0)} ms`, `${ms.toFixed(0)} 毫秒`]) : say([`${(ms / 1000).toFixed(1)} s`, `${(ms / 1000).toFixed(1)} 秒`]);
  return say([`Changed ${took} after your click.`, `点击后 ${took}已更新。`]);
}

/** without: products that the page shows elsewhere. */
export function ForYou({ without = [] }: { without?: readonly string[] }) {
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
        <h2 id="for-you">
          {ranking.value === "personalised" && now?.fallback === "trending"
            ? say(["For a start", "先看看这些"])
            : say(NAMES[ranking.value])}
        </h2>
        <button type="button" class="quiet" onClick={() => (assumed.value = true)}>
          {say(["What is assumed of me?", "系统对我的推测"])}
        </button>
      </div>
      <Preference />
      <p class="status" role="status">
        {told()}
      </p>
      {items.length === 0 && <p class="empty">{offline.value
            ? say(["The list is back as soon as the shop is.", "商店恢复后，列表会自动出现。"])
            : say(["Nothing to show yet.", "暂时没有可展示的商品。"])}</p>}
      <ul class="grid">
        {items.map((item, place) =>
          without.includes(item.product_id) ? null : (
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
