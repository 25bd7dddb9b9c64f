"""The table of docs/privacy.md and its Chinese twin: what is kept where, how long, erased how.

python -m shopkeeper.apps.docs.privacy docs/privacy.md docs/privacy.zh.md    # writes it anew

Names, keys, retention and cleanup are those of the topics' specifications; a topic that is not
told of here fails tests/contract/test_privacy_page.py, and so does one whose erasure the code of
`shopkeeper erase` sees otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.topic import DAY_MS

from .parameters import LANGUAGES, replaced

if TYPE_CHECKING:
    from shopkeeper.apps.report.charts import Language
    from shopkeeper.shared.contracts.topic import Topic

PART = "topics"
DEAD_LETTERS = ".dlq"
NOBODY, COMMAND, TOMBSTONE, RETENTION = "nobody", "command", "tombstone", "retention"
WORKERS, NUMBER = "workers", "number"


class Kept(NamedTuple):
    """What a topic holds of a user, in both languages, and what removes it."""

    english: str
    chinese: str
    erased: str


NOTHING = Kept("nothing", "无", NOBODY)
STATE = Kept("state: ids, items, lines", "状态：标识、商品、语句", WORKERS)
OF = {
    topics.CLICKS: Kept(
        "who clicked, added, ordered what, and when",
        "谁在何时点击、加购、购买了什么",
        RETENTION,
    ),
    topics.SEARCHES: Kept("who searched for what", "谁搜索了什么", RETENTION),
    topics.REVIEWS: Kept("who wrote which review", "谁写了哪条评价", RETENTION),
    topics.QUESTIONS: Kept("who asked what", "谁问了什么", RETENTION),
    topics.PROFILES: Kept("a user's profile", "用户的资料", TOMBSTONE),
    topics.PREFERENCES: Kept("which lists a user wants", "用户想要哪种列表", TOMBSTONE),
    topics.ORDERS: Kept("whose order it is", "订单属于谁", TOMBSTONE),
    topics.INTENTS: Kept("ids; words in slots", "标识；槽位中的词语", COMMAND),
    topics.COMPLAINTS: Kept("ids; a complaint, masked", "标识；已遮盖的投诉", COMMAND),
    topics.SEARCHED_QUESTIONS: Kept("ids; a question, masked", "标识；已遮盖的问题", COMMAND),
    topics.COMPLAINT_SENTIMENTS: Kept("ids", "标识", COMMAND),
    topics.ANSWERS: Kept("ids; the answer", "标识；回答", COMMAND),
    topics.SENTIMENTS: Kept("quotes of reviews, masked", "已遮盖的评价摘句", COMMAND),
    topics.PRODUCT_SENTIMENT: Kept("quotes of reviews, masked", "已遮盖的评价摘句", COMMAND),
    topics.CATEGORY_SENTIMENT: Kept("quotes of reviews, masked", "已遮盖的评价摘句", COMMAND),
    topics.CATEGORY_PARTS: Kept("quotes of reviews, masked", "已遮盖的评价摘句", COMMAND),
    topics.REVIEW_DIGESTS: Kept(
        "sentences of reviews, masked; the author as a number",
        "已遮盖的评价句子；作者为一个数字",
        COMMAND,
    ),
    topics.RECOMMENDATIONS: Kept("a user's list", "用户的列表", COMMAND),
    topics.SEGMENTS: Kept("categories and brands of a user", "用户的类目和品牌", COMMAND),
    topics.ERASED_USERS: Kept("a 64-bit number of who was erased", "被删除者的 64 位数字", NUMBER),
    topics.CORRECTIONS: Kept("texts that operators corrected", "运维人员更正过的文本", NUMBER),
    **dict.fromkeys(map(topics.checkpoints, topics.SERVICES), STATE),
    **dict.fromkeys(
        (
            topics.CATALOGUE,
            topics.KNOWLEDGE,
            topics.ENTRY_VECTORS,
            topics.SIMILAR_ITEMS,
            topics.TRENDING,
            topics.PARAMETERS,
            topics.ITEM_PAIRS,
            topics.ITEM_COUNTS,
            topics.SESSION_ITEMS,
            topics.USER_GROUPS,
            topics.LAYOUT,
        ),
        NOTHING,
    ),
}
LETTER = Kept("the record as it came", "原样的记录", COMMAND)
ERASED = {
    NOBODY: ("", ""),
    COMMAND: ("workers, then `shopkeeper erase`", "工作进程，然后 `shopkeeper erase`"),
    TOMBSTONE: ("tombstones in every partition", "每个分区中的墓碑记录"),
    RETENTION: ("retention", "保留期"),
    WORKERS: ("workers, which write their state anew", "工作进程重写其状态"),
    NUMBER: ("", ""),
}
HEADS = {
    "en": ("topic", "key", "kept", "of a user", "erased by"),
    "zh": ("主题", "键", "保留", "与用户有关的内容", "如何删除"),
}
DAYS = {"en": "{} days", "zh": "{} 天"}
WITHOUT_LIMIT = {"en": "newest by key, without limit", "zh": "每个键的最新值，不限时间"}
ALWAYS = {"en": "without limit; its owner deletes", "zh": "不限时间；由其所有者删除"}


def of(topic: Topic) -> Kept:
    """What a topic holds. Raises KeyError for one that nobody has told of."""
    return LETTER if topic.name.endswith(DEAD_LETTERS) else OF[topic.name]


def kept(topic: Topic, language: Language) -> str:
    """How long, by the topic's retention and cleanup policy."""
    if topic.retention_ms is not None:
        return DAYS[language].format(f"{topic.retention_ms / DAY_MS:g}")
    return WITHOUT_LIMIT[language] if topic.cleanup == "compact" else ALWAYS[language]


def table(language: Language) -> str:
    """Markdown; all dead-letter topics in one row, since they are alike."""
    place = LANGUAGES.index(language)
    lines = [f"| {' | '.join(HEADS[language])} |", "|---|---|---|---|---|"]
    rows = [topic for topic in topics.ALL if not topic.name.endswith(DEAD_LETTERS)]
    rows.append(next(topic for topic in topics.ALL if topic.name.endswith(DEAD_LETTERS)))
    for topic in rows:
        found = of(topic)
        name = "*.dlq" if found is LETTER else topic.name
        cells = (f"`{name}`", topic.key, kept(topic, language), found[place])
        lines.append(f"| {' | '.join(cells)} | {ERASED[found.erased][place]} |")
    return "\n".join(lines)


def main() -> None:
    """Write the table into both pages."""
    for name, language in zip(sys.argv[1:3], LANGUAGES, strict=True):
        path = Path(name)
        path.write_text(replaced(path.read_text("utf-8"), PART, table(language)), "utf-8")


if __name__ == "__main__":
    main()
