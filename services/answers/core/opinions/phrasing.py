"""Counts and quotes of reviewers as sentences, in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.aspect_names import CHINESE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .counting import Opinions, Said
    from .facets import Facet

FEW = 3  # reviewers, below which there are no shares, and the answer says how few they are
_ENGLISH_NAMES = {"fit": "fit", "ease": "ease of use", "looks": "looks"}


class Counted(NamedTuple):
    """What an answer is said from. title: of the product; "": none is known. praised, criticised:
    names of aspects, of the product as a whole."""

    opinions: Opinions
    quotes: Sequence[Said]
    title: str
    praised: Sequence[str] = ()
    criticised: Sequence[str] = ()


def said_of(facet: Facet, counted: Counted, language: str) -> str:
    """What reviewers think of a facet. At least one mentions it. language: zh, or else English."""
    chinese = language == "zh"
    counts = (_chinese if chinese else _english)(facet, counted.opinions)
    if not facet.aspect:
        counts += (_chinese_aspects if chinese else _english_aspects)(counted)
    return _with_title(counts, counted, chinese) + _quoted(counted.quotes, chinese)


def mentions(counted: Counted, language: str) -> str:
    """What reviewers write who mention what was asked."""
    number, of = counted.opinions.mentioning, counted.opinions.reviewers
    chinese = language == "zh"
    if chinese:
        counts = f"{of}位评价者中有{number}位提到这一点。"
    else:
        counts = f"{number} of {of} reviewers {'mention' if number != 1 else 'mentions'} this."
        if of == 1:
            counts = "The only reviewer mentions this."
    return _with_title(counts, counted, chinese) + _quoted(counted.quotes, chinese)


def _with_title(counts: str, counted: Counted, chinese: bool) -> str:
    if not counted.title:
        return counts
    return f"{counted.title}：{counts}" if chinese else f"{counted.title}: {counts}"


def _english(facet: Facet, opinions: Opinions) -> str:
    number, good, bad = opinions.mentioning, opinions.positive, opinions.negative
    what = f" mentions {facet.english}" if facet.aspect else " has reviewed it"
    whats = f" who mention {facet.english}" if facet.aspect else ""
    pleased = "without complaint about it" if facet.risk else "pleased"
    complain = "complains" if facet.risk else "is not"
    if number == 1:
        if not good and not bad:
            return f"Only one reviewer{what}, without taking a side."
        return f"Only one reviewer{what}, and {f'is {pleased}' if good else 'is not pleased'}."
    if number < FEW:
        has = f" mention {facet.english}" if facet.aspect else " have reviewed it"
        if good == number:
            side = f"both are {pleased}"
        elif bad == number:
            side = "neither is pleased"
        elif good and bad:
            side = f"one is {pleased}, one {complain}"
        elif good or bad:
            side = f"one is {pleased}" if good else "one is not pleased"
        else:
            side = "neither takes a side"
        return f"Only two reviewers{has}: {side}."
    if good == number:
        return f"All {number} reviewers{whats} are {pleased}."
    if bad > good:
        side = "is" if bad == 1 else "are"
        return f"{bad} of {number} reviewers{whats} {side} not pleased{_rest_good(good)}."
    are = "is" if good == 1 else "are"
    return f"{good} of {number} reviewers{whats} {are} {pleased}{_rest_bad(bad)}."


def _rest_good(good: int) -> str:
    return f", {good} {'is' if good == 1 else 'are'}" if good else ""


def _rest_bad(bad: int) -> str:
    return f", {bad} {'is' if bad == 1 else 'are'} not" if bad else ""


def _chinese(facet: Facet, opinions: Opinions) -> str:
    number, good, bad = opinions.mentioning, opinions.positive, opinions.negative
    name = facet.chinese
    sides = "，".join(
        part for part in (f"{good}位满意" * bool(good), f"{bad}位不满意" * bool(bad)) if part
    )
    if number < FEW:
        said = f"只有{number}位评价者" + (f"提到{name}" if facet.aspect else "评价过")
        if good == number:
            return f"{said}，{'都' if number > 1 else ''}表示满意。"
        if bad == number:
            return f"{said}，{'都' if number > 1 else ''}表示不满意。"
        return f"{said}，{sides or '态度中立'}。"
    of = f"{number}位提到{name}的评价者中" if facet.aspect else f"{number}位评价者中"
    return f"{of}，{sides or '多数态度中立'}。"


def _english_aspects(counted: Counted) -> str:
    parts = []
    for verb, names in (("praised", counted.praised), ("criticised", counted.criticised)):
        if names:
            listed = " and ".join(_ENGLISH_NAMES.get(name, name) for name in names)
            parts.append(f"Most {verb}: {listed}.")
    return " " + " ".join(parts) if parts else ""


def _chinese_aspects(counted: Counted) -> str:
    parts = []
    for verb, names in (("称赞", counted.praised), ("批评", counted.criticised)):
        if names:
            parts.append(f"{verb}最多的是{'和'.join(CHINESE_NAMES[name] for name in names)}。")
    return "".join(parts)


def _quoted(quotes: Sequence[Said], chinese: bool) -> str:
    """Quotes, their own quotation marks made single ones, so that none seems to end early."""
    said = ""
    for place, quote in enumerate(quotes):
        text = quote.text
        for mark in '"“”':
            text = text.replace(mark, "'")
        if chinese:
            said += f"{'有人写道' if not place else '，也有人写道'}：“{text}”"
        else:
            said += f' {"One writes" if not place else "Another"}: "{text}"'
    return f"{said}。" if said and chinese else said
