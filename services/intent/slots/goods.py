"""Brands and categories in a text: by name, and, in a search, by what is left of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .base import TAKEN, Found
from .brand_names import words_as_well
from .lexicon import (
    ENDS,
    FILLERS,
    FUNCTION_WORDS,
    HEADS,
    NO_GOODS,
    PHRASES,
    ZH_HEADS,
    ZH_LEADING,
    ZH_MODIFIERS,
    ZH_NO_GOODS,
    ZH_TRAILING,
    words,
)
from .names import appended, joined, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .base import Reading
    from .names import Names

_HAN = re.compile(r"[\u3400-\u9fff]")
_PHRASES = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b")
_PHRASES_BEGIN = frozenset(phrase.split()[0] for phrase in PHRASES)
_ZH_HEADS = re.compile("|".join(sorted(ZH_HEADS, key=len, reverse=True)))
_ZH_SUBJECT = re.compile(
    r"(?:请问)?(?:你们|你家|我的|您家)?(?:的)?(?:[这那](?:款|个|件|条|双|台|种|本|套|把|张|只|块|支|部|辆|瓶|盒)?)?"
    rf"(?P<noun>{_ZH_HEADS.pattern})(?!尺码|码)"
)
_PART = re.compile(rf"[^{TAKEN},.;:!?()|/]+")
_ZH_PART = re.compile(rf"[^{TAKEN}\s,，.。;；:：!！?？()（）、|/]+")
# How a sentence begins that looks for goods, up to the article; and what it may end in.
_ZH_COUNTER = (
    "(?:[件款只台部张顶块]|条(?!纹)|个(?!性|人)|本(?!子)|支(?!架)|双(?![肩人层头面])|把(?!手)|"
    "套(?![装头餐])|床(?=被))"
)
_ZH_BEGINS = re.compile(
    "(?:你好|请问|亲)?(?:我|你们|你家|店里|这里)?(?:[这那][种款个件]|"
    "(?:想|要)?(?:给|帮|替)[^买选挑找看]{1,4}(?:想|要)?(?:买|选|挑|找一下|找|看看|看一下|看)(?:点|些)?|"
    "(?:想要买|想买|要买|想要|想找|想看看|求购|求推荐|求|找|看看|卖不卖|有没有|有卖|有什么|买|推荐))"
    f"(?:一?{_ZH_COUNTER}|一下|点|些)?(?:适合)?"
)
_ZH_ENDS = re.compile(
    "有没有|有哪些|有什么|哪[个款种家]|怎么|多少|包邮|值得|推荐|好不好|好用吗|[吗呢?？]|卖$|有吗|\\d+[片块枚粒页]"
)
_ZH_ARTICLE = re.compile(f"[我们]*(?:想要?买?|要买?|买|来|有没有|找)?一?{_ZH_COUNTER}?")
_LEADING_BEGIN = frozenset(word[0] for word in ZH_LEADING)
# Words that begin as ZH_LEADING has it and mean something else: 有机蔬菜 is not 机蔬菜.
_WHOLE = ("有机", "有氧", "有声", "有线", "有色", "有轨", "来福", "找平")
_TRAILING_END = frozenset(word[-1] for word in ZH_TRAILING)
# A thing that the goods shall go with is not what is looked for.
_COMPATIBLE = re.compile(r"\b(?:fits?|compatible|works?\swith)\b|适合|适配|兼容|能用|可以用|通用")
_ABOUT_GOODS = re.compile(
    r"^(?:(?:does|is|are|do|can|will)\s+)?(?:(?:the|this|that|these|those|your)\s+)?"
    r"(?P<noun>[a-z]+(?:\s[a-z]+)?)"
)
# "how long is the sofa", "what material are these trousers": at the end, or before a verb.
_ASKED_OF_GOODS = re.compile(
    r"^(?:how|what|which|when|is|are|does|do|can|will)\b.{0,40}?\b(?:the|this|that|these|those|your)\s"
    r"(?:two\s|three\s|four\s)?(?P<noun>[a-z-]+(?:\s[a-z-]+){0,2}?)"
    r"(?=\s*[?.!]*$|\s(?:is|are|have|has|come|comes|need|fit|work|run|made|good|true|suitable)\b)"
)
_MODEL = re.compile(r"\s?\d{1,2}(?!\d|[斤个只箱件元块])")
_WORDS_AS_WELL = words_as_well()
# What goods have: a question about such a one is about something said before.
_PARTS = frozenset(
    words(
        """
    cable cord lid strap zip battery blade blades filter screen cover seat wheel wheels box plug
    collar sleeve sleeves pocket handle base lens case charger motor bulb switch drawer drawers
    shelf shelves cushion hood hook frame label tape tank bag oven wash sink dishwasher microwave
    """
    )
)
_OF_SOMETHING_ELSE = re.compile(
    r"(?:how\s\w+|what|which|when)?\s*(?:is|are|does|do|did|can|could|will|would|should)\s"
    r"(?:it|they|this|that|these|those|i|you|we|there)\b(?!\s[a-z]+s?$)"
)
_PRONOUNS = ("it", "i", "you", "we", "they", "there", "this", "that")
_NO_SUBJECTS = ("chart", "table", "size", "guide", "sizes", "life", "number", "declined")
CATEGORY_WORDS_MAX = 4
PLURAL_MIN = 5  # letters
_NO_MODELS = frozenset(("3d", "4k", "2-in-1", "3-in-1", "b12"))
# Ends the goods of a text that may be about something else: no audience, no quality.
_AFTER_GOODS = frozenset(
    ("for", "with", "without", "under", "over", "below", "above", "in", "from")
)
CATEGORY_CHARACTERS_MAX = 48
# What is left of a text may be an address, a link or a number: no name of goods, and personal.
_NO_GOODS = re.compile(r"[@_\\]|\d{4}|www\.|https?|\.(?:com|net|org|cn|de|co)\b")
ZH_CHUNK_MAX = 9  # characters of a search's part that is taken whole; longer ones are sentences


def families(reading: Reading) -> Iterator[Found]:
    """Goods of fixed names, before a brand takes a part of one."""
    if _PHRASES_BEGIN.isdisjoint(reading.words):
        return
    match = _PHRASES.search(reading.rest)
    if match:
        yield Found("category", match[0], match.start(), match.end())


def brands(reading: Reading, names: Names, shopping: bool) -> Iterator[Found]:
    """Brands, the longest name first; none of a question what the goods go with."""
    reaches = [names.brand_reach(token) for token in reading.token_texts()]
    if not any(reaches) or (not shopping and _COMPATIBLE.search(reading.rest)):
        return
    tokens = reading.tokens
    first = 0
    while first < len(tokens):
        if not reaches[first]:
            first += 1
            continue
        start = tokens[first][0]
        for count, spelling in reversed(_spellings(tokens[first : first + reaches[first]])):
            name = names.brand(spelling)
            if name is None:
                continue
            end = tokens[first + count - 1][1]
            if TAKEN in reading.rest[start:end]:
                continue
            if _means_a_brand(spelling, reading, names, start, end):
                yield Found("brand", name, start, end)
                first += count - 1
                break
        first += 1


def _spellings(tokens: Sequence[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """(tokens, spelling) of the first token, the first two, and so on."""
    found: list[tuple[int, str]] = []
    text = ""
    for count, (_, _, token) in enumerate(tokens, start=1):
        text = appended(text, token)
        found.append((count, text))
    return found


def _means_a_brand(spelling: str, reading: Reading, names: Names, start: int, end: int) -> bool:
    if names.is_own_brand(spelling):
        return True
    goods = _WORDS_AS_WELL.get(spelling)
    alone = not reading.text[:start].strip() and not reading.text[end:].strip()
    if goods is None or alone:
        return len(spelling) > 1
    if not spelling.isascii() and _MODEL.match(reading.text, end):
        return True  # 小米14
    return any(one in reading.text for one in goods)


def categories(
    reading: Reading, names: Names, shopping: bool, *, known_only: bool = False
) -> Iterator[Found]:
    """At most one category: the catalogue's or a known noun's, or what a search says else, unless
    known_only."""
    if reading.has("category"):
        return
    known = _of_catalogue(reading, names)
    chinese = _HAN.search(reading.rest) is not None
    if not shopping:
        found = known or (_zh_subject(reading) if chinese else _subject(reading))
    elif chinese:
        found = _zh_residue(reading, known_only=known_only) or known
    else:
        found = _residue(reading, known_only=known_only) or known
    if found is not None and _may_be_goods(found.value):
        value = names.category(joined([t for _, _, t in tokens_of(found.value)]))
        yield found if value is None else found._replace(value=value)


def _may_be_goods(text: str) -> bool:
    return len(text) <= CATEGORY_CHARACTERS_MAX and not _NO_GOODS.search(text)


def _of_catalogue(reading: Reading, names: Names) -> Found | None:
    if not names:
        return None
    tokens = reading.tokens
    best: Found | None = None
    for first in range(len(tokens)):
        reach = names.category_reach(tokens[first][2])
        for last in range(first + 1, min(len(tokens), first + reach) + 1):
            start, end = tokens[first][0], tokens[last - 1][1]
            part = [token for _, _, token in tokens[first:last]]
            if TAKEN in reading.rest[start:end]:
                break
            name = names.category(joined(part))
            if name is not None and (best is None or end - start > best.end - best.start):
                best = Found("category", name, start, end)
    return best


def _is_head(word: str) -> bool:
    if word in HEADS:
        return True
    if word.endswith("ies"):
        return f"{word[:-3]}y" in HEADS
    if word.endswith("ves") and (f"{word[:-3]}f" in HEADS or f"{word[:-3]}fe" in HEADS):
        return True
    return (word.endswith("s") and word[:-1] in HEADS) or (
        word.endswith("es") and word[:-2] in HEADS
    )


def _residue(reading: Reading, *, known_only: bool = False) -> Found | None:
    """Of an English search: the words up to its last noun for goods, without how it begins."""
    best: Found | None = None
    for part in _PART.finditer(reading.rest):
        words = [w for w in tokens_of(part[0]) if w[2] != "&"]
        while words and words[0][2] in FILLERS:
            words.pop(0)
        for place, (_, _, word) in enumerate(words):
            if place and word in ENDS:
                del words[place:]
                break
        if any(word in NO_GOODS for _, _, word in words):
            continue
        heads = [n for n, (_, _, word) in enumerate(words) if _is_head(word)]
        function = [
            n
            for n, (_, _, word) in enumerate(words)
            if word in FUNCTION_WORDS and n < (heads[-1] if heads else len(words))
        ]
        if function and not heads:
            continue  # a sentence without goods that are known
        if function:
            first = function[-1] + 1
            words, heads = words[first:], [heads[-1] - first]
        if heads:
            words = _without_model(
                words[max(0, heads[-1] + 1 - CATEGORY_WORDS_MAX) : heads[-1] + 1]
            )
        elif known_only or not words or best is not None or len(words) > CATEGORY_WORDS_MAX:
            continue
        elif reading.has("brand") and not _is_plural(words[-1][2]):
            continue  # a line or a model of the brand: "old skool", "eos r50"
        start, end = part.start() + words[0][0], part.start() + words[-1][1]
        found = Found("category", reading.text[start:end], start, end)
        if heads:
            return found
        best = found if any(c.isalpha() for c in found.value) and end - start > 1 else best
    return best


def _without_model(words: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Of "galaxy s24 case" the case: what has a digit names a model, and so does what is before."""
    for place in range(len(words) - 2, -1, -1):
        word = words[place][2]
        if any(c.isdigit() for c in word) and word not in _NO_MODELS:
            return words[place + 1 :]
    return words


