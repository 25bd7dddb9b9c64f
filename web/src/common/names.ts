/** Names of topics, services and aspects for people. */
import { say, type Both } from "./language";

const TOPICS: Record<string, Both> = {
  "shop.clicks.v1": ["clicks & carts", "点击与购物车"],
  "shop.searches.v1": ["searches", "搜索"],
  "shop.reviews.v1": ["reviews", "评价"],
  "shop.questions.v1": ["questions", "提问"],
  "shop.catalogue.v1": ["catalogue", "商品目录"],
  "shop.knowledge.v1": ["shop's knowledge", "店铺知识"],
  "shop.orders.v1": ["orders", "订单"],
  "shop.profiles.v1": ["profiles", "用户资料"],
  "shop.preferences.v1": ["preferences", "偏好"],
  "shop.corrections.v1": ["corrections", "更正"],
  "personalisation.intents.v1": ["intents", "意图"],
  "personalisation.sentiments.v1": ["review sentiment", "评价情感"],
  "personalisation.product-sentiment.v1": ["product sentiment", "商品口碑"],
  "personalisation.category-sentiment.v1": ["category sentiment", "品类口碑"],
  "personalisation.complaint-sentiments.v1": ["complaints", "投诉情感"],
  "personalisation.recommendations.v1": ["lists", "推荐列表"],
  "personalisation.similar-items.v1": ["similar items", "相似商品"],
  "personalisation.trending.v1": ["trending", "热门"],
  "personalisation.segments.v1": ["segments", "分群"],
  "personalisation.ranking-parameters.v1": ["ranking parameters", "排序参数"],
  "personalisation.answers.v1": ["answers", "回答"],
};
const SERVICES: Record<string, Both> = {
  intent: ["intent", "意图识别"],
  sentiment: ["sentiment", "情感分析"],
  recommender: ["recommender", "推荐"],
  answers: ["answers", "问答"],
  gateway: ["gateway", "网关"],
};

export function topicName(topic: string): string {
  const known = TOPICS[topic];
  if (known) return say(known);
  const bare = topic.replace(/^(shop|personalisation)\./, "").replace(/\.v\d+/, "");
  return bare.replaceAll("-", " ");
}

export function serviceName(service: string): string {
  const known = SERVICES[service];
  return known ? say(known) : service;
}

const TYPES: Record<string, Both> = {
  "product.clicked.v1": ["product clicked", "点击商品"],
  "product.added.v1": ["put in the cart", "加入购物车"],
  "product.removed.v1": ["taken out of the cart", "移出购物车"],
  "order.completed.v1": ["order", "下单"],
  "order.updated.v1": ["order on its way", "订单更新"],
  "order.refunded.v1": ["refund", "退款"],
  "products.searched.v1": ["search", "搜索"],
  "product.reviewed.v1": ["review", "评价"],
  "review.withdrawn.v1": ["review withdrawn", "撤回评价"],
  "question.asked.v1": ["question", "提问"],
  "answer.rated.v1": ["answer rated", "评价回答"],
  "product.catalogued.v1": ["product catalogued", "商品上架"],
  "knowledge.published.v1": ["knowledge published", "发布知识"],
  "user.profiled.v1": ["profile", "用户资料"],
  "preference.set.v1": ["preference", "偏好"],
  "intent.recognised.v1": ["intent", "意图"],
  "answer.given.v1": ["answer", "回答"],
  "recommendations.updated.v1": ["list", "列表"],
  "user.erased.v1": ["user erased", "删除用户"],
  "assumptions.deleted.v1": ["assumptions deleted", "删除推测"],
  "sentiment.scored.v1": ["review's sentiment", "评价情感"],
  "complaint.scored.v1": ["complaint's sentiment", "投诉情感"],
  "product-sentiment.updated.v1": ["product sentiment", "商品口碑"],
  "category-sentiment.updated.v1": ["category sentiment", "品类口碑"],
  "similar-items.updated.v1": ["similar items", "相似商品"],
  "trending.updated.v1": ["trending", "热门"],
  "segments.updated.v1": ["segments", "分群"],
  "parameters.updated.v1": ["ranking parameters", "排序参数"],
};

export function typeName(type: string): string {
  const known = TYPES[type];
  return known ? say(known) : type.replace(/\.v\d+$/, "").replaceAll(/[.-]/g, " ");
}

const ASPECTS: Record<string, Both> = {
  quality: ["quality", "质量"],
  price: ["price", "价格"],
  delivery: ["delivery", "物流"],
  service: ["service", "服务"],
  packaging: ["packaging", "包装"],
  fit: ["fit", "尺码"],
  taste: ["taste", "味道"],
  looks: ["looks", "外观"],
  performance: ["performance", "性能"],
  battery: ["battery", "续航"],
  ease: ["ease of use", "易用"],
  content: ["content", "内容"],
};

export const aspectName = (name: string): string => say(ASPECTS[name] ?? [name, name]);
