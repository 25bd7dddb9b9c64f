/** What goes on behind the shop, in a panel beside it. */
import { signal } from "@preact/signals";
import { Flow } from "../common/flow";
import { say } from "../common/language";
import { Shoppers } from "../common/shoppers";
import { visitor } from "./visitor";

/** Whether the panel is open. */
export const behind = signal(false);

export function Behind() {
  return (
    <section class="behind" aria-labelledby="behind">
      <div class="section-head">
        <h2 id="behind">{say(["Behind the scenes", "幕后"])}</h2>
        <button type="button" class="quiet" onClick={() => (behind.value = false)} aria-label={say(["Close the panel", "关闭面板"])}>
          ✕
        </button>
      </div>
      <Shoppers />
      <Flow userId={visitor.value} />
      <p>
        <a href="/console">{say(["To the console", "打开控制台"])}</a>
      </p>
    </section>
  );
}
