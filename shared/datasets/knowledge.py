"""Files of a shop's knowledge as entries: Markdown and HTML by headings, CSV and JSON lines by row.

Ids stay the same from one reading of a file to the next, so that loading it again replaces its
entries: a row's own id, or else the file's name and the heading or a digest of the question.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import html.parser
import itertools
import re
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import msgspec
import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EVENT_BYTES_MAX
from shopkeeper.shared.contracts.events.shop import KnowledgePublished

from .base import FormatError, ShopEvent
from .lines import delimiter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

PASSAGE_CHARACTERS_MAX = 1500  # of a section; a longer one is parted between paragraphs
SYNONYMS: dict[str, tuple[str, ...]] = {
    "knowledge_id": ("knowledge_id", "id"),
    "title": ("title", "question", "heading"),
    "text": ("text", "answer", "body", "content"),
    "kind": ("kind",),
    "language": ("language", "lang", "locale"),
    "product_id": ("product_id",),
    "url": ("url", "link"),
}
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^(```|~~~)")
_BLOCK_NAMES = """
address article blockquote br dd div dl dt figure footer header hr li main ol p pre section
table td th tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_TITLES = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"))
_UNSEEN = frozenset(("script", "style", "nav", "template", "noscript", "svg"))


class _Section(NamedTuple):
    title: str
    paragraphs: list[str]


def read_knowledge(path: Path) -> list[KnowledgePublished]:
    """The entries of a file, in its order; told apart by the file's ending: .md, .html, .htm, .csv,
    .jsonl or .json, each also with .gz.

    Raises FormatError, with the file and the line or heading, where an entry cannot be used or two
    have one id; OSError.
    """
    name = path.name.removesuffix(".gz")
    ending = name.rpartition(".")[2].lower()
    if ending not in READERS:
        listed = ", ".join(f".{each}" for each in READERS)
        raise FormatError(f"{path}: knowledge is read from files that end with {listed}")
    opened = gzip.open if path.name.endswith(".gz") else open
    stem = name.rpartition(".")[0]
    entries: dict[str, KnowledgePublished] = {}
    try:
        with cast("IO[str]", opened(path, "rt", encoding="utf-8-sig", newline="")) as file:
            for place, entry in READERS[ending](file, stem):
                if entry.knowledge_id in entries:
                    raise FormatError(f"{place}: the id {entry.knowledge_id!r} is there already")
                entries[entry.knowledge_id] = entry
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        at = f"byte {error.object[error.start]:#04x} after {error.object[: error.start][-20:]!r}"
        raise FormatError(f"{path}: no UTF-8 ({at}): save the file as UTF-8") from None
    except (gzip.BadGzipFile, csv.Error) as error:
        raise FormatError(f"{path}: {error}") from None
    if not entries:
        raise FormatError(f"{path}: no entry of knowledge in it")
    return list(entries.values())


def knowledge_events(entries: Sequence[KnowledgePublished], time_ms: int) -> list[ShopEvent]:
    """One event per entry, keyed by its id. Raises FormatError for one that is too large."""
    events = []
    for entry in entries:
        data = {name: said for name, said in msgspec.structs.asdict(entry).items() if said}
        if len(orjson.dumps(data)) > EVENT_BYTES_MAX:
            raise FormatError(
                f"entry {entry.knowledge_id!r} is larger than {EVENT_BYTES_MAX} bytes"
            )
        events.append(
            ShopEvent(
                topics.KNOWLEDGE,
                "knowledge.published.v1",
                entry.knowledge_id,
                data,
                time_ms,
                f"{entry.knowledge_id}/{time_ms}",
            )
        )
    return events


# -- rows


