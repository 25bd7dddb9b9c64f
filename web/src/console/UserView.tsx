/** One user: what they did lately, their list with its reasons, and what was answered to them. */
import { useSignal } from "@preact/signals";
import { expertName } from "../common/experts";
import { number } from "../common/format";
import { language, say } from "../common/language";
import { topicName, typeName } from "../common/names";
import { useRead } from "./data";
import { reason } from "./Figures";
import { link, Shown, Table, title, useTitles, when } from "./parts";

interface Told {
  topic: string;
  partition: number;
  offset: number;
  written_ms: number;
  type: string;
  value: Record<string, unknown> | null;
}
interface Seen {
  events: Told[];
  outputs: Told[];
  looked_at_max: number;
}
interface List {
  fallback: string;
  ranking: string;
  items: { product_id: string; score: number; reason: { text: string }; experts?: Record<string, number> }[];
  made_from?: { topic: string; partition: number; offset: number; model: { name: string } };
}

const RANKINGS: Record<string, readonly [string, string]> = {
  personalised: ["personalised", "个性化"],
  popular: ["by popularity", "按热度"],
  newest: ["newest first", "最新优先"],
};
/** What a list was filled up with. */
const FALLBACKS: Record<string, readonly [string, string]> = {
  none: ["nothing filled up", "无需补充"],
  cluster: ["filled up with what similar users like", "以相似用户的喜好补充"],
  similar: ["filled up with similar products", "以相似商品补充"],
  trending: ["filled up with what is trending", "以热门商品补充"],
  newest: ["filled up with what is new", "以新品补充"],
  empty: ["nothing to show", "无可展示"],
};

/** A record's value in one line. */
function summary(value: Told["value"]): string {
  if (!value) return say(["(removed)", "（已删除）"]);
  if (value["answer"] === null) {
    return `${say(["no answer", "没有回答"])}: ${reason(String(value["abstained"] ?? "nothing_found"))}`;
  }
  const of = value["properties"] ?? value["data"] ?? value;
  const shown = typeof of === "object" && of !== null ? (of as Record<string, unknown>) : value;
  const first = ["question", "query", "answer", "intent", "label", "review_body", "product_id", "order_id"];
  const found = first.filter((name) => shown[name] !== undefined && shown[name] !== null);
  return found.map((name) => String(shown[name])).join(" · ") || JSON.stringify(shown).slice(0, 160);
}

export function Users() {
  const id = useSignal("");
  return (
    <>
      <h1 tabIndex={-1}>{say(["Users", "用户"])}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (id.value) location.hash = link("users", id.value);
        }}
      >
        <label>
          {say(["user_id or anonymous_id", "user_id 或 anonymous_id"])}
          <input required value={id.value} onInput={(event) => (id.value = event.currentTarget.value.trim())} />
        </label>
        <button type="submit">{say(["Show", "查看"])}</button>
      </form>
      <p class="quiet">
        {say([
          "Looking at a user shows personal data: do it where there is a reason.",
          "查看用户会显示个人数据，请在有理由时使用。",
        ])}
      </p>
    </>
  );
}

export function UserView({ id }: { id: string }) {
  const path = encodeURIComponent(id);
  const list = useRead<List>(`/v1/users/${path}/recommendations`, { language: language.value }, 5000);
  const seen = useRead<Seen>(`/v1/console/users/${path}`, {}, 15000);
  const titles = useTitles(list.value?.items.map((each) => each.product_id) ?? []);
  const rows = (records: Told[]) =>
    records.map((each) => [
      each.type ? typeName(each.type) : topicName(each.topic),
      summary(each.value),
      when(each.written_ms),
      `${topicName(each.topic)} ${each.partition}@${number(each.offset)}`,
    ]);
  const head = [say(["what", "内容"]), say(["said", "详情"]), say(["when", "时间"]), say(["where", "位置"])];
  return (
    <>
      <h1 tabIndex={-1}>{id}</h1>
      <h2>{say(["The list now", "当前列表"])}</h2>
      <Shown read={list}>
        {(said) => (
          <>
            <p class="quiet">
              {say(RANKINGS[said.ranking] ?? [said.ranking, said.ranking])};{" "}
              {say(FALLBACKS[said.fallback] ?? [said.fallback, said.fallback])}
              {said.made_from &&
                `; ${said.made_from.model.name}, ${said.made_from.partition}@${number(said.made_from.offset)}`}
            </p>
            <Table
              label={say(["The list now", "当前列表"])}
              head={[say(["product", "商品"]), say(["score", "得分"]), say(["reason", "理由"]), say(["who spoke for it", "推荐方法"])]}
              numbers={[1]}
              rows={said.items.map((each) => [
                <a href={link("products", each.product_id)}>{title(titles.get(each.product_id), each.product_id)}</a>,
                number(each.score, 4),
                each.reason.text,
                Object.entries(each.experts ?? {})
                  .sort((a, b) => b[1] - a[1])
                  .map(([name, percent]) => `${expertName(name)} ${percent} %`)
                  .join(", "),
              ])}
            />
          </>
        )}
      </Shown>
      <Shown read={seen}>
        {(said) => (
          <>
            <h2>{say(["Events", "事件"])}</h2>
            {said.events.length ? (
              <Table label={say(["Events", "事件"])} head={head} rows={rows(said.events)} />
            ) : (
              <p class="quiet">
                {say([
                  `None among the newest ${number(said.looked_at_max)} records of each topic's partition.`,
                  `各主题分区最新的 ${number(said.looked_at_max)} 条记录中没有。`,
                ])}
              </p>
            )}
            <h2>{say(["Answers and intents", "回答与意图"])}</h2>
            {said.outputs.length ? (
              <Table label={say(["Answers and intents", "回答与意图"])} head={head} rows={rows(said.outputs)} />
            ) : (
              <p class="quiet">{say(["None lately.", "近期没有。"])}</p>
            )}
          </>
        )}
      </Shown>
    </>
  );
}
