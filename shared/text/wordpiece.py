"""Texts into pieces of words, as BERT reads them (Wu et al. 2016; Devlin et al. 2019, "WordPiece").

A word is cut from the left into the longest pieces of the vocabulary. Han characters and marks are
words of their own. Words repeat, so their pieces are remembered; a text costs one search and a
look-up for each word.

What is a mark is fixed here and not asked of `unicodedata`: a newer Python would cut texts
elsewhere than the training did.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from .manifest import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

WORD_CHARACTERS_MAX = 100  # a longer one is unknown
WORDS_MAX = 65_536  # remembered
CONTINUED = "##"  # before a piece that is no word's first

_HAN = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf"
    "\U0002f800-\U0002fa1f"
)
_MARKS = (
    "!-/:-@\\[-`{-~\u00a1\u00a7\u00ab\u00b6\u00b7\u00bb\u00bf\u037e\u0387\u055a-\u055f"
    "\u0589\u058a\u2010-\u2027\u2030-\u2043\u2045-\u2051\u2053-\u205e\u207d\u207e\u208d\u208e"
    "\u2308-\u230b\u2329\u232a\u2768-\u2775\u27c5\u27c6\u27e6-\u27ef\u2983-\u2998\u29d8-\u29db"
    "\u29fc\u29fd\u2cf9-\u2cfc\u2cfe\u2cff\u2e00-\u2e2e\u2e30-\u2e4f\u2e52-\u2e5d"
    "\u3001-\u3003\u3008-\u3011\u3014-\u301f\u3030\u303d\u30a0\u30fb\ufe10-\ufe19\ufe30-\ufe52"
    "\ufe54-\ufe61\ufe63\ufe68\ufe6a\ufe6b\uff01-\uff03\uff05-\uff0a\uff0c-\uff0f\uff1a\uff1b"
    "\uff1f\uff20\uff3b-\uff3d\uff3f\uff5b\uff5d\uff5f-\uff65"
)
# Controls, directions and variants take no room; \t, \n and \r are space.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffd\ud800-\udfff\ue000-\uf8ff\U000e0000-\U0010ffff]"
)
_WORD = re.compile(f"[{_HAN}{_MARKS}]|[^\\s{_HAN}{_MARKS}]+")
_MARK = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")  # letters and digits


class Placed(NamedTuple):
    """A text's pieces and the characters that each stands for: text[begins[n] : ends[n]]."""

    ids: list[int]
    begins: list[int]
    ends: list[int]


class WordPiece:
    """A vocabulary, and the pieces of words that were met."""

    def __init__(self, vocabulary: Sequence[str], strip_accents: bool) -> None:
        """vocabulary: pieces, whose ids are their places. Raises ValueError without [UNK], [CLS]
        or [SEP]."""
        self._id_of = {piece: place for place, piece in enumerate(vocabulary)}
        missing = {"[UNK]", "[CLS]", "[SEP]"} - self._id_of.keys()
        if missing:
            raise ValueError(f"the vocabulary has no {', '.join(sorted(missing))}")
        self._unknown = [self._id_of["[UNK]"]]
        self._first, self._last = self._id_of["[CLS]"], self._id_of["[SEP]"]
        self._strip_accents = strip_accents
        self._known: dict[str, list[int]] = {}
        self._lengths = [len(piece.removeprefix(CONTINUED)) for piece in vocabulary]
        self._forms: dict[str, str] = {}

    @property
    def first(self) -> int:
        """Id of [CLS]."""
        return self._first

    @property
    def last(self) -> int:
        """Id of [SEP]."""
        return self._last

    def encode(self, text: str) -> list[int]:
        """Ids of a text's pieces, between those of [CLS] and [SEP]. Lower case is the caller's."""
        if not text.isascii():
            if self._strip_accents:
                text = _MARK.sub("", unicodedata.normalize("NFD", text))
            text = _UNSEEN.sub("", text)
        elif not text.isprintable():
            text = _UNSEEN.sub("", text)
        ids = [self._first]
        known = self._known
        for word in _WORD.findall(text):
            ids += known.get(word) or self._learn(word)
        ids.append(self._last)
        return ids

    def placed(self, text: str) -> Placed:
        """A text's pieces, without [CLS] and [SEP], and their places in it. Case is nobody's care:
        characters are made lower one by one, so that places hold."""
        forms = [self._forms.get(c) or self._form(c) for c in text]
        # Of each character of `read` its place in the text: the same one where none was changed
        # into several or into none.
        read = "".join(forms)
        places = [n for n, form in enumerate(forms) for _ in form]
        found = Placed([], [], [])
        for word in _WORD.finditer(read):
            ids = self._known.get(word[0]) or self._learn(word[0])
            if ids is self._unknown:
                ends = [word.end()]
            else:
                ends = list(accumulate((self._lengths[n] for n in ids), initial=word.start()))[1:]
            found.ids.extend(ids)
            found.begins.extend(places[at] for at in (word.start(), *ends[:-1]))
            found.ends.extend(places[at - 1] + 1 for at in ends)
        if self._strip_accents:  # the accents of a piece's last letter are its own
            for n, end in enumerate(found.ends):
                while end < len(text) and _MARK.match(text[end]):
                    end += 1
                found.ends[n] = end
        return found

    def _form(self, character: str) -> str:
        """What is read of one character: "" of one that takes no room."""
        form = character
        if _FULL_WIDTH.match(form):
            form = unicodedata.normalize("NFKC", form)
        form = form.lower()
        if self._strip_accents:
            form = _MARK.sub("", unicodedata.normalize("NFD", form))
        form = _UNSEEN.sub("", form)
        if len(self._forms) >= WORDS_MAX:
            self._forms.clear()
        self._forms[character] = form
        return form

    def _learn(self, word: str) -> list[int]:
        if len(self._known) >= WORDS_MAX:
            self._known.clear()
        ids = self._known[word] = self._cut(word)
        return ids

    def _cut(self, word: str) -> list[int]:
        if len(word) > WORD_CHARACTERS_MAX:
            return self._unknown
        ids, begin, before = [], 0, ""
        while begin < len(word):
            for end in range(len(word), begin, -1):
                found = self._id_of.get(before + word[begin:end])
                if found is not None:
                    break
            else:
                return self._unknown
            ids.append(found)
            begin, before = end, CONTINUED
        return ids


def words_of(model: str, vocabulary: bytes, strip_accents: bool) -> WordPiece:
    """The pieces of a model's vocabulary file, one a line. Raises ModelError, naming the model."""
    try:
        return WordPiece(vocabulary.decode().split("\n"), strip_accents)
    except ValueError as error:
        raise ModelError(f"model {model}: {error}") from None
