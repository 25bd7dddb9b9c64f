/** "What is assumed of me": what the shop made of the visitor's clicks, and its deletion. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, get } from "../common/api";
import { say } from "../common/language";
import { Dialog } from "./Dialog";
import { visitor } from "./visitor";
import { categoryName } from "./words";

interface Segment {
  name: string;
  share: number;
}
interface Assumptions {
  group?: number | null;
  categories?: Segment[];
  brands?: Segment[];
}
type State = "reading" | "there" | "failed" | "deleted";

const path = () => `/v1/users/${encodeURIComponent(visitor.value)}/assumptions`;
const percent = (share: number) => `${Math.round(share * 100)} %`;

export function Assumed({ close }: { close: () => void }) {
  const state = useSignal<State>("reading");
  const found = useSignal<Assumptions>({});
  useEffect(() => {
    get<Assumptions>(path())
      .then((said) => {
        found.value = said ?? {};
        state.value = "there";
      })
      .catch(() => (state.value = "failed"));
  }, []);
  const forget = () =>
    call("DELETE", path())
      .then(() => {
        found.value = {};
        state.value = "deleted";
      })
      .catch(() => (state.value = "failed"));
  const { group, categories = [], brands = [] } = found.value;
  const nothing = (group === null || group === undefined) && categories.length + brands.length === 0;
  return (
    <Dialog title={say(["What is assumed of me?", "系统对我的推测"])} close={close}>
      <p>
        {say(["To the shop you are", "在本店您是"])} <code>{visitor.value}</code>
        {say([": an id that this page made up.", "：本页面随机生成的编号。"])}
      </p>
      <div role="status">
        {state.value === "failed" && <p>{say(["This cannot be read now.", "暂时无法读取。"])}</p>}
        {state.value === "deleted" && (
          <p>{say(["Deleted. What you do from now on counts anew.", "已删除。此后的行为将重新计算。"])}</p>
        )}
        {state.value === "there" && nothing && (
          <p>{say(["Nothing yet: click a few products.", "暂无：先点击几件商品吧。"])}</p>
        )}
      </div>
      {categories.length > 0 && (
        <>
          <h3>{say(["Interested in", "感兴趣的类别"])}</h3>
          <ul class="chips">
            {categories.map((each) => (
              <li key={each.name}>
                {categoryName(each.name)} <small>{percent(each.share)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
      {brands.length > 0 && (
        <>
          <h3>{say(["Brands", "品牌"])}</h3>
          <ul class="chips">
            {brands.map((each) => (
              <li key={each.name}>
                {each.name} <small>{percent(each.share)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
      {group !== null && group !== undefined && (
        <p>
          {say([
            `You are counted among group ${group} of the visitors, whose interests are like yours.`,
            `您被归入第 ${group} 组兴趣相近的顾客。`,
          ])}
        </p>
      )}
      {state.value === "there" && !nothing && (
        <p>
          <button type="button" class="danger" onClick={() => void forget()}>
            {say(["Delete all of it", "全部删除"])}
          </button>
        </p>
      )}
    </Dialog>
  );
}
