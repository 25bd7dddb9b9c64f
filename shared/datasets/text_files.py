"""Text files as they come: UTF-8 or not, any line ends; `compressed` unpacks them.

The encoding is found by reading the whole file once, in pieces: strict UTF-8 if all of it is;
UTF-16 by its mark or its zero bytes; GB18030 and Windows-1252 only where the bytes leave no
reasonable doubt. In UTF-8 a few lines may be broken: they are bad rows (`BROKEN`). Everything else
is an error that names the byte and `--encoding`.
"""

from __future__ import annotations

import codecs
import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from .base import FormatError, nobody
from .compressed import open_bytes

BROKEN = "surrogateescape"  # how a text is opened of which a few lines are not UTF-8
BROKEN_SHARE = 0.01
CHUNK_BYTES = 1 << 20
HEAD_BYTES = 1 << 16
EVIDENCE_BYTES = 1 << 20  # of lines that are not ASCII, to tell GB18030 and Windows-1252 by
_MARKS = (  # longest first: UTF-32's begins as UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPOKEN = {"gb18030": "GB18030 (GBK)", "cp1252": "Windows-1252 (Latin-1)"}
# Signs that Western text hardly has: low and single angle quotes, daggers, a florin, per mille.
# Shift-JIS has its kana behind 82 and 83.
_RARE_1252 = frozenset(b"\x82\x83\x86\x87\x88\x89\x8b\x98\x9b")
_NOT_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d\xfe\xff")  # undefined there, or in next to no text


@contextmanager
def open_text(
    path: Path, encoding: str | None = None, say: Callable[[str], None] = nobody
) -> Iterator[IO[str]]:
    """A text file whose lines end in \\n, without a byte order mark.

    encoding: None finds it out; `say` hears of one that is not UTF-8. Raises FormatError.
    """
    errors = "strict"
    try:
        found = _checked(path, encoding) if encoding is not None else encoding_of(path)
    except FormatError:
        count = _broken_lines(path, encoding)
        if not count:
            raise
        found, errors = "utf-8-sig", BROKEN
        say(f"{path}: {count} lines are not UTF-8 and are bad rows; --encoding names another")
    if encoding is None and found in _SPOKEN:
        say(f"{path}: not UTF-8; read as {_SPOKEN[found]}; --encoding names another")
    with open_bytes(path) as raw:
        text = io.TextIOWrapper(cast("Any", raw), encoding=found, errors=errors, newline=None)
        try:
            yield text
        except UnicodeDecodeError as error:  # it was changed since it was looked at
            raise FormatError(f"{path}: not {found} at byte {error.start}") from None
        finally:
            text.detach()


def encoding_of(path: Path) -> str:
    """The codec that reads the whole file. Raises FormatError where none is certain."""
    with open_bytes(path) as file:
        head = file.read(HEAD_BYTES)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return _checked(path, name)
    if b"\0" in head and (wide := _utf16_by_zeros(head)):
        return _checked(path, wide)
    bad = _first_bad_byte(path, "utf-8")
    if bad is None:
        return "utf-8"
    evidence = _lines_beyond_ascii(path)
    if _looks_chinese(evidence) and _first_bad_byte(path, "gb18030") is None:
        return "gb18030"
    if _looks_western(evidence) and _first_bad_byte(path, "cp1252") is None:
        return "cp1252"
    raise FormatError(
        f"{path}: not UTF-8 at byte {bad}, and no other encoding is certain: "
        "name it with --encoding, for instance --encoding gb18030"
    )


def _broken_lines(path: Path, encoding: str | None) -> int:
    """How many lines of a file of UTF-8 are none; 0 where they are too many for it to be UTF-8,
    unless the user says that it is, and where it cannot be."""
    if encoding is not None:
        try:
            if codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig"):
                return 0
        except LookupError:
            return 0
    bad = lines = 0
    with open_bytes(path) as file:
        if b"\0" in file.read(HEAD_BYTES):
            return 0
        file.seek(0)
        while line := file.readline(CHUNK_BYTES):
            lines += 1
            try:
                line.decode()
            except UnicodeDecodeError:
                bad += 1
    return bad if encoding is not None or bad <= BROKEN_SHARE * lines else 0


def _checked(path: Path, encoding: str) -> str:
    try:
        info = codecs.lookup(encoding)
        if not info._is_text_encoding:
            raise LookupError
    except LookupError:
        raise FormatError(f"--encoding: there is no text encoding {encoding!r}") from None
    bad = _first_bad_byte(path, encoding)
    if bad is not None:
        raise FormatError(f"{path}: not {encoding} at byte {bad}; --encoding names another")
    # A mark is never part of the text, whether or not the user knew of it.
    return "utf-8-sig" if info.name == "utf-8" else encoding


def _first_bad_byte(path: Path, encoding: str) -> int | None:
    """Where the file stops being `encoding`; None where it is to its end."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    fed = 0
    with open_bytes(path) as file:
        while True:
            chunk = file.read(CHUNK_BYTES)
            fed += len(chunk)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return fed - len(error.object) + error.start
            except UnicodeError:  # a codec that does not say where
                return max(0, fed - len(chunk))
            if not chunk:
                return None


def _utf16_by_zeros(head: bytes) -> str | None:
    """Where the zero bytes of ASCII written in two bytes stand, all on one side."""
    even, odd, pairs = head[0::2].count(0), head[1::2].count(0), len(head) // 2
    if odd > pairs // 8 and odd > 20 * even:
        return "utf-16-le"
    return "utf-16-be" if even > pairs // 8 and even > 20 * odd else None


def _lines_beyond_ascii(path: Path) -> bytes:
    kept = bytearray()
    with open_bytes(path) as file:
        while len(kept) < EVIDENCE_BYTES and (line := file.readline(HEAD_BYTES)):
            if not line.isascii():
                kept += line
    return bytes(kept)


def _looks_chinese(evidence: bytes) -> bool:
    """Mostly characters of GB2312, as GBK text is, and commoner ones mostly.

    Western letters pair up into rare characters or none; Big5, Shift-JIS and Cyrillic into rare
    ones; EUC-JP shows its kana; EUC-KR uses a part of the common rows only.
    """
    text = evidence.decode("gb18030", "ignore")
    beyond = [c for c in text if not c.isascii()]
    codes = [c.encode("gb2312", "ignore") for c in beyond]
    han = [code for code in codes if code and 0xB0 <= code[0] <= 0xF7]
    common = [code for code in han if code[0] <= 0xD7]
    kana = sum(bool(code) and code[0] in (0xA4, 0xA5) for code in codes)
    if not han or sum(map(bool, codes)) < 0.8 * len(codes) or kana > 0.1 * len(codes):
        return False
    late = sum(code[0] >= 0xC9 for code in common)
    if len(common) < 20:
        # Eight of the common ones and none from S to Z: rather Korean, which has its letters there.
        return len(common) >= 0.6 * len(han) and (late > 0 or len(common) < 8)
    return len(common) >= 0.6 * len(han) and late >= 0.15 * len(common)


def _looks_western(evidence: bytes) -> bool:
    """Letters with accents stand alone among ASCII; what is not written so has them in runs."""
    places = [i for i, byte in enumerate(evidence) if byte >= 0x80]
    if not places or any(evidence[i] in _NOT_1252 for i in places):
        return False
    if sum(evidence[i] in _RARE_1252 for i in places) > 0.2 * len(places):
        return False
    beside = sum(b - a == 1 for a, b in itertools.pairwise(places))
    return beside <= 0.1 * len(places)
