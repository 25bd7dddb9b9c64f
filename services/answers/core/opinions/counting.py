"""How many reviewers of a product are pleased with something, and what they write of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts.events.sentiment import ASPECTS
from shopkeeper.shared.text.chinese import simplified

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopkeeper.shared.contracts.review_digests import Digest

    from .facets import Facet

Z = 1.96  # of a 95 % interval
_PRAISE = sum(1 << (2 * number + 1) for number in range(len(ASPECTS)))
_CRITICISM = _PRAISE >> 1


class Said(NamedTuple):
    """One sentence of a reviewer. sign: 1 pleased, -1 not, 0 neither or both."""

    text: str
    sign: int
    review_id: str
    language: str
    time_ms: int
    named: bool = True  # it names what is asked about


class Opinions(NamedTuple):
    """What the reviewers who mention something think of it; `positive` and `negative` of them."""

    mentioning: int
    positive: int
    negative: int
    reviewers: int  # of the product
    sentences: tuple[Said, ...]  # newest review first

    @property
    def confidence(self) -> float:
        """That most reviewers agree with the majority: the lower end of Wilson's interval (1927)
        of its share, 0 to 1."""
        return wilson_low(max(self.positive, self.negative), self.mentioning)


def about(digests: Sequence[Digest], facet: Facet) -> Opinions:
    """Of one facet. digests: one per reviewer, newest first."""
    sentences: list[Said] = []
    signs = []
    for digest in digests:
        found = _said(digest, facet)
        sign = _overall(digest, facet, found)
        if found or sign is not None:
            signs.append(sign or 0)
        sentences += found
    return _opinions(signs, len(digests), sentences)


def mentioned(digests: Sequence[Digest], sentences: Sequence[Said]) -> Opinions:
    """Of what these sentences say, a reviewer each that has one."""
    by_review: dict[str, list[int]] = {}
    for each in sentences:
        by_review.setdefault(each.review_id, []).append(each.sign)
    return _opinions([_sign(signs) for signs in by_review.values()], len(digests), sentences)


def leading(digests: Sequence[Digest], count: int) -> tuple[list[str], list[str]]:
    """The aspects that most reviewers praise, and those that most criticise, by name."""
    praised, criticised = dict.fromkeys(ASPECTS, 0), dict.fromkeys(ASPECTS, 0)
    for digest in digests:
        for number, aspect in enumerate(ASPECTS):
            sides = digest.opinions >> 2 * number & 3
            praised[aspect] += sides == 2
            criticised[aspect] += sides == 1
    return _top(praised, criticised, count), _top(criticised, praised, count)


def sign_of(opinions: int, label: int) -> int:
    """Of a sentence with these opinions in a review with this label."""
    praise, criticism = bool(opinions & _PRAISE), bool(opinions & _CRITICISM)
    return praise - criticism if praise or criticism else label


def wilson_low(count: int, of: int) -> float:
    """The lower end of the 95 % interval of a share; 0 of nothing."""
    if not of:
        return 0.0
    share, square = count / of, Z * Z / of
    middle = share + square / 2
    half = Z * math.sqrt(share * (1 - share) / of + square / (4 * of))
    return max(0.0, (middle - half) / (1 + square))


def _top(counts: dict[str, int], others: dict[str, int], count: int) -> list[str]:
    found = sorted(ASPECTS, key=lambda aspect: -counts[aspect])
    return [aspect for aspect in found if counts[aspect] > others[aspect]][:count]


def _said(digest: Digest, facet: Facet) -> list[Said]:
    """The sentences of a review that are about the facet."""
    bits = facet.praise | facet.criticism
    found = []
    for sentence in digest.sentences:
        if facet.mentions is not None:
            if not facet.mentions.search(simplified(sentence.text.lower())):
                continue
        elif facet.aspect and not sentence.opinions & bits:
            continue
        sign = sign_of(sentence.opinions & bits or sentence.opinions, digest.label)
        named = bool(sentence.opinions & bits) if facet.aspect else bool(sentence.opinions)
        found.append(
            Said(sentence.text, sign, digest.review_id, digest.language, digest.time_ms, named)
        )
    return found


def _overall(digest: Digest, facet: Facet, found: Sequence[Said]) -> int | None:
    """Whether a reviewer is pleased; None: the review is not about the facet."""
    if not facet.aspect:
        return digest.label
    if facet.mentions is None:
        bits = digest.opinions & (facet.praise | facet.criticism)
        return sign_of(bits, 0) if bits else None
    return _sign([each.sign for each in found]) if found else None


def _sign(signs: Iterable[int]) -> int:
    """Of several sentences: the side that they all take, if they take one."""
    sides = {sign for sign in signs if sign}
    return sides.pop() if len(sides) == 1 else 0


def _opinions(signs: Sequence[int], reviewers: int, sentences: Sequence[Said]) -> Opinions:
    return Opinions(len(signs), signs.count(1), signs.count(-1), reviewers, tuple(sentences))
