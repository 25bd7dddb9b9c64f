"""Sentences about a product's attribute, in English and Chinese."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .lexicon import BY_NAME, CHINESE_COLOUR

if TYPE_CHECKING:
    from .values import Value

_VERBS = re.compile("有没有|是不是|能不能|可不可以|会不会|支持|可以|含|有|能|会|是")
_PLAIN_VERB = {"有没有": "有", "是不是": "是", "能不能": "能", "可不可以": "可以", "会不会": "会"}
_NO = {"有": "没有"}


def said_of(attribute: str, value: Value, title: str, language: str) -> str:
    """What an attribute of a product is. language: zh, or else English."""
    return (
        _chinese(attribute, value, title) if language == "zh" else _english(attribute, value, title)
    )


def _english(attribute: str, value: Value, title: str) -> str:
    known = BY_NAME.get(attribute)
    label = known.english if known else attribute
    if attribute == "price":
        return f"{title} costs {value.english[0]}."
    if attribute == "availability":
        return f"{title} is {'in stock' if value.truth else 'out of stock at the moment'}."
    if attribute == "waterproof" and value.truth is not None:
        return f"Yes, {title} is waterproof." if value.truth else f"No, {title} is not waterproof."
    if value.truth is not None:
        return f"{title}: {label}, {'yes' if value.truth else 'no'}."
    if attribute == "colour":
        return f"{title} comes in {_listed(value.english)}."
    return f"{title}: {label} {_listed(value.english)}."


def _chinese(attribute: str, value: Value, title: str) -> str:
    known = BY_NAME.get(attribute)
    label = known.chinese if known else attribute
    if attribute == "price":
        return f"{title}的价格是{value.chinese[0]}。"
    if attribute == "availability":
        return f"{title}{'有货' if value.truth else '目前缺货'}。"
    if attribute == "waterproof" and value.truth is not None:
        return f"{title}{'防水' if value.truth else '不防水'}。"
    if value.truth is not None:
        return f"{title}：{label}，{'是' if value.truth else '否'}。"
    return f"{title}的{label}：{'、'.join(value.chinese)}。"


def stated(kind: str, label: str, value: Value, title: str, language: str) -> str:
    """A fact as a statement. kind: is or has, of a yes or no; anything else is said as a pair."""
    if value.truth is None:
        if language == "zh":
            return f"{title}的{label}：{'、'.join(value.chinese)}。"
        return f"{title}: {label} {_listed(value.english)}."
    if language == "zh":
        return f"{title}：{label}，{'是' if value.truth else '否'}。"
    if kind == "is":
        return f"{title} is {'' if value.truth else 'not '}{label}."
    if kind == "has":
        return f"{title} {'has' if value.truth else 'does not have'} {label}."
    return f"{title}: {label}, {'yes' if value.truth else 'no'}."


def with_opening(yes: bool, statement: str, question: str, language: str) -> str:
    """A statement after yes or no; in Chinese with the question's own verb."""
    if language != "zh":
        return f"{'Yes' if yes else 'No'}, {statement}"
    found = _VERBS.search(question)
    verb = found[0] if found else "是"
    verb = _PLAIN_VERB.get(verb, verb)
    opening = ("是的" if verb == "是" else verb) if yes else _NO.get(verb, f"不{verb}")
    return f"{opening}，{statement}"


def whether(wanted: str, there: bool, value: Value, title: str, language: str) -> str:
    """Whether a product comes in a colour. wanted: its normal form."""
    if language == "zh":
        colour = CHINESE_COLOUR.get(wanted, wanted)
        if there:
            return f"有，{title}有{colour}。"
        return f"没有{colour}，{title}的颜色：{'、'.join(value.chinese)}。"
    if there:
        return f"Yes, {title} comes in {wanted}."
    return f"No, {title} does not come in {wanted}, only in {_listed(value.english)}."


def _listed(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"
