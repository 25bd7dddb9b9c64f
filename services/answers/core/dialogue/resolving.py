"""What a line asks, given what was said before: whole questions about known products."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from ..attributes.answering import MOVING, name_words, readings, tells
from ..attributes.lexicon import BY_NAME, CHINESE_COLOUR, FILLERS
from ..product_table import has_words
from ..shop_matters import matters_of
from ..terms import terms_of
from .choosing import chosen
from .hearing import colour_alone, heard, without_talk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..product_table import ProductTable
    from ..question import Question
    from .conversation import Conversation
    from .hearing import Heard

OFFERED_MAX = 3
OF_PRODUCTS_TOO = frozenset({"warranty", "broken", "late parcel"})  # matters of a shop's
_MOVING = re.compile("|".join(BY_NAME[name].asked.pattern for name in sorted(MOVING)))
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:['.-][^\W_\u3400-\u9fff]+)*")


class Ask(NamedTuple):
    """One way to ask. base: what a follow-up goes on from, without a product's name. must: words of
    which the answer's source has one, where the question is put together of two."""

    question: Question
    base: str
    must: str = ""
    route: str = ""  # that alone may answer


class Plan(NamedTuple):
    """What to do with a line. asks: in the order in which they are tried; the first answer counts,
    or all of them where they are joined. several: products, one of which is meant, if nothing
    answers. which: ask for a product, if nothing answers. about: a product that was only named."""

    asks: tuple[Ask, ...]
    of_product: bool = False
    product_id: str | None = None  # that is spoken of from here on
    several: tuple[str, ...] = ()
    words: str = ""  # that they have in common
    base: str = ""  # what is asked, where nothing is tried
    lost: str = ""  # what is asked of a product that nobody knows
    which: bool = False
    about: str | None = None
    joined: bool = False
    chose: bool = False  # of the products that were offered


