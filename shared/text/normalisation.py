"""One spelling for texts that mean the same, in training and serving alike.

`clean` undoes what keyboards, browsers and exports do to a text: typographic apostrophes and
quotation marks, HTML entities (escaped twice as well) and tags, full-width letters, invisible
characters. `normalise` goes on to what the models read: emoji as words, lower case, single spaces.

Most texts need none of it, so each step first asks, at the price of one search, whether there is
anything to do.
"""

from __future__ import annotations

import html
import re
import unicodedata

from .emoji import FEELINGS

TEXT_CHARACTERS_MAX = 4096

_UNESCAPES_MAX = 3  # an entity may spell the ampersand of another: &#38;lt;
_AMPERSAND = re.compile(r"&(?:amp;|#38;|#x26;)+", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});|&nbsp", re.IGNORECASE)

# A tag is one that HTML knows, with attributes that have a value: "price < 5 and > 3" and "<3" are
# none. No part can match what another can, and none runs over a "<": linear in the text.
_ATTRIBUTES = r"""(?:\s+[a-z][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*"""
_INLINE = "a|abbr|b|big|code|del|em|font|i|ins|mark|s|small|span|strike|strong|sub|sup|tt|u"
_BLOCK = (
    "blockquote|body|br|button|center|dd|div|dl|dt|figure|footer|form|h[1-6]|head|header|hr|html|"
    "iframe|img|input|label|li|link|meta|nav|ol|p|pre|section|source|table|tbody|td|textarea|"
    "tfoot|th|thead|title|tr|ul|video"
)
_UNSEEN = re.compile(
    r"<!--[^<>]*-->|<(script|style)\b[^<>]*>[^<]*</\1\s*>|<!doctype[^<>]*>|<!\[cdata\[|\]\]>",
    re.IGNORECASE,
)
_INLINE_TAG = re.compile(rf"</(?:{_INLINE})\s*>|<(?:{_INLINE}){_ATTRIBUTES}\s*>", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</[a-z][\w:-]*\s*>|<(?:{_BLOCK}){_ATTRIBUTES}\s*/?>", re.IGNORECASE)

# Before NFKC, which would take ´ for a space and an accent.
_SPELLINGS = {
    "'": "‘’‚‛`´ʹʻʼʽˈ′‵＇｀‹›",
    '"': "“”„‟″«»〝〞〟＂「」『』｢｣",
    "-": "‐‑‒–—―−",
    # What cannot be seen: zero-width characters, soft hyphens, directions, variants of emoji,
    # skin tones, the frame of a keycap.
    "": "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff\u20e3"
    "\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d\ufe0e\ufe0f",
}
_SPELLING_OF = {variant: plain for plain, variants in _SPELLINGS.items() for variant in variants}
# UTF-8 that a program read as Windows-1252 or Latin-1, and quotes that one escaped.
_MISREAD = (
    *(("â€™", "'"), ("â€˜", "'"), ("â€œ", '"'), ("â€\x9d", '"'), ("â€”", "-"), ("â€“", "-")),
    *(("â\x80\x99", "'"), ("â\x80\x98", "'"), ("â\x80\x9c", '"'), ("â\x80\x9d", '"')),
)
_TONES_AND_TAGS = "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef"
_ODD = re.compile(f"[{re.escape(''.join(_SPELLING_OF))}{_TONES_AND_TAGS}]")
# Nearly every Chinese text is of these alone; NFKC takes ten times as long as eight replacements.
_FULL_WIDTH_MARKS = tuple(zip("，！？；：（）～", ",!?;:()~", strict=True))
_BEYOND_PLAIN = re.compile("[^\u4e00-\u9fff\\x00-_a-~。、，！？；：（）～]")

# Markup can spell markup ("<<b>b>", "&amp;lt;", "＜b＞"): so often is it undone, and what is left
# then is no writing, but made to be left.
_ROUNDS_MAX = 4
_MARKUP_SIGNS = str.maketrans("&<\\", "   ")
# From a run's first backslash only: else each of a long run would be read to the run's end.
_ESCAPED_QUOTE = re.compile(r"""(?<!\\)\\+(?:(?=['"])|u2019)""")

# NFKC sorts the marks above and below a letter by insertion, in quadratic time, so they are bounded
# before it. No language stacks five. These ranges hold every mark, and the letters between them.
_MARKS_MAX = 4
_STACKED = (
    "[\u0300-\u036f\u0483-\u0487\u0591-\u10ff\u135d-\u1dff\u20d0-\u20ff\u2cef-\u2dff"
    "\u302a-\u302f\u3099\u309a\ua66f-\uabed\ufb1e\ufe20-\ufe2f\uff9e\uff9f"
    f"\U000101fd-\U0001e94a]{{{_MARKS_MAX + 1},}}"
)
_STACKED_OR_LONE = re.compile(f"[\ud800-\udfff]+|{_STACKED}")
# Not marks to `unicodedata`, but NFKC makes marks of them.
_MARKS_IN_DISGUISE = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")

_EMOJI = re.compile(
    "[{}\U0001f000-\U0001faff]".format("".join(e for e in FEELINGS if e < "\uffff"))
)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")


def clean(text: str) -> str:
    """The text as it was meant: case, emoji and white space stay. At most as long as NFKC makes it.

    What is clean stays as it is. Linear in the text, whose length the caller bounds.
    """
    if "&" in text or "<" in text or "\\" in text:
        return _clean_of_markup(text)
    if text.isascii():
        return text.replace("`", "'")
    if "â" in text or _BEYOND_PLAIN.search(text):
        text = _one_spelling(text)
        # Full-width signs are signs now.
        return _clean_of_markup(text) if _has_markup_signs(text) else text
    for mark, narrow in _FULL_WIDTH_MARKS:
        text = text.replace(mark, narrow)
    return text


def _has_markup_signs(text: str) -> bool:
    return "&" in text or "<" in text or "\\" in text


def _clean_of_markup(text: str) -> str:
    for _ in range(_ROUNDS_MAX):
        before = text
        if "&" in text:
            text = _unescaped(text)
        if "<" in text:
            text = _BLOCK_TAG.sub(" ", _INLINE_TAG.sub("", _UNSEEN.sub(" ", text)))
        if "\\" in text:
            text = _ESCAPED_QUOTE.sub(_quote, text)
        text = _one_spelling(text)
        if text == before or not _has_markup_signs(text):
            return text
    return _one_spelling(text.translate(_MARKUP_SIGNS))


def _quote(escape: re.Match[str]) -> str:
    return "'" if escape[0].endswith("9") else ""


def _one_spelling(text: str) -> str:
    """Apostrophes, quotation marks, widths, what cannot be seen: of a text without markup."""
    if text.isascii():
        return text.replace("`", "'")
    if "â" in text:
        text = _read_again(text)
    if not _BEYOND_PLAIN.search(text):
        for mark, narrow in _FULL_WIDTH_MARKS:
            text = text.replace(mark, narrow)
        return text
    text = _ODD.sub(_plain, text)
    if text.isascii():
        return text.replace("`", "'")
    few = _STACKED_OR_LONE.sub(_writable, text)
    text = unicodedata.normalize("NFKC", few)
    if text != few:
        # What it took apart can be odd (‴), misread (a and its accent), or have marks of its own.
        text = _STACKED_OR_LONE.sub(_writable, _ODD.sub(_plain, text))
    return _read_again(text) if "â" in text else text


def _read_again(text: str) -> str:
    for misread, plain in _MISREAD:
        text = text.replace(misread, plain)
    return text


def _writable(run: re.Match[str]) -> str:
    """Of a run of lone surrogates, or of marks (and letters, which are few in any other text)."""
    if "\ud800" <= run[0][0] <= "\udfff":
        return "\ufffd" * len(run[0])
    kept, marks = [], 0
    for character in run[0]:
        mark = unicodedata.combining(character) or character in _MARKS_IN_DISGUISE
        marks = marks + 1 if mark else 0
        if marks <= _MARKS_MAX:
            kept.append(character)
    return "".join(kept)


def is_plain(text: str) -> bool:
    """Whether `clean` changes nothing but the width of punctuation."""
    return not (_has_markup_signs(text) or (not text.isascii() and _BEYOND_PLAIN.search(text)))


def normalise(text: str) -> str:
    """Cut and clean; emoji as words, lower case, single spaces between words.

    Cut before, against cost, and after, because NFKC can lengthen a text eighteenfold.
    """
    return folded(clean(text[:TEXT_CHARACTERS_MAX]))


def folded(cleaned: str) -> str:
    """The second half of `normalise`: of a text that `clean` has seen."""
    if not cleaned.isascii() and _EMOJI.search(cleaned):
        cleaned = _EMOJI.sub(_in_chinese if _HAN.search(cleaned) else _in_english, cleaned)
    if "İ" in cleaned:  # whose lower case is two characters, which a mark after it can part
        cleaned = unicodedata.normalize("NFC", cleaned.replace("İ", "i"))
    text = " ".join(cleaned.lower().split())
    return text if len(text) <= TEXT_CHARACTERS_MAX else text[:TEXT_CHARACTERS_MAX].rstrip()


def _unescaped(text: str) -> str:
    for _ in range(_UNESCAPES_MAX):
        text, ampersands = _AMPERSAND.subn("&", text)
        text, entities = _ENTITY.subn(_character, text)
        if not ampersands + entities:
            break
    return text


def _character(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def _plain(odd: re.Match[str]) -> str:
    return _SPELLING_OF.get(odd[0], "")


def _in_english(emoji: re.Match[str]) -> str:
    feeling = FEELINGS.get(emoji[0])
    return emoji[0] if feeling is None else f" {feeling.english} "


def _in_chinese(emoji: re.Match[str]) -> str:
    feeling = FEELINGS.get(emoji[0])
    return emoji[0] if feeling is None else feeling.chinese
