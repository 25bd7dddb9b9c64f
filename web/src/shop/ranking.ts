/** How the visitor wants lists to be made. */
import { effect, signal } from "@preact/signals";
import { call, get } from "../common/api";
import type { Ranking } from "./types";
import { visitor } from "./visitor";

export type { Ranking };

export const ranking = signal<Ranking>("personalised");
export const failed = signal(false);
const path = () => `/v1/users/${encodeURIComponent(visitor.value)}/preference`;

effect(() => {
  const whose = visitor.value;
  ranking.value = "personalised";
  get<{ ranking?: Ranking }>(path())
    .then((said) => {
      if (whose === visitor.value && said.ranking) ranking.value = said.ranking;
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
