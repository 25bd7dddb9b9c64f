"""From a question to an attribute of one product: a small grammar, strict about what is left over.

A question is about an attribute only if nothing else is in it: the phrase that asks, the product's
name, and words that say nothing. "How much is express delivery" names no product, and is left to
the shop's knowledge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from ..plain import plain
from ..product_table import has_words
from .asking import understood
from .lexicon import ATTRIBUTES, CHINESE_FILLERS, COLOUR_OF, FILLERS
from .matching import matches, unknown
from .naming import clearly_named, masked, own_words
from .phrasing import said_of, whether
from .saying import comes_in, sentence_of
from .values import attribute_of, facts_of, own_attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..product_table import ProductTable
    from .asking import Asked, Hit
    from .matching import Match
    from .values import Value

MOVING = frozenset({"price", "availability"})  # what only the newest event may tell
_ENGLISH_COLOURS = "|".join(sorted((w for w in COLOUR_OF if w.isascii()), key=len, reverse=True))
_CHINESE_COLOURS = "|".join(
    sorted((w for w in COLOUR_OF if not w.isascii()), key=len, reverse=True)
)
# "come in red", "do you have it in red", "is it red"; 有红色吗, 有没有红色的
_IN_COLOUR = re.compile(
    rf"\b(?:in|is it|are they)(?: the)?(?: colou?r)? ({_ENGLISH_COLOURS})\b(?: colou?r)?"
    rf"|(?:有没有|有|是)({_CHINESE_COLOURS})(?=的?(?:吗|么|嘛|没有|的|\W|$))"
)
_OF_THE_RANGE = re.compile(
    r"\b(?:your|all|any|these|which) (?:products|items|brands|range|prices|catalogue)\b"
    r"|\bdo you (?:sell|stock|offer|carry)\b|你们(?:的|家|店)|所有|哪些商品|哪些产品|全部商品"
)
_POINTS_PLAINLY = re.compile(r"\b(?:it|its|it's|this|these|that|those|they|them)\b|这|那|它|该|此")
_POINTS = re.compile(rf"\bthe\b|{_POINTS_PLAINLY.pattern}")
# Beside "price" and "stock" these name nothing.
_WORDS_OF_PRICES = (
    "current total final full retail whole actual exact regular normal usual sale discounted "
    "reduced cheapest lowest best new old original online store today now please piece unit pair "
    "pack item product one set amount euro euros eur dollars pounds including incl excluding vat "
    "tax taxes model version variant size colour color left still again back right thing "
    "small medium large xl tall short"
)
_OF_PRICES = frozenset(_WORDS_OF_PRICES.split())
_CHINESE_OF_PRICES = re.compile(
    "今天|明天|现在|现货|目前|最近|大概|大约|一共|总共|全部|官方|原来|原|正常|最低|最高|最|便宜|优惠|打折"
    "|折后|活动|麻烦|劳驾|帮我|告诉|看看|一份|一个|单个|整套|全套|套装|每|还|能|可|卖|是|要|得|再|又|都|就|已经"
)
_CHINESE_ASKING = re.compile(
    "多久|多长时间?|多少|几[天年月号个]|什么|怎么样|怎样|哪里|哪儿|如何|是否|[是有吗呢的]"
)
_LATIN = re.compile("[a-z]{2}")
_REST_MAX = 4
_NAME_MIN = 4  # letters of a name; a Chinese character counts as two
NEAR_MAX = 3  # products that are offered instead of one that is not known
_WORDS = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:['.-][^\W_\u3400-\u9fff]+)*")


class AttributeAnswer(NamedTuple):
    """What the catalogue says. answer: None where it does not say, or several products could be
    meant."""

    answer: str | None
    attribute: str
    product_id: str | None  # of the one product that is meant and there
    title: str = ""
    quote: str = ""  # key and value as the catalogue has them
    several: bool = False
    unknown: str = ""  # words that name no product of the catalogue
    near: tuple[str, ...] = ()  # then: whose titles have some of them; of several, the first

    @property
    def moving(self) -> bool:
        """Whether only the catalogue may answer this."""
        return self.attribute in MOVING


def answer_from(
    products: ProductTable, question: str, product_id: str | None, language: str
) -> AttributeAnswer | None:
    """The answer from the catalogue; None where the question is about no attribute of a product.

    product_id: the product that is looked at while asking, if any.
    """
    text = simplified(normalise(question))
    looked = None if product_id is None else products.get(product_id)
    named = clearly_named(products, text, looked)
    if len(named) > 1:
        several = understood(text)
        if not several.of_the_shop and (asks := unknown(several)) is not None:
            return _one_of(_name(asks), named)
    if not named and looked is None and product_id is None:
        named = _by_rest(products, text)
    product = named[0] if len(named) == 1 else looked
    if product is looked and looked is not None:
        others = _others_named(products, looked, text)
        if len(others) > 1:
            return _one_of(_name(unknown(understood(text)) or ""), others)
        if others:
            product, named = others[0], others
        elif _names_another(products, looked, text):
            product = None
    if product is not None:
        answer = _about(product, text, language, bool(named))
        if answer is not None:
            return answer
    return _strictly(products, text, product_id, language)


def _one_of(attribute: str, found: list[ProductCatalogued]) -> AttributeAnswer:
    """What is said where several products could be meant."""
    near = tuple(product.product_id for product in found[: NEAR_MAX + 1])
    return AttributeAnswer(None, attribute, None, several=True, near=near)


def tells(products: ProductTable, question: str, product: ProductCatalogued) -> bool:
    """Whether the catalogue answers a question about this product, and no other is named in it.
    question: normalised, simplified."""
    if clearly_named(products, question, product):
        return False
    answer = _about(product, question, "en", named=False)
    if answer is None or answer.answer is None:
        return False
    asked = understood(question)
    whole = name_words(question)
    if not asked.whether and not has_words(product, whole) and products.named(whole):
        return False  # a variant's name, and nothing asked: "the small one", 小号
    words = _words_left(asked, asked.hits)
    return not words or has_words(product, words) or not products.named(words)


def _strictly(
    products: ProductTable, text: str, product_id: str | None, language: str
) -> AttributeAnswer | None:
    """By a phrase for an attribute and the words of one product's name, and nothing else."""
    declined: AttributeAnswer | None = None
    for asked in readings(text, None if product_id is None else products.get(product_id)):
        found = _meant(products, asked.name_words, product_id)
        if not found and not asked.name_words and product_id is not None:
            declined = declined or AttributeAnswer(None, asked.attribute, None)  # it is removed
        if len(found) > 1:
            if product_id is not None:
                continue  # words that happen to be in titles
            declined = declined or _one_of(asked.attribute, found)
        if len(found) == 1:
            said = _said(found[0], asked, language)
            if said.answer is not None:
                return said
            declined = declined or said
    return declined or _of_unknown(products, text)