class Resolver:
    """Resolves lines against the catalogue as it is now."""

    def __init__(self, products: ProductTable) -> None:
        self._products = products

    def plan(self, question: Question, before: Conversation) -> Plan:
        """before: its page and focus already those of this question."""
        text = simplified(normalise(question.text))
        line = heard(text)
        focus = before.product_id
        for find in (self._choice, self._of_focus, self._attribute, self._name):
            plan = find(question, line, before)
            if plan is not None:
                return plan
        asks = [Ask(question, line.text)]
        product = None if focus is None else self._products.get(focus)
        if focus is not None and line.points:
            asks.insert(0, _ask(question, line.text, focus, without_name(line.text, product)))
        elif focus is not None and (line.goes_on or line.corrects):
            asks.append(_ask(question, line.text, focus, without_name(line.text, product)))
        asks[:0] = _of_orders(question, line, before)
        ties = line.goes_on or line.corrects or line.short
        if ties and before.question and line.text != before.question:
            asks.append(self._fused(question, line, before))
        mentioned = self._mentioned(text)
        lost = next((each for each in readings(line.text, None) if each.name_words), None)
        base = "" if lost is None else _without_words(line.text, lost.name_words)
        return Plan(tuple(asks), product_id=mentioned, lost=base)

    def _mentioned(self, text: str) -> str | None:
        """The one product whose brand, and the most of whose title, a line has."""
        said = set(terms_of(text))
        best: list[tuple[int, str]] = []
        for product in self._products.like(text):
            brand = set(terms_of(product.brand or ""))
            if not brand or not brand <= said:
                continue
            own = set(terms_of(f"{product.title} {product.title_zh or ''}")) - brand
            best.append((len({term for term in own & said if len(term) > 1}), product.product_id))
        best.sort(reverse=True)
        if not best or not best[0][0] or (len(best) > 1 and best[1][0] == best[0][0]):
            return None
        return best[0][1]

    def _choice(self, question: Question, line: Heard, before: Conversation) -> Plan | None:
        """One of the products that were offered last."""
        offered = [
            product
            for product_id in before.offered or (before.before or "", before.product_id or "")
            if (product := self._products.get(product_id)) is not None
        ]
        names = before.waits and not self._is_whole(line)
        choice = chosen(line.text, offered, before.product_id, names)
        if choice is None:
            return self._named_more(question, line, before) if names else None
        product_id = choice.products[0].product_id
        if choice.attribute is not None:
            text = _phrase(choice.attribute, None, _is_chinese(line.text))
            return Plan((_ask(question, text, product_id, text),), True, product_id, chose=True)
        for reading in readings(choice.rest, choice.products[0]):
            words = reading.name_words
            if not words or has_words(choice.products[0], name_words(without_talk(words))):
                ask = _ask(question, choice.rest, product_id, choice.rest)
                return Plan((ask,), True, product_id, chose=True)
        if name_words(without_talk(choice.rest)) and not self._fits(
            choice.products[0], choice.rest
        ):
            return None
        if not before.question:
            return Plan((), True, product_id, about=product_id, chose=True)
        asks = [
            _ask(question, before.question, product.product_id, before.question)
            for product in choice.products
        ]
        return Plan(tuple(asks), True, product_id, joined=len(asks) > 1, chose=True)

    def _fits(self, product: ProductCatalogued, rest: str) -> bool:
        return has_words(product, name_words(without_talk(rest)))

    def _named_more(self, question: Question, line: Heard, before: Conversation) -> Plan | None:
        """One that fitted too, but was not among the few that were named."""
        words = name_words(without_talk(line.text))
        if not words or not before.words:
            return None
        found = self._products.named(f"{before.words} {words}")
        if not found:
            return None
        return self._about(found, question, before, f"{before.words} {words}")

    def _is_whole(self, line: Heard) -> bool:
        """Whether a line asks something by itself, so that no name in it is a mere choice."""
        return any(True for _ in readings(line.text, None)) or not line.short

    def _of_focus(self, question: Question, line: Heard, before: Conversation) -> Plan | None:
        """What the catalogue answers of the product in focus: "does it fold?", 带笔吗."""
        focus = None if before.product_id is None else self._products.get(before.product_id)
        if matters_of(line.text) - OF_PRODUCTS_TOO:
            return None
        if focus is None or not tells(self._products, line.text, focus):
            return None
        base = without_name(line.text, focus)
        return Plan((_ask(question, line.text, focus.product_id, base),), True, focus.product_id)

    def _attribute(self, question: Question, line: Heard, before: Conversation) -> Plan | None:
        """A question for an attribute: of the product that it names, or else the one in focus."""
        focus = None if before.product_id is None else self._products.get(before.product_id)
        colour = colour_alone(line.text)
        if colour is not None and focus is not None:
            text = _phrase("colour", colour, _is_chinese(line.text))
            return Plan((_ask(question, text, focus.product_id, text),), True, focus.product_id)
        ties = line.goes_on or line.corrects
        several: Plan | None = None
        nameless = False
        for reading in readings(line.text, focus):
            words = reading.name_words
            if ties and words and self._products.named(name_words(without_talk(line.text))):
                return None  # all of it is a name: "and the wireless one?"
            base = _without_words(line.text, words)
            text = question.text if words and not ties else line.text
            found = self._products.named(words) if words else []
            if not found and words:
                words = name_words(without_talk(words))
                text, found = base, self._products.named(words) if words else []
            found = _nearest(found, focus, line)
            if len(found) == 1:
                ask = _ask(question, text, found[0].product_id, base)
                return Plan((ask,), True, found[0].product_id)
            if focus is not None and (not words or has_words(focus, words)):
                ask = _ask(question, text if words else line.text, focus.product_id, base)
                return Plan((ask,), True, focus.product_id)
            if found and several is None:
                several = Plan(
                    (_ask(question, text, None, base),),
                    True,
                    None,
                    tuple(product.product_id for product in found),
                    words,
                )
            nameless = nameless or not words
        if several is not None:
            return several
        if nameless:
            asks = () if line.points or _MOVING.search(line.text) else (Ask(question, line.text),)
            if before.question and not before.of_product:
                asks = (*asks, self._fused(question, line, before))
            return Plan(asks, True, None, which=True, base=line.text)
        return None

    def _name(self, question: Question, line: Heard, before: Conversation) -> Plan | None:
        """A product's name and nothing else: the question of before, of this product."""
        words = name_words(without_talk(line.text))
        if not words:
            return self._same(question, line, before)
        found = self._products.named(words)
        if not found:
            return None
        if before.product_id is not None:
            found = _nearest(found, self._products.get(before.product_id), line)
        if (
            before.product_id is not None
            and len(found) > 1
            and not line.goes_on
            and not line.corrects
        ):
            focus = self._products.get(before.product_id)
            if focus is not None and has_words(focus, words):
                found = [focus]
        return self._about(found, question, before, words)

    def _same(self, question: Question, line: Heard, before: Conversation) -> Plan | None:
        """Nothing but "and these?": the question of before, of what is looked at now."""
        focus = before.product_id
        if focus is None or not before.question or not before.of_product:
            return None
        if not (line.points and (line.goes_on or question.product_id == focus)):
            return None
        return Plan((_ask(question, before.question, focus, before.question),), True, focus)

    def _about(
        self,
        found: Sequence[ProductCatalogued],
        question: Question,
        before: Conversation,
        words: str,
    ) -> Plan | None:
        if before.question and before.of_product:
            if len(found) == 1:
                product_id = found[0].product_id
                ask = _ask(question, before.question, product_id, before.question)
                return Plan((ask,), True, product_id)
            several = tuple(product.product_id for product in found)
            return Plan((), True, None, several, words)
        if len(found) == 1:
            plain = Ask(question, "")
            return Plan((plain,), True, found[0].product_id, about=found[0].product_id)
        return None

    def _fused(self, question: Question, line: Heard, before: Conversation) -> Ask:
        """The question of before with this line's words."""
        text = f"{before.question} {line.text}"
        product_id = before.product_id if before.of_product else question.product_id
        return _ask(question, text, product_id, before.question, line.text)


