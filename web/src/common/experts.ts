/** Names of the recommender's experts, who speak for the products of a list. */
import { say, type Both } from "./language";

const EXPERTS: Record<string, Both> = {
  category: ["its category", "所属类别"],
  content: ["what the product is", "商品本身"],
  context: ["the time and place", "时间与场合"],
  neighbours: ["what others chose together", "他人的共同选择"],
  popularity: ["what is popular now", "当前热门"],
  repeats: ["what the user comes back to", "重复浏览"],
  reviews: ["what reviewers say", "评价"],
  search: ["what was searched for", "搜索"],
  sequence: ["what comes next after it", "浏览顺序"],
  sessions: ["similar visits", "相似的访问"],
  two_step: ["what goes with what goes with it", "间接相关"],
  vectors: ["products alike", "相似商品"],
  whole_session: ["the whole visit", "整个访问"],
};

/** As said to the user of whom it is. */
const EXPERTS_TO_YOU: Record<string, Both> = {
  repeats: ["what you come back to", "您的重复浏览"],
  search: ["what you searched for", "您的搜索"],
  sessions: ["visits like yours", "相似的访问"],
  whole_session: ["your whole visit", "您的整个访问"],
};

export const expertName = (name: string): string => say(EXPERTS[name] ?? [name.replace(/_/g, " "), name]);
export const expertNameToYou = (name: string): string => {
  const toYou = EXPERTS_TO_YOU[name];
  return toYou ? say(toYou) : expertName(name);
};
