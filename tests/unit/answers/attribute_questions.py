"""The questions about attributes of the demo's products, and what counts as a right answer.

A row of `tests/data/attribute_questions_{en,zh}.jsonl`: the `question`; the `product_id` that the
customer looks at, or null; `about`, the product where the question names it; its `kind`; the
`attribute` asked for, a key of the catalogue's or `price` or `available`; `expect`, the facts that
a right answer states, each as a list of ways to say it, or null where the right thing is not to
know; `forbid`, what a right answer does not say. A way that begins with ^ begins the answer.

The rows were written from the catalogue, before the answering code was read: a row changes only
where it is wrong in itself.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.text.chinese import simplified

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).resolve().parents[2] / "data"
LANGUAGES = ("en", "zh")
_NOT_A_NO = re.compile("不锈钢|不粘|无线|无谷|非常")  # words of titles that look like a "no"
_BEFORE_UNIT = re.compile(r"(?<=\d)[\s-]*(?=[a-z%°\"″€\u4e00-\u9fff])")
_ZEROS = re.compile(r"\.0+(?!\d)|(?<=\.\d)0+(?!\d)")  # 392.00, 35.50


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question with its right answer."""

    question: str
    product_id: str | None
    about: str | None = None
    kind: str
    attribute: str
    expect: list[list[str]] | None
    forbid: list[str] = []

    @property
    def product(self) -> str | None:
        """The product that the answer is about."""
        return self.about or self.product_id


def rows(language: str, name: str = "attribute_questions") -> list[Row]:
    """The rows of a language, in the file's order."""
    path = FOLDER / f"{name}_{language}.jsonl"
    return [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines()]


def plain(text: str) -> str:
    """A text as ways to say something are looked up in: one width, case and script, numbers in
    one form (1,158.00 is 1158), no space beside the x of a size."""
    text = simplified(unicodedata.normalize("NFKC", text)).casefold()
    text = text.replace("’", "'").replace("×", "x").replace("–", "-").replace("−", "-")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = _ZEROS.sub("", text)
    text = re.sub(r"(?<=\d)\s*(cm|mm|m)?\s*x\s*(?=\d)", "x", text)
    return re.sub(r"(?<=€)\s+(?=\d)|\s*(?=:)|(?<=:)\s*", "", text)


def says(text: str, way: str) -> bool:
    """Whether a text says something in this way: whole words and whole numbers only."""
    text, start = _NOT_A_NO.sub("", plain(text)), way.startswith("^")
    way = plain(way.removeprefix("^"))
    if not way:
        return False
    if start:
        return text.startswith(way)
    before = r"(?<![\d.])" if way[0].isdigit() else r"(?<![a-z-])" if way[0].isascii() else ""
    last = way[-1]
    after = r"(?!\.?\d)" if last.isdigit() else ""
    if last.isascii() and last.isalnum():
        after += r"(?![a-z]|-[a-z])" if last.isalpha() else r"(?![a-z])"
    words = _BEFORE_UNIT.sub(r"[\\s-]*", re.escape(_BEFORE_UNIT.sub("", way)))
    return re.search(before + words + after, text) is not None


def right(row: Row, answer: str | None, titles: Sequence[str] = ()) -> bool:
    """Whether an answer is right: it states every fact and nothing forbidden; none is right where
    the shop does not know. titles: of the product; what they say is no answer."""
    if row.expect is None or answer is None:
        return row.expect is None and answer is None
    said = plain(answer)
    for title in titles:
        said = said.replace(plain(title), "")
    said = said.lstrip(" ,:的")
    return all(any(says(said, way) for way in fact) for fact in row.expect) and not any(
        says(said, way) for way in row.forbid
    )
