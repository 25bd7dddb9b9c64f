"""Entries of knowledge in both languages, as many as one wants, each with a question that it alone
answers.

The facts of an entry are made up (numbered depots and codes); the sentences around them are taken
from public texts where --data has them, else made up, too. One of ten is a long page.
"""

from __future__ import annotations

import gzip
import itertools
import json
import random
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.services.answers.core.reading import sentences_of
from shopkeeper.shared.text.language import detect

if TYPE_CHECKING:
    from pathlib import Path

LONG_EVERY = 10  # entries
SENTENCES, SENTENCES_LONG = 2, 14  # around the facts
TEXTS_MAX = 1_000  # of a file
CHARACTERS = {"en": (30, 200), "zh": (12, 80)}  # of a sentence that is taken
SOURCES = ("cmrc2018", "amazon_qa_appliances", "subjqa_products", "jddc_sample", "ecommerce_faq")
PLACES = ("Ashford", "Birkdale", "Carlow", "Dunmore", "Elsdon", "Farley", "Glenrock", "Harwick")
GOODS = ("tents", "lamps", "kettles", "headphones", "boots", "desks", "scooters", "blenders")
CITIES = ("苏州", "青岛", "昆明", "厦门", "长沙", "大连", "洛阳", "桂林")
KINDS = ("帐篷", "台灯", "水壶", "耳机", "靴子", "书桌", "滑板车", "搅拌机")
MADE_UP = {
    "en": (
        ("Most customers", "Our fitters", "Returned parcels", "Spare parts", "Large orders"),
        ("wait for", "are checked before", "go out with", "are kept until", "come back after"),
        ("the next delivery", "a second inspection", "the end of the season", "a phone call"),
        ("in the main hall", "without a further charge", "where the invoice says so", "by rail"),
    ),
    "zh": (
        ("大多数顾客", "安装师傅", "退回的包裹", "备用零件", "大宗订单"),
        ("会等到", "需要提前安排", "通常赶得上", "必须登记", "不会错过"),
        ("下一次配送", "第二次检查", "季末盘点", "电话确认"),
        ("并且不另收费", "以发票上写的为准", "由主仓库负责", "按铁路时刻表办理"),
    ),
}


class Page(msgspec.Struct):
    """An entry, and a question that it alone answers."""

    data: dict[str, Any]
    question: str
    long: bool


class Sentences:
    """Sentences to surround facts with, by language."""

    def __init__(self, data: Path | None) -> None:
        """data: a folder with qa/NAME/train.jsonl.gz; None: they are made up."""
        self.of = {language: _made_up(language) for language in MADE_UP}
        if data is None:
            return
        taken: dict[str, dict[str, None]] = {"en": {}, "zh": {}}
        for name in SOURCES:
            for file in sorted((data / "qa" / name).glob("*.jsonl.gz")):
                for text in _texts(file)[:TEXTS_MAX]:
                    language = detect(text)
                    for sentence in sentences_of(text) if language in taken else ():
                        least, most = CHARACTERS[language]
                        if least <= len(sentence.strip()) <= most:
                            taken[language][sentence.strip()] = None
        self.of |= {language: list(found) for language, found in taken.items() if found}

    def some(self, language: str, count: int, chance: random.Random) -> list[str]:
        """`count` of them."""
        return [chance.choice(self.of[language]) for _ in range(count)]


def page(number: int, chance: random.Random, sentences: Sentences) -> Page:
    """Entry `number`."""
    long = number % LONG_EVERY == 0
    # Long pages, too, are of both languages.
    language = "en" if (number // LONG_EVERY if long else number) % 2 else "zh"
    day, hour = 1 + number % 28, 7 + number % 5
    if language == "en":
        place, goods = f"{chance.choice(PLACES)} {number}", chance.choice(GOODS)
        facts = [
            f"The {place} depot sends {goods} on day {day} of each month.",
            f"It opens at {hour} o'clock and closes twelve hours later.",
            f"Parcels for the {place} depot carry the code K{number * 7}.",
        ]
        asked = f"Which code do parcels for the {place} depot carry?"
        title = f"The {place} depot"
    else:
        place, goods = f"{chance.choice(CITIES)}{number}号", chance.choice(KINDS)
        facts = [
            f"{place}仓库每月{day}日发送{goods}。",
            f"仓库早上{hour}点开门，十二小时以后关门。",
            f"寄往{place}仓库的包裹使用代码K{number * 7}。",
        ]
        asked = f"寄往{place}仓库的包裹使用什么代码？"
        title = f"{place}仓库"
    said = facts + sentences.some(language, SENTENCES_LONG if long else SENTENCES, chance)
    chance.shuffle(said)
    text = (" " if language == "en" else "").join(said)
    name = f"page-{number}"
    return Page({"knowledge_id": name, "title": title, "text": text, "kind": "page"}, asked, long)


def pages(count: int, data: Path | None, seed: int = 1) -> list[Page]:
    """The first `count` entries."""
    chance, sentences = random.Random(seed), Sentences(data)
    return [page(number, chance, sentences) for number in range(count)]


def _texts(file: Path) -> list[str]:
    found = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = row.get("context") or row.get("answer")
            if isinstance(text, str):
                found.append(text)
    return list(dict.fromkeys(found))  # many questions are about one text


def _made_up(language: str) -> list[str]:
    space, end = (" ", ".") if language == "en" else ("", "。")
    return [space.join(parts) + end for parts in itertools.product(*MADE_UP[language])]