def _json_lines(file: IO[str], stem: str) -> Iterator[tuple[str, KnowledgePublished]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise FormatError(f"line {number}: no JSON: {error}") from None
        if not isinstance(row, dict):
            raise FormatError(f"line {number}: no JSON object")
        yield f"line {number}", _of_row(row, stem, f"line {number}")


def _csv(file: IO[str], stem: str) -> Iterator[tuple[str, KnowledgePublished]]:
    first = file.readline()
    rows = csv.DictReader(itertools.chain((first,), file), delimiter=delimiter_of(first))
    if not any(name in (rows.fieldnames or ()) for name in SYNONYMS["text"]):
        listed = ", ".join(SYNONYMS["text"])
        raise FormatError(f"line 1: no column is called {listed}")
    for row in rows:
        place = f"line {rows.line_num}"
        yield place, _of_row({k: v for k, v in row.items() if k and v}, stem, place)


def _of_row(row: dict[str, Any], stem: str, place: str) -> KnowledgePublished:
    found: dict[str, Any] = {}
    for field, names in SYNONYMS.items():
        value = next((row[name] for name in names if row.get(name) not in (None, "")), None)
        if value is not None:
            found[field] = str(value) if field == "knowledge_id" else value
    if "knowledge_id" not in found:
        said = str(found.get("title") or found.get("text") or "")
        found["knowledge_id"] = f"{stem}#{_digest(said)}"
    if "question" in row and "kind" not in found:
        found["kind"] = "faq"
    return _checked(found, place)


def _checked(fields: dict[str, Any], place: str) -> KnowledgePublished:
    try:
        return msgspec.convert(fields, KnowledgePublished)
    except msgspec.ValidationError as error:
        raise FormatError(f"{place}: {error}") from None


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


# -- pages


def _markdown(file: IO[str], stem: str) -> Iterator[tuple[str, KnowledgePublished]]:
    sections, way = [_Section("", [])], [""] * 6
    paragraph: list[str] = []
    fenced = False

    def ended() -> None:
        if paragraph:
            sections[-1].paragraphs.append(" ".join(paragraph))
            paragraph.clear()

    for line in file:
        fenced ^= bool(_FENCE.match(line.strip()))
        heading = None if fenced else _HEADING.match(line.rstrip())
        if heading is not None:
            ended()
            level = len(heading[1])
            way[level - 1 :] = [_unmarked(heading[2]), *[""] * (6 - level)]
            sections.append(_Section(way[level - 1], []))
        elif not line.strip():
            ended()
        else:
            paragraph.append(_unmarked(line.strip()))
    ended()
    yield from _passages(sections, stem)


def _unmarked(line: str) -> str:
    """Without links' addresses, emphasis and list marks."""
    line = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", line)
    line = re.sub(r"^(?:[-*+]|\d{1,3}[.)]|>+)\s+", "", line)
    return re.sub(r"(\*\*|__|`|~~)", "", line)


class _Page(html.parser.HTMLParser):
    """Sections of an HTML page; what is not shown is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections = [_Section("", [])]
        self._text: list[str] = []
        self._unseen = 0
        self._heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _TITLES:
            self.end_paragraph()
            self._heading = True
        elif tag in _BLOCKS:
            self.end_paragraph()

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _TITLES and self._heading:
            title = " ".join("".join(self._text).split())
            self._text.clear()
            self._heading = False
            if title:
                self.sections.append(_Section(title, []))
        elif tag in _BLOCKS:
            self.end_paragraph()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._text.append(data)

    def end_paragraph(self) -> None:
        text = " ".join("".join(self._text).split())
        if self._heading:
            return
        self._text.clear()
        if text:
            self.sections[-1].paragraphs.append(text)


def _html(file: IO[str], stem: str) -> Iterator[tuple[str, KnowledgePublished]]:
    page = _Page()
    text = file.read()
    page.feed(text)
    page.close()
    page.end_paragraph()
    yield from _passages(page.sections, stem)


def _passages(sections: list[_Section], stem: str) -> Iterator[tuple[str, KnowledgePublished]]:
    """One entry per section, or several where it is long; ids by heading and number."""
    seen: dict[str, int] = {}
    for section in sections:
        for passage in _parted(section.paragraphs):
            name = re.sub(r"[^\w]+", "-", section.title.lower()).strip("-")[:80] or "top"
            seen[name] = number = seen.get(name, 0) + 1
            asks = section.title.endswith(("?", "？"))
            fields = {
                "knowledge_id": f"{stem}#{name}" + (f"-{number}" if number > 1 else ""),
                "text": passage,
                "title": section.title or None,
                "kind": "faq" if asks else "page",
            }
            yield f"section {section.title!r}", _checked(fields, f"section {section.title!r}")


def _parted(paragraphs: list[str]) -> Iterator[str]:
    held = ""
    for paragraph in paragraphs:
        if held and len(held) + len(paragraph) >= PASSAGE_CHARACTERS_MAX:
            yield held
            held = ""
        held = f"{held} {paragraph}" if held else paragraph
    if held:
        yield held


READERS: dict[str, Callable[[IO[str], str], Iterator[tuple[str, KnowledgePublished]]]] = {
    "md": _markdown,
    "markdown": _markdown,
    "html": _html,
    "htm": _html,
    "csv": _csv,
    "jsonl": _json_lines,
    "json": _json_lines,
}