def _of_unknown(products: ProductTable, text: str) -> AttributeAnswer | None:
    """What is said to a question for the price or stock of something that no title names."""
    if understood(text).of_the_shop or _OF_THE_RANGE.search(text):
        return None
    for asked in readings(text, None):
        words = _name_left(asked.name_words)
        if asked.attribute in MOVING and words:
            near = (each for each in products.like(words) if each.available is not False)
            ids = tuple(each.product_id for each, _ in zip(near, range(NEAR_MAX), strict=False))
            return AttributeAnswer(None, asked.attribute, None, unknown=words, near=ids)
    return None


def _others_named(
    products: ProductTable, looked: ProductCatalogued, text: str
) -> list[ProductCatalogued]:
    """Products named by all that a question says beside what it asks for, where the product looked
    at has not these words: 草莓保质期多久 beside a box of apples."""
    asked = understood(text)
    if asked.of_the_shop or _POINTS_PLAINLY.search(text):
        return []
    at: list[Hit | Match] = [*asked.hits, *matches(asked, facts_of(looked), own_words(looked))]
    words = _name_left(_CHINESE_ASKING.sub("", _words_left(asked, at)).strip())
    # One English word is as often a part of what is looked at, or a size: "is the bottle BPA free?"
    if not (text.startswith(words) if words and not words.isascii() else " " in words):
        return []
    return products.named(words) if words and not has_words(looked, words) else []


def _names_another(products: ProductTable, looked: ProductCatalogued, text: str) -> bool:
    """Whether a price or stock is asked for by a name that is not that of the product looked at:
    "how much are the Sony headphones?" beside a box of tea."""
    asked = understood(text)
    if unknown(asked) not in MOVING or asked.of_the_shop or asked.bound is not None:
        return False
    if _POINTS_PLAINLY.search(text):
        return False
    words = _words_left(asked, asked.hits, own_words(looked) | _OF_PRICES)
    words = _CHINESE_OF_PRICES.sub(" ", words).strip()
    if not words or has_words(looked, words) or not _name_left(words):
        return False
    # What Chinese has around a question is no closed list: only what may be called so counts.
    return bool(_LATIN.search(words) or text.startswith(words) or products.like(words))


def _words_left(
    asked: Asked, hits: Iterable[Hit | Match], but: frozenset[str] = frozenset()
) -> str:
    """What may name something, of the words of a question that are not in `hits` or `but`."""
    at = set().union(*(hit.at for hit in hits))
    left = (t for i, t in enumerate(asked.tokens) if i not in at and t not in but)
    return name_words("".join(t if not t.isascii() else f" {t} " for t in left))


def _name_left(words: str) -> str:
    """Words that can be a product's name: not single letters or signs, numbers or amounts."""
    told = understood(words)
    at = set().union(*(hit.at for hit in told.hits if hit.value is None and not hit.vague))
    kept = [token for i, token in enumerate(told.tokens) if i not in at]
    letters = [token for token in kept if not token[0].isdigit()]
    enough = sum(len(token) if token.isascii() else 2 for token in letters) >= _NAME_MIN
    return words if enough else ""


