"""What the service says in a conversation beside its answers, in English and Chinese.

words: a domain's own, by the English text that they stand for, as its pack writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.shared.domains.pack import Both

    from .conversation import Turn

_SMALL_TALK = {
    "greeting": (
        "Hello! Ask me about products, delivery, returns or your orders.",
        "您好！商品、配送、退货和订单的问题都可以问我。",
    ),
    "agreement": ("Is there anything else I can help you with?", "还有什么可以帮您的吗？"),
    "thanks": ("You are welcome!", "不客气！"),
    "goodbye": ("Goodbye, and thank you for your visit!", "再见，感谢您的光临！"),
    "who": (
        "I am a program, not a person. I answer from what the shop has published; if you want a "
        "person, just say so.",
        "我是自动问答程序，不是真人。我只根据店铺公布的内容回答；需要人工客服，请直接告诉我。",
    ),
}


_WHICH = ("Which product do you mean?", "您问的是哪一款商品？")
_HANDED_OVER = (
    "I am passing you on to a person from the shop, with a summary of what we have said.",
    "好的，为您转接人工客服，并附上我们谈话的摘要。",
)
_SHOP = ("Shop", "店铺")
# English texts that a domain may have words of its own for.
REPLACEABLE = (*(text[0] for text in _SMALL_TALK.values()), _WHICH[0], _HANDED_OVER[0], _SHOP[0])


def _said(text: tuple[str, str], language: str, words: Mapping[str, Both]) -> str:
    own = words.get(text[0])
    if own is not None:
        return own.of(language)
    return text[1] if language == "zh" else text[0]


def small_talk_answer(kind: str, language: str, words: Mapping[str, Both]) -> str:
    """kind: as `small_talk` names it."""
    return _said(_SMALL_TALK[kind], language, words)


def which_of(titles: Sequence[str], more: bool, language: str) -> str:
    """Asks which product is meant. more: others fit too."""
    if language == "zh":
        listed = "、".join(titles[:-1]) + f"还是{titles[-1]}"
        return f"您指的是哪一款：{listed}{'，或者别的款式' if more else ''}？"
    listed = ", ".join(titles[:-1]) + f" or {titles[-1]}"
    return f"Which one do you mean: {listed}{', or another one' if more else ''}?"


def which_product(language: str, words: Mapping[str, Both]) -> str:
    """Asks for a product where none is named."""
    return _said(_WHICH, language, words)


def what_about(title: str, language: str) -> str:
    """Asks what somebody wants to know who has only named a product."""
    if language == "zh":
        return f"您想了解{title}的什么？"
    return f"What would you like to know about {title}?"


def handed_over(language: str, words: Mapping[str, Both]) -> str:
    """To a customer who asked for a person."""
    return _said(_HANDED_OVER, language, words)


def summary(
    turns: Sequence[Turn],
    title: str | None,
    order_id: str | None,
    language: str,
    words: Mapping[str, Both],
) -> str:
    """Of a conversation, for the person who takes it over; a line each."""
    chinese = language == "zh"
    shop = _said(_SHOP, language, words)
    lines = []
    for turn in turns:
        lines.append(("客户：" if chinese else "Customer: ") + turn.asked)
        nothing = "（没有回答）" if chinese else "(not answered)"
        lines.append(f"{shop}{'：' if chinese else ': '}{turn.answered or nothing}")
    if title:
        lines.append(("商品：" if chinese else "Product: ") + title)
    if order_id:
        lines.append(("订单：" if chinese else "Order: ") + order_id)
    return "\n".join(lines)
