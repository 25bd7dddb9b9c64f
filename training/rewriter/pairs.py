"""Made-up follow-ups and the whole questions that they stand for, English and Chinese, seeded.

A pair is what was asked before, the title of the product that is spoken of, the customer's line,
and the whole question. Every word is this file's own; makers' names are random syllables, so that
a model must copy them. Titles of the two parts, train and select, share no kind of product and no
maker. A fifth of the lines are whole already and come out as they are.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from words import (
    EN_ADJECTIVES,
    EN_ATTRIBUTES,
    EN_CHOSEN,
    EN_COLOURS,
    EN_LEADS,
    EN_NEW,
    EN_NOUNS,
    EN_POLICIES,
    EN_QUESTIONS,
    EN_SIZES,
    EN_SYLLABLES,
    EN_THINGS,
    EN_VALUES,
    EN_WHOLE,
    EN_WRONG,
    ZH_ADJECTIVES,
    ZH_ATTRIBUTES,
    ZH_CHOSEN,
    ZH_COLOURS,
    ZH_LEADS,
    ZH_NEW,
    ZH_NOUNS,
    ZH_POLICIES,
    ZH_QUESTIONS,
    ZH_SIZES,
    ZH_SYLLABLES,
    ZH_THINGS,
    ZH_VALUES,
    ZH_WHOLE,
    ZH_WRONG,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Pair(NamedTuple):
    """before: the last whole question. title: of the product that is spoken of, or empty."""

    before: str
    title: str
    line: str
    whole: str


class Maker:
    """Draws pairs of one part: train or select."""

    def __init__(self, seed: int, part: str) -> None:
        self._random, self._train = random.Random(f"{seed} {part}"), part == "train"

    def _noun(self, nouns: list[str]) -> str:
        """Every eighth kind of product belongs to the part that selects."""
        while True:
            at = self._random.randrange(len(nouns))
            if (at % 8 != 7) == self._train:
                return nouns[at]

    def _maker(self, chinese: bool) -> str:
        pick = self._random.choice
        while True:
            count = self._random.randint(2, 3)
            name = "".join(pick(ZH_SYLLABLES if chinese else EN_SYLLABLES) for _ in range(count))
            if (sum(map(ord, name)) % 8 != 7) == self._train:
                return name

    def draw(self) -> Pair:
        chinese = self._random.random() < 0.5
        return self._chinese() if chinese else self._english()

    def _english(self) -> Pair:
        pick, chance = self._random.choice, self._random.random

        def product() -> tuple[str, str]:
            noun, maker = self._noun(EN_NOUNS), self._maker(False)
            words = [maker] * (chance() < 0.7) + [pick(EN_ADJECTIVES)] * (chance() < 0.6) + [noun]
            title = " ".join(words)
            short = title if chance() < 0.5 else " ".join(words[-2:] if chance() < 0.5 else [noun])
            extra = chance()
            if extra < 0.15:
                title += ", " + pick(EN_COLOURS)
            elif extra < 0.3:
                title += " " + pick(EN_SIZES)
            elif extra < 0.4:
                title += f" {self._random.randrange(2, 999)}"
            return title, short

        def ask(name: str, pattern: str) -> str:
            return pattern.format(p=name, t=pick(EN_THINGS), q=product()[1])

        return self._make(
            product,
            ask,
            (EN_QUESTIONS, EN_VALUES, EN_COLOURS, EN_SIZES),
            EN_POLICIES,
            EN_WHOLE,
            (EN_NEW, EN_WRONG, EN_CHOSEN, EN_LEADS),
            False,
        )

    def _chinese(self) -> Pair:
        pick, chance = self._random.choice, self._random.random

        def product() -> tuple[str, str]:
            noun, maker = self._noun(ZH_NOUNS), self._maker(True)
            words = [maker] * (chance() < 0.7) + [pick(ZH_ADJECTIVES)] * (chance() < 0.6) + [noun]
            title = "".join(words)
            short = title if chance() < 0.5 else "".join(words[-2:] if chance() < 0.5 else [noun])
            extra = chance()
            if extra < 0.15:
                title += " " + pick(ZH_COLOURS)
            elif extra < 0.3:
                title += pick(ZH_SIZES)
            elif extra < 0.4:
                title += str(self._random.randrange(2, 999))
            return title, short

        def ask(name: str, pattern: str) -> str:
            return pattern.format(p=name, t=pick(ZH_THINGS), q=product()[1])

        return self._make(
            product,
            ask,
            (ZH_QUESTIONS, ZH_VALUES, ZH_COLOURS, ZH_SIZES),
            ZH_POLICIES,
            ZH_WHOLE,
            (ZH_NEW, ZH_WRONG, ZH_CHOSEN, ZH_LEADS),
            True,
        )

    def _make(
        self,
        product: Callable[[], tuple[str, str]],
        ask: Callable[[str, str], str],
        of_products: tuple[list[str], ...],
        policies: tuple[tuple[str, list[str]], ...],
        whole: list[str],
        ways: tuple[list[str], ...],
        chinese: bool,
    ) -> Pair:
        pick, chance = self._random.choice, self._random.random
        questions, valued, colours, sizes = of_products
        new, wrong, choices, leads = ways
        (title, short), (_, other) = product(), product()
        values = colours if chance() < 0.6 else sizes
        end = "?" if chance() < 0.7 else ""

        def policy() -> str:
            pattern, slots = pick(policies)
            return pattern.format(pick(slots))

        def of(name: str) -> str:
            if chance() < 0.2:
                return pick(valued).format(p=name, v=pick(values))
            return ask(name, pick(questions))

        kind = chance()
        if kind < 0.16:  # another product
            pattern = pick(questions + valued)
            value, thing = pick(values), pick(ZH_THINGS if chinese else EN_THINGS)
            third = product()[1]
            before, after = (
                pattern.format(p=name, v=value, t=thing, q=third) for name in (short, other)
            )
            if chance() < 0.5:
                return Pair(before + end, title, pick(new).format(other) + end, after)
            line = pick(wrong).format(other, old=short)
            return Pair(before + end, title if chance() < 0.7 else "", line, after)
        if kind < 0.34:  # "it"
            pattern = pick(questions)
            it = pick(
                ["它", "这个", "这款", "那个", "它", ""]
                if chinese
                else ["it", "it", "this one", "that"]
            )
            line = ask("\0", pattern)
            after = line.replace("\0", title)
            line = line.replace("\0", it) if chinese else line.replace("the \0", it)
            lead = pick(leads) if chance() < 0.4 else ""
            before = of(short) if chance() < 0.85 else policy()
            return Pair(before + end, title, lead + line + end, after)
        if kind < 0.46:  # an attribute alone
            name = pick(ZH_ATTRIBUTES if chinese else EN_ATTRIBUTES)
            if chinese:
                line = pick(
                    ["{}呢", "那{}呢", "{}", "{}是多少", "还有{}", "我是说{}", "不对,我问的是{}"]
                )
                after = f"{title}的{name}是{'什么' if name in '颜色材质品牌产地' else '多少'}"
            else:
                line = pick(
                    [
                        "and the {}",
                        "what about the {}",
                        "{}",
                        "and its {}",
                        "the {}",
                        "what's its {}",
                        "what is the {}",
                        "no, i meant the {}",
                        "sorry, i meant the {}",
                        "how about {}",
                    ]
                )
                after = f"what is the {name} of the {title}"
            return Pair(of(short) + end, title, line.format(name) + end, after)
        if kind < 0.58:  # a value alone
            if chinese:
                line = pick(
                    ["{}呢", "那{}呢", "{}的呢", "有{}吗", "有{}的吗", "{}有吗", "我是说{}"]
                )
            else:
                line = pick(
                    [
                        "and in {}",
                        "in {}",
                        "what about {}",
                        "and {}",
                        "{}",
                        "how about in {}",
                        "i mean in {}",
                        "no, in {}",
                    ]
                )
            value = pick(values)
            if chance() < 0.6:
                pattern = pick(valued)
                before, after = (
                    pattern.format(p=short, v=pick(values)),
                    pattern.format(p=short, v=value),
                )
            else:
                before, after = ask(short, pick(questions)), valued[0].format(p=title, v=value)
            return Pair(before + end, title, line.format(value) + end, after)
        if kind < 0.72:  # another thing of a rule of the shop
            pattern, slots = pick(policies)
            old, value = self._random.sample(slots, 2)
            bare = value.removeprefix("my ")
            if chance() < 0.3:
                line = pick(wrong).replace("the {", "{").format(value, old=old)
            elif chinese:
                line = pick(new).format(value)
            else:
                tie = next(
                    (w for w in ("to", "by", "with", "on", "after") if f" {w} {{" in pattern), ""
                )
                line = pick(
                    [*(each.replace("the {", "{") for each in new), *[f"and {tie} {{}}"] * 5]
                )
                line = " ".join(line.format(value if tie else bare).split())
                return Pair(
                    pattern.format(old) + end,
                    title if chance() < 0.2 else "",
                    line + end,
                    pattern.format(value if tie else bare),
                )
            return Pair(
                pattern.format(old) + end,
                title if chance() < 0.2 else "",
                line + end,
                pattern.format(value),
            )
        if kind < 0.79:  # a product chosen or shown
            pattern = pick(questions)
            bare = short.split()[-1] if not chinese else short[-2:]
            line = ask("\0", pattern)
            return Pair(
                line.replace("\0", bare) + end, title, pick(choices), line.replace("\0", title)
            )
        line = policy() if chance() < 0.45 else pick(whole) if chance() < 0.4 else of(other)
        before = "" if chance() < 0.15 else of(short) if chance() < 0.6 else policy()
        lead = pick(leads) if chance() < 0.35 else ""
        return Pair(
            before and before + end, title if chance() < 0.6 else "", lead + line + end, line
        )