def _is_plural(word: str) -> bool:
    return len(word) >= PLURAL_MIN and word.endswith("s") and not word.endswith("ss")


def known_goods(reading: Reading, names: Names, *, anywhere: bool) -> bool:
    """Whether a text has goods of the catalogue or the lexicon: at the end of a part, or anywhere
    in it."""
    if _of_catalogue(reading, names) is not None:
        return True
    if _HAN.search(reading.rest):
        return _ZH_HEADS.search(reading.rest) is not None
    for part in _PART.finditer(reading.rest):
        words = [word for _, _, word in tokens_of(part[0]) if names.brand(word) is None]
        end = next((n for n, word in enumerate(words) if n and word in _AFTER_GOODS), len(words))
        looked_at = words if anywhere else words[max(0, end - 1) : end]
        if any(_is_head(word) for word in looked_at):
            return True
    return not _PHRASES_BEGIN.isdisjoint(reading.words) and bool(_PHRASES.search(reading.rest))


def _zh_residue(reading: Reading, *, known_only: bool = False) -> Found | None:
    """Of a Chinese search: its first part that names goods, without how it begins and ends."""
    for part in _ZH_PART.finditer(reading.rest):
        start, end = part.span()
        if part[0] in ZH_MODIFIERS or part[0][0].isdigit() or _ZH_ARTICLE.fullmatch(part[0]):
            continue
        if "礼物" in part[0] and part[0] != "礼物":
            continue
        begins = _ZH_BEGINS.match(reading.text, start, end)
        if begins and begins.end() < end:
            start = begins.end()
        tail = _ZH_ENDS.search(reading.text, start + 1, end)
        end = tail.start() if tail else end
        quality = reading.text.rfind("的", start, end)
        if start <= quality < end - 1 and reading.text[quality + 1 : end] not in ZH_TRAILING:
            start = quality + 1
        start, end = _trimmed(reading.text, start, end)
        text = reading.text[start:end]
        if not text or text in ZH_MODIFIERS or text in ZH_LEADING:
            continue
        if any(word in text for word in ZH_NO_GOODS):
            continue
        known = _ZH_HEADS.search(text) if known_only or end - start > ZH_CHUNK_MAX else None
        if known is None and (known_only or end - start > ZH_CHUNK_MAX):
            continue
        if known is not None and end - start > ZH_CHUNK_MAX:
            start, end = start + known.start(), start + known.end()
        if _HAN.search(reading.text[start:end]):
            return Found("category", reading.text[start:end], start, end)
    return None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    if text[start:end] in ZH_LEADING:
        return start, end
    changed = True
    while changed and start < end:
        changed = False
        for word in ZH_LEADING if text[start] in _LEADING_BEGIN else ():
            if text.startswith(_WHOLE, start, end):
                break
            if text.startswith(word, start, end) and end - start > len(word):
                start, changed = start + len(word), True
        for word in ZH_TRAILING if text[end - 1] in _TRAILING_END else ():
            if text.endswith(word, start, end) and end - start > len(word) + 1:
                end, changed = end - len(word), True
    return start, end


def _subject(reading: Reading) -> Found | None:
    """The goods that an English question begins with: "does the kettle switch off"."""
    match = _ASKED_OF_GOODS.match(reading.rest)
    if (
        match
        and _is_head(match["noun"].split()[-1])
        and match["noun"].split()[-1] not in _PARTS
        and not _OF_SOMETHING_ELSE.match(reading.rest)
    ):
        return Found("category", match["noun"], match.start("noun"), match.end("noun"))
    match = _ABOUT_GOODS.match(reading.rest)
    if not match:
        return None
    start = match.start("noun")
    words = match["noun"].split()
    for count in range(1, len(words) + 1):
        noun = " ".join(words[:count])
        if words[0] in _PRONOUNS or words[0] in ("size", "sizing"):
            break
        after = reading.rest[start + len(noun) :].split()[:1]
        if _is_head(words[count - 1]) and after and after[0] not in _NO_SUBJECTS:
            return Found("category", noun, start, start + len(noun))
    return None


def _zh_subject(reading: Reading) -> Found | None:
    match = _ZH_SUBJECT.match(reading.rest)
    return Found("category", match["noun"], *match.span("noun")) if match else None