def _by_rest(products: ProductTable, text: str) -> list[ProductCatalogued]:
    """The product that what is left of a question names, beside what it asks for."""
    asked = understood(text)
    if asked.of_the_shop or unknown(asked) is None:
        return []
    words = _words_left(asked, [hit for hit in asked.hits if not hit.value])
    found = products.named(words) if words else []
    return found if len(found) == 1 else []


def _about(
    product: ProductCatalogued, text: str, language: str, named: bool
) -> AttributeAnswer | None:
    """What one product says; None where the question is no plain one about it."""
    asked = understood(text, masked(text, product))
    if asked.of_the_shop or _OF_THE_RANGE.search(text):
        return None
    facts, own = facts_of(product), own_words(product)
    found = matches(asked, facts, own)
    if not any(match.solid for match in found):
        bare = understood(text)
        better = matches(bare, facts, own)
        if any(match.solid for match in better) or not found:
            found, asked = better, bare if better else asked
    if found and not _says_more(asked, found, text, own, named):
        title = plain((product.title_zh if language == "zh" else None) or product.title, 300)
        said = [sentence_of(asked, match, title, language) for match in found]
        text = (" " if language != "zh" else "").join(part for part in said if part)
        if text:
            quote = "; ".join(_quote(match.fact.value) for match in found)
            name = _name(found[0].fact.meaning.parts[0].concept or found[0].fact.meaning.english)
            return AttributeAnswer(text, name, product.product_id, title, quote)
    if found:
        return None
    asks = unknown(asked)
    if asks is None or not (
        named or _POINTS.search(text) or not asked.whether or not text.isascii()
    ):
        return None
    return AttributeAnswer(None, _name(asks), product.product_id)


def _says_more(
    asked: Asked, found: list[Match], text: str, own: frozenset[str], named: bool
) -> bool:
    """Whether a question for a price or stock is of something else: "how much is insurance?"."""
    if any(_concept(match) not in ("price", "availability") for match in found):
        return False
    if asked.bound is not None and asked.bound.unit in ("euros", None):
        return False
    at = set().union(*(match.at for match in found))
    if any(not h.vague and not h.at & at and h.concept not in ("", "price") for h in asked.hits):
        return not named and not _POINTS.search(text)
    left = [token for i, token in enumerate(asked.tokens) if i not in at and token not in own]
    rest = name_words(" ".join(left) if text.isascii() else "".join(left))
    return len(rest.replace(" ", "")) > _REST_MAX and not named and not _POINTS.search(text)


def _concept(match: Match) -> str:
    return match.fact.meaning.parts[0].concept or ""


def _name(concept: str) -> str:
    return {"size": "size", "colour": "colour"}.get(concept, concept.replace("_", " "))


def _said(product: ProductCatalogued, asked: Reading, language: str) -> AttributeAnswer:
    title = plain((product.title_zh if language == "zh" else None) or product.title, 300)
    value = attribute_of(product, asked.attribute)
    if value is None or (asked.colour is not None and not value.english):
        return AttributeAnswer(None, asked.attribute, product.product_id, title)
    if asked.colour is None:
        text = said_of(asked.attribute, value, title, language)
    else:
        there = any(comes_in(each, asked.colour) for each in value.english)
        text = whether(asked.colour, there, value, title, language)
    return AttributeAnswer(text, asked.attribute, product.product_id, title, _quote(value))


class Reading(NamedTuple):
    """One way to read a question."""

    attribute: str
    name_words: str  # what is left of the question: the product's name
    colour: str | None = None


def readings(text: str, product: ProductCatalogued | None) -> Iterator[Reading]:
    """How a question can be read, that which is most likely first."""
    in_colour = _IN_COLOUR.search(text)
    if in_colour is not None:
        colour = COLOUR_OF[in_colour[1] or in_colour[2]]
        rest = text[: in_colour.start()] + " " + text[in_colour.end() :]
        yield Reading("colour", name_words(rest), colour)
    for attribute in ATTRIBUTES:
        if attribute.asked.search(text):
            yield Reading(attribute.name, name_words(attribute.asked.sub(" ", text)))
    if product is not None:
        for name, _ in own_attributes(product):
            if name and name in text:
                yield Reading(name, name_words(text.replace(name, " ")))


def name_words(rest: str) -> str:
    """Without what says nothing."""
    kept = []
    for word in _WORDS.findall(rest):
        if "\u3400" <= word[0] <= "\u9fff":
            kept.append(CHINESE_FILLERS.sub(" ", word).strip())
        elif word not in FILLERS:
            kept.append(word)
    return " ".join(word for word in kept if word)


def _meant(
    products: ProductTable, name_words: str, product_id: str | None
) -> list[ProductCatalogued]:
    """The products that a question can be about: one, several, or none."""
    if product_id is not None:
        product = products.get(product_id)
        if product is not None and (not name_words or has_words(product, name_words)):
            return [product]
    return products.named(name_words) if name_words else []


def _quote(value: Value) -> str:
    said = ", ".join(value.english) if value.truth is None else str(value.truth).lower()
    return f"{plain(value.key, 64)}: {said}"
