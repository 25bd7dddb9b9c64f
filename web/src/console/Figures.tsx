/** Fairness, unanswered questions and the experiment: what the command line's programs compute. */
import { number } from "../common/format";
import { say } from "../common/language";
import { useRead } from "./data";
import { Bars, share, Shown, Table, Tiles, when } from "./parts";

interface Interval {
  value: number;
  low: number;
  high: number;
}
interface Group {
  name: string;
  users: number;
  hit: Interval | null;
  clicked: Interval | null;
  predicted: Interval | null;
  head: Interval | null;
  tail: Interval | null;
  coverage: number;
}
interface Portion {
  group: string;
  catalogue: number;
  shown: number;
  clicked: number;
}
export interface Report {
  made_ms: number;
  lists: number;
  users: number;
  clicks: number;
  fairness: {
    cutoff: number;
    coverage: number;
    gini_clicks: number;
    trending_share: number | null;
    beyond: Record<string, number | null>;
    categories: Portion[];
    opinions: Portion[];
    prices: Portion[];
    currency: string;
    groups: Record<string, { groups: Group[] }>;
    profiles: number;
  };
  answers: {
    routes: { route: string; answers: number; rated: number; helpful: number }[];
    reasons: [string, number][];
    clusters: { size: number; reasons: [string, number][]; examples: string[] }[];
    alone: number;
    not_compared: number;
  };
}

const REASONS: Record<string, readonly [string, string]> = {
  nothing_found: ["nothing like it is known", "没有类似内容"],
  confidence: ["not sure enough", "把握不足"],
  unknown_attribute: ["the product has no such attribute", "商品没有此属性"],
  several_products: ["several products fit", "多个商品符合"],
  unknown_order: ["no such order", "没有此订单"],
  not_signed_in: ["not signed in", "未登录"],
  no_reviews: ["no review says", "没有相关评价"],
};
export const reason = (code: string): string => say(REASONS[code] ?? [code, code]);
const OPINIONS: Record<string, readonly [string, string]> = {
  negative: ["negative", "差评"],
  mixed: ["mixed", "好坏参半"],
  positive: ["positive", "好评"],
};
const FIELDS: Record<string, readonly [string, string]> = {
  age_band: ["age band", "年龄段"],
  behaviour: ["behaviour", "行为"],
  gender: ["gender", "性别"],
  language: ["language", "语言"],
  occupation: ["occupation", "职业"],
  region: ["region", "地区"],
};
const portionName = (name: string): string =>
  name === "" ? say(["all others", "其他"]) : name === "-" ? say(["without one", "未分类"]) : name;
const opinionName = (name: string): string => say(OPINIONS[name] ?? [portionName(name), portionName(name)]);
const interval = (of: Interval | null): string =>
  of ? `${share(of.value)} (${number(100 * of.low, 1)}–${number(100 * of.high, 1)})` : "–";

const useReport = () => useRead<Report>("/v1/console/report", {}, 60000);

function Made({ report }: { report: Report }) {
  return (
    <p class="quiet">
      {say([
        `Of ${number(report.lists)} lists of ${number(report.users)} users and ${number(report.clicks)} clicks; made `,
        `来自 ${number(report.users)} 位用户的 ${number(report.lists)} 个列表和 ${number(report.clicks)} 次点击；生成于 `,
      ])}
      {when(report.made_ms)}
    </p>
  );
}

export function Fairness() {
  const report = useReport();
  return (
    <>
      <h1 tabIndex={-1}>{say(["Fairness", "公平性"])}</h1>
      <Shown read={report}>
        {(said) => {
          const { fairness } = said;
          const at = `@${fairness.cutoff}`;
          const gini = fairness.beyond[`gini${at}`];
          return (
            <>
              <Made report={said} />
              <Tiles
                tiles={[
                  [say(["catalogue shown", "商品覆盖率"]) + at, share(fairness.coverage)],
                  [say(["Gini of exposure", "曝光基尼系数"]) + at, gini == null ? "–" : number(gini, 3)],
                  [say(["Gini of clicks", "点击基尼系数"]), number(fairness.gini_clicks, 3)],
                  [say(["popularity lift", "热门偏移"]) + at, share(fairness.beyond[`popularity_lift${at}`])],
                  [say(["of what is shown, trending", "展示中热门占比"]), share(fairness.trending_share)],
                ]}
              />
              <Portions name={say(["By category", "按品类"])} rows={fairness.categories} />
              <Portions name={say(["By what reviewers say", "按评价"])} rows={fairness.opinions} named={opinionName} />
              <Portions name={`${say(["By price", "按价格"])} ${fairness.currency}`} rows={fairness.prices} />
              {Object.entries(fairness.groups).map(([field, found]) => (
                <Groups key={field} field={field} groups={found.groups} />
              ))}
              {!fairness.profiles && (
                <p class="quiet">{say(["No user has a profile: nothing by group.", "没有用户资料，无法分组。"])}</p>
              )}
            </>
          );
        }}
      </Shown>
    </>
  );
}