_CODE = re.compile(r"(?<![a-z\d])(?=[a-z\d-]*\d)[a-z\d][a-z\d-]{2,40}(?![a-z\d])")
_CONTENT = re.compile(
    r"\bin (?:it|there)\b|\binside\b|\bdid i (?:buy|order)\b|里面|买的?(?:是|了)?什么"
)
_BY_ONESELF = re.compile(
    r"\b(?:where|how) (?:can|could|do|should) i\b[^?]{0,20}\b(?:see|track|follow|check|find|look)\b"
    r"|(?:在?哪里?|哪儿|怎么|如何)(?:可以|能)?(?:自己)?(?:查|看|跟踪)"
)
_UNDERWAY = re.compile(
    r"\b(?:when|where|arriv\w*|track\w*|status|ship\w*|deliver\w*|here|late)\b|时候|到|哪|物流"
    r"|发货|快递"
)


def _of_orders(question: Question, line: Heard, before: Conversation) -> list[Ask]:
    """What a line can ask of an order: of another number, or of the one that was told of."""
    asks = []
    code = _CODE.search(line.text)
    told = before.order_id is not None
    if code is not None and (told or line.corrects or line.goes_on or line.short):
        if before.question and (old := _CODE.search(before.question)):
            swapped = before.question[: old.start()] + code[0] + before.question[old.end() :]
            asks.append(_ask(question, swapped, None, swapped)._replace(route="orders"))
        else:
            asks.append(
                _ask(question, f"order {code[0]} {line.text}", None, line.text)._replace(
                    route="orders"
                )
            )
    elif told and _BY_ONESELF.search(line.text):
        how = "怎么查物流" if _is_chinese(line.text) else "how do I track my order"
        asks.append(_ask(question, how, None, before.question))
    elif told and (line.goes_on or line.points or line.short or _CONTENT.search(line.text)):
        content = _CONTENT.search(line.text)
        if content or _UNDERWAY.search(line.text):
            text = f"{'where is' if content else line.text} order {before.order_id}"
            asks.append(_ask(question, text, None, before.question)._replace(route="orders"))
    return asks


def _nearest(
    found: Sequence[ProductCatalogued], focus: ProductCatalogued | None, line: Heard
) -> list[ProductCatalogued]:
    """Of several that a line can mean, the one of the kind that is spoken of: "and the blue one?".
    Who corrects a kind keeps the brand."""
    if len(found) < 2 or focus is None or not (line.goes_on or line.corrects or line.short):
        return list(found)
    ranks = [
        (
            len(_kind(product) & _kind(focus)),
            len(_numbers(product) & _numbers(focus)),
            bool(product.brand) and product.brand == focus.brand,
        )
        for product in found
    ]
    best = max(ranks)
    if ranks.count(best) == 1 and (best[0] or (line.corrects and best[2])):
        return [found[ranks.index(best)]]
    return list(found)


def _numbers(product: ProductCatalogued) -> set[str]:
    return {term for term in terms_of(product.title) if any(c.isdigit() for c in term)}


def _kind(product: ProductCatalogued) -> set[str]:
    """The terms of what a product is: its title without its brand and its variant."""
    title = product.title.rpartition(",")[0] or product.title
    kind = set(terms_of(title)) - set(terms_of(product.brand or ""))
    return {term for term in kind if len(term) > 1 and not term.isdigit()}


def _ask(question: Question, text: str, product_id: str | None, base: str, must: str = "") -> Ask:
    return Ask(question._replace(text=text, product_id=product_id), base, must)


def _phrase(attribute: str, colour: str | None, chinese: bool) -> str:
    """A whole question for an attribute."""
    if colour is not None:
        return (
            f"有{CHINESE_COLOUR.get(colour, colour)}吗" if chinese else f"does it come in {colour}"
        )
    known = BY_NAME.get(attribute)
    if known is None:
        return attribute
    return known.chinese if chinese else f"what is the {known.english}"


def _is_chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)


def _without_words(text: str, words: str) -> str:
    """A question without a product's name, so that it can be asked of another."""
    for word in words.split():
        if word.isascii():
            text = re.sub(rf"(?<![a-z\d]){re.escape(word)}(?:'s)?(?![a-z\d])", " ", text, count=1)
        else:
            text = text.replace(word, " ", 1)
    return " ".join(text.split())


def _without_beginning(run: str, names: str) -> str:
    """A run of Chinese signs without the longest piece of a name that it begins with."""
    sizes = range(len(run) - 1, 1, -1)
    return next((run[size:] for size in sizes if run[:size] in names), run)


def without_name(text: str, product: ProductCatalogued | None) -> str:
    """A question without the words of this product's names."""
    if product is None:
        return text
    own = set(terms_of(f"{product.title} {product.title_zh or ''} {product.brand or ''}"))
    names = simplified(normalise(f"{product.title} {product.title_zh or ''}"))
    kept = []
    for found in _WORD.findall(text):
        word = _without_beginning(found, names) if _is_chinese(found) else found
        terms = terms_of(word)
        if word in FILLERS or not terms or not set(terms) <= own:
            kept.append(word)
    return " ".join(kept)
