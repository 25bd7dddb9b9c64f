"""What `get` and `ask` say around what stands on the topics, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.text.aspect_names import CHINESE_NAMES

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.sentiment import (
        CategorySentimentUpdated,
        ProductSentimentUpdated,
    )

NO_SIMILAR = "similar items: none yet (they come from what is clicked in one session)"
REVIEWS = (
    "reviews: {count}, mean {mean:+.2f}, trend {trend:+.2f} ({positive} positive, {neutral} "
    "neutral, {negative} negative)"
)
BY_CHANCE = "the trend is by chance with a probability of {p:.2g} at most"
WEIGHED = (
    "users of partition {partition}, as of {when}: lists ordered by {model}; the learned ranker "
    "has {examples} examples, mean reciprocal rank {rank:.3f}, without it {base:.3f}"
)

# The English sentence is the name that the Chinese one is found under.
CHINESE = {
    "I do not know ({why}); a person should answer.": "我不知道（{why}）；请由人工回答。",
    "phrased by {model}": "由 {model} 措辞",
    "see also {products}": "另见 {products}",
    "ask also: {questions}": "也可以问：{questions}",
    "to a person:": "转人工：",
    "{user}: {count} items, made {when} by {model}, fallback {fallback}": (
        "{user}：{count} 件商品，{when} 由 {model} 生成，补充方式：{fallback}"
    ),
    "reviews: none": "评价：没有",
    REVIEWS: (
        "评价：{count} 条，均值 {mean:+.2f}，趋势 {trend:+.2f}（正面 {positive}，中性 {neutral}，"
        "负面 {negative}）"
    ),
    NO_SIMILAR: "相似商品：还没有（来自同一次访问中点击的商品）",
    "similar items, as of {when}:": "相似商品，截至 {when}：",
    "viewed with it {often}": "与它一起浏览 {often}",
    "added with it {often}": "与它一起加入购物车 {often}",
    "bought with it {often}": "与它一起购买 {often}",
    "once": "1 次",
    "{count} times": "{count} 次",
    "{category}: {count} products, as of {when}": "{category}：{count} 件商品，截至 {when}",
    BY_CHANCE: "该趋势出于偶然的概率最多为 {p:.2g}",
    "praised: {aspect}, {often}": "表扬：{aspect}，{often}",
    "criticised: {aspect}, {often}": "批评：{aspect}，{often}",
    "trending in {scope}, as of {when}:": "{scope} 的热门商品，截至 {when}：",
    WEIGHED: (
        "分区 {partition} 的用户，截至 {when}：列表由 {model} 排序；学习的排序器有 {examples} "
        "个样本，平均倒数排名 {rank:.3f}，没有它时为 {base:.3f}"
    ),
    # Errors: the thing, then why it may not be there and what to do.
    "user {key}": "用户 {key}",
    "A list comes with the user's first click, search or order (not of events older than "
    "LIST_AGE_MAX); `shopkeeper status` shows whether the recommender is behind": (
        "用户首次点击、搜索或下单后才有列表（早于 LIST_AGE_MAX 的事件不算）；"
        "用 `shopkeeper status` 查看推荐服务是否滞后"
    ),
    "product {key}": "商品 {key}",
    "Nor is it on {reviews} or {catalogue}: no click together with another product, no review, "
    "no catalogue entry names it": (
        "{reviews} 和 {catalogue} 上也没有：它没有与其他商品一起被点击，没有评价，"
        "也不在商品目录中；请核对商品编号"
    ),
    "category {key}": "类目 {key}",
    "No product of it has reviews, or the catalogue writes it otherwise: `shopkeeper tail "
    "{topic} --from-start` shows those that there are": (
        "该类目的商品都没有评价，或商品目录中的写法不同：用 `shopkeeper tail {topic} --from-start` "
        "查看现有的类目"
    ),
    "scope {key}": "范围 {key}",
    "There is {everywhere}, and category/NAME for each category of the catalogue that is clicked": (
        "可用的有 {everywhere}，以及商品目录中每个被点击过的类目 category/NAME"
    ),
    "nothing on {topic}: a worker says what its ranker weighs after the first lists were clicked, "
    "once a minute at most": (
        "{topic} 上还没有内容：首批列表被点击后，工作进程才会发布排序器的权重，每分钟最多一次"
    ),
    "{what}: not among the newest records of {topic}; the older ones were not all looked at within "
    "{seconds:g} s": "{what}：不在 {topic} 最新的记录中；更早的记录在 {seconds:g} 秒内没有全部看完",
    "{what}: was there and has been removed from {topic}": "{what}：曾经有过，已从 {topic} 删除",
    "{what}: not on {topic}. {why}": "{what}：不在 {topic} 上。{why}",
    "the newest record ({topic}/{partition} at {offset}) does not follow its schema: {error}": (
        "最新的记录（{topic}/{partition}，位置 {offset}）不符合其模式：{error}"
    ),
    "no answer within {seconds:g} s: is an answers worker running? (`shopkeeper status`)": (
        "{seconds:g} 秒内没有回答：问答服务在运行吗？（用 `shopkeeper status` 查看）"
    ),
    "the answer does not follow its schema: {error}": "回答不符合其模式：{error}",
    "the question is empty": "问题是空的",
    "{problem} (waited {seconds:g} s; KAFKA_BOOTSTRAP_SERVERS)": (
        "连接不到 Kafka（已等待 {seconds:g} 秒；请检查 KAFKA_BOOTSTRAP_SERVERS）：{problem}"
    ),
    "{problem}": "正在等待 Kafka：{problem}",
    "{error}": "Kafka 报告错误：{error}",
    # Words of closed sets: fallbacks, scopes, kinds of sources, why there is no answer.
    "none": "无需补充",
    "cluster": "相似用户的喜好",
    "trending": "热门商品",
    "newest": "新品",
    "empty": "无可展示",
    "all": "全部",
    "faq": "常见问题",
    "policy": "规定",
    "page": "页面",
    "product": "商品",
    "order": "订单",
    "reviews": "评价汇总",
    "review": "评价",
    "nothing found": "没有找到相关内容",
    "confidence": "把握不够",
    "unknown attribute": "该商品没有这项属性",
    "several products": "有几件商品符合",
    "unknown product": "没有这个商品",
    "unknown order": "没有这个订单",
    "not signed in": "尚未登录",
    "no reviews": "没有评价提到",
    "unknown": "原因不明",
    **CHINESE_NAMES,
}


def spoken(language: str, english: str, **values: object) -> str:
    """A sentence, or a word of a closed set, in the language (`zh`; else English). What has no
    Chinese, such as a model's name, stays as it is."""
    return (CHINESE.get(english, english) if language == "zh" else english).format(**values)


def often(language: str, count: int) -> str:
    """How many times."""
    return spoken(language, "once" if count == 1 else "{count} times", count=count)


def reviews_line(language: str, said: CategorySentimentUpdated | ProductSentimentUpdated) -> str:
    """How many reviews there are, and what they say in the mean."""
    return spoken(
        language,
        REVIEWS,
        count=said.count,
        mean=said.mean,
        trend=said.trend,
        positive=said.positive,
        neutral=said.neutral,
        negative=said.negative,
    )
