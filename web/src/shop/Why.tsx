/** "Why am I seeing this": the reason, and which experts spoke for the product. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get } from "../common/api";
import { expertNameToYou } from "../common/experts";
import { language, say } from "../common/language";
import { product, title } from "./catalogue";
import { Dialog } from "./Dialog";
import { ranking } from "./ranking";
import type { Item } from "./types";
import { visitor } from "./visitor";
import { reasonText } from "./words";

interface Explained {
  product_id: string;
  score?: number;
  reason?: { code: string; text?: string };
  /** Percentages by who speaks for it. */
  experts?: Record<string, number>;
}

const shares = (of: Explained | null): [string, number][] =>
  Object.entries(of?.experts ?? {}).sort((a, b) => b[1] - a[1]);

const chance = (score: number): string => (score < 0.01 ? "< 1 %" : `${Math.round(score * 100)} %`);

export function Why({ item, close }: { item: Item; close: () => void }) {
  const found = useSignal<Explained | null>(null);
  useEffect(() => {
    const parameters = { language: language.value, count: 20 };
    get<{ items: Explained[] }>(`/v1/users/${encodeURIComponent(visitor.value)}/recommendations`, parameters)
      .then((said) => {
        found.value = said.items.find((each) => each.product_id === item.product_id) ?? null;
      })
      .catch(() => {});
  }, [item.product_id]);
  const bars = shares(found.value);
  return (
    <Dialog title={say(["Why am I seeing this?", "为什么推荐这个？"])} close={close}>
      <p>
        <strong>{title(product(item.product_id))}</strong>
      </p>
      {item.reason && <p class="quote">{reasonText(item.reason)}</p>}
      {bars.length > 0 && (
        <>
          <h3>{say(["Who spoke for it", "各推荐方法的占比"])}</h3>
          <dl class="bars">
            {bars.map(([name, share]) => (
              <div key={name}>
                <dt>{expertNameToYou(name)}</dt>
                <dd>
                  <meter min={0} max={100} value={share} aria-hidden="true" />
                  <span>{share} %</span>
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {bars.length > 0 && item.score !== undefined && item.score >= 0 && item.score <= 1 && (
        <p class="status">
          {say([
            `Estimated chance that you click it: ${chance(item.score)}.`,
            `系统估计您点击它的可能性：${chance(item.score)}。`,
          ])}
        </p>
      )}
      {ranking.value === "personalised" && (
        <p class="status">
          {say([
            "Choose “Popular” or “Newest” beside the list, and nothing that you did is used for it.",
            "在列表旁选择“热门”或“最新”，推荐将不再使用您的任何行为。",
          ])}
        </p>
      )}
    </Dialog>
  );
}
