/** How the visitor wants lists to be made: the switch beside the list. */
import { say, type Both } from "../common/language";
import { renew } from "./live";
import { choose, failed, ranking, type Ranking } from "./ranking";

const NAMES: [Ranking, Both][] = [
  ["personalised", ["Personalised", "个性化"]],
  ["popular", ["Popular", "热门"]],
  ["newest", ["Newest", "最新"]],
];

export function Preference() {
  return (
    <fieldset class="switch">
      <legend class="unseen">{say(["How this list is made", "列表的排序方式"])}</legend>
      {NAMES.map(([each, name]) => (
        <label key={each}>
          <input
            type="radio"
            name="ranking"
            value={each}
            checked={ranking.value === each}
            onChange={() => void choose(each).then((saved) => (saved ? renew() : undefined))}
          />
          <span>{say(name)}</span>
        </label>
      ))}
      {failed.value && <span role="alert">{say(["This could not be saved.", "未能保存。"])}</span>}
    </fieldset>
  );
}
