/** How the visitor wants lists to be made. */
import { effect, signal } from "@preact/signals";
import { call, get } from "../common/api";
import type { Ranking } from "./types";
import { visitor } from "./visitor";

export type { Ranking };

export const ranking = signal<Ranking>("personalised");
export const failed = signal(false);
/** How often a wish was found that the visitor had said before. */
export const remembered = signal(0);
const path = () => `/v1/users/${encodeURIComponent(visitor.value)}/preference`;

effect(() => {
  const whose = visitor.value;
  ranking.value = "personalised";
  get<{ ranking?: Ranking }>(path())
    .then((said) => {
      if (whose !== visitor.value || !said.ranking) return;
      ranking.value = said.ranking;
      remembered.value += 1;
    })
    .catch(() => {}); // before the first connection: personalised is what the shop does then, too
});

/** Returns whether it was saved. */
export async function choose(next: Ranking): Promise<boolean> {
  const before = ranking.value;
  ranking.value = next;
  failed.value = false;
  try {
    await call("PUT", path(), {}, { ranking: next });
    return true;
  } catch {
    ranking.value = before;
    failed.value = true;
    return false;
  }
}