function Portions({ name, rows, named = portionName }: { name: string; rows: Portion[]; named?: (group: string) => string }) {
  if (!rows.length) return null;
  return (
    <>
      <h2>{name}</h2>
      <Table
        label={name}
        head={[say(["group", "分组"]), say(["of the catalogue", "占商品"]), say(["of what is shown", "占展示"]), say(["of the clicks", "占点击"])]}
        numbers={[1, 2, 3]}
        rows={rows.map((each) => [named(each.group), share(each.catalogue), share(each.shown), share(each.clicked)])}
      />
    </>
  );
}

function Groups({ field, groups }: { field: string; groups: Group[] }) {
  const called = say(FIELDS[field] ?? [field.replaceAll("_", " "), field]);
  const name = say([`Users by ${called}`, `用户分组：${called}`]);
  return (
    <>
      <h2>{name}</h2>
      <Table
        label={name}
        head={[
          say(["group", "分组"]),
          say(["users", "用户数"]),
          say(["next click in the list", "下次点击命中"]),
          say(["most popular tenth", "头部占比"]),
          say(["long tail", "长尾占比"]),
          say(["catalogue shown", "商品覆盖率"]),
        ]}
        numbers={[1, 2, 3, 4, 5]}
        rows={groups.map((each) => [
          each.name || say(["without one", "未填写"]),
          number(each.users),
          interval(each.predicted),
          interval(each.head),
          interval(each.tail),
          share(each.coverage),
        ])}
      />
    </>
  );
}

export function Questions() {
  const report = useReport();
  return (
    <>
      <h1 tabIndex={-1}>{say(["Unanswered questions", "未回答的问题"])}</h1>
      <Shown read={report}>
        {(said) => (
          <>
            <Made report={said} />
            {said.answers.reasons.length > 0 ? (
              <>
                <h2>{say(["Why there was no answer", "没有回答的原因"])}</h2>
                <Bars rows={said.answers.reasons.map(([code, n]) => [reason(code), n, number(n)] as const)} />
              </>
            ) : (
              <p>{say(["Every question had an answer.", "所有问题都得到了回答。"])}</p>
            )}
            <h2>{say(["Asked alike", "相似的问题"])}</h2>
            {said.answers.clusters.length > 0 ? (
              <Table
                label={say(["Asked alike", "相似的问题"])}
                head={[say(["for example", "例如"]), say(["questions", "问题数"]), say(["why", "原因"])]}
                numbers={[1]}
                rows={said.answers.clusters.slice(0, 50).map((each) => [
                  <ul class="examples">
                    {each.examples.map((text) => (
                      <li key={text}>{text}</li>
                    ))}
                  </ul>,
                  number(each.size),
                  each.reasons.map(([code, n]) => `${reason(code)} ${number(n)}`).join(", "),
                ])}
              />
            ) : (
              <p class="quiet">{say(["No two were alike.", "没有相似的问题。"])}</p>
            )}
            <p class="quiet">
              {say([
                `${number(said.answers.alone)} questions like no other. Texts are masked.`,
                `另有 ${number(said.answers.alone)} 个独特的问题。文本已脱敏。`,
              ])}
            </p>
          </>
        )}
      </Shown>
    </>
  );
}

interface Variant {
  variant: string;
  share: number;
  users_exposed: number;
  users_clicked: number;
  users_converted: number;
  click_rate: number | null;
  conversion_rate: number | null;
  click_difference?: { estimate: number | null; low: number | null; high: number | null };
  conversion_difference?: { estimate: number | null; low: number | null; high: number | null };
}
interface Test {
  experiment: string;
  alpha: number;
  variants: Variant[];
  lists_of_another_variant: number;
}

export function Experiment() {
  const read = useRead<Test>("/v1/console/experiment", {}, 60000);
  const told = (of: Variant["click_difference"]): string =>
    of && of.estimate !== null && of.low !== null && of.high !== null
      ? `${number(100 * of.estimate, 2)} (${number(100 * of.low, 2)} – ${number(100 * of.high, 2)})`
      : "–";
  return (
    <>
      <h1 tabIndex={-1}>{say(["Experiment", "实验"])}</h1>
      <Shown read={read}>
        {(said) => (
          <>
            <h2>{said.experiment}</h2>
            <Table
              label={said.experiment}
              head={[
                say(["arm", "分组"]),
                say(["users", "用户"]),
                say(["click rate", "点击率"]),
                say(["difference, points", "差异（百分点）"]),
                say(["conversion rate", "转化率"]),
                say(["difference, points", "差异（百分点）"]),
              ]}
              numbers={[1, 2, 3, 4, 5]}
              rows={said.variants.map((each) => [
                each.variant,
                number(each.users_exposed),
                share(each.click_rate),
                told(each.click_difference),
                share(each.conversion_rate),
                told(each.conversion_difference),
              ])}
            />
            <p class="quiet">
              {say([
                `Differences are to the first arm, with ${number(100 * (1 - said.alpha))} % confidence sequences: ` +
                  "they hold however often you look.",
                `差异相对第一组，附 ${number(100 * (1 - said.alpha))} % 置信序列，随时查看均有效。`,
              ])}
            </p>
            {said.lists_of_another_variant > 0 && (
              <p class="problem">
                {say([
                  `${number(said.lists_of_another_variant)} lists carry another arm than their user's: workers were told different experiments.`,
                  `${number(said.lists_of_another_variant)} 个列表的分组与用户不符：各进程的实验设置不同。`,
                ])}
              </p>
            )}
          </>
        )}
      </Shown>
    </>
  );
}
