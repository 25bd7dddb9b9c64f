"""The file of rules for text services: TOML, with a table per service, and errors with lines.

Each service says with a struct what its table may hold; here the file is read and what is wrong
with it is put in one line that names the file and the line.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

BYTES_MAX = 1_048_576
TABLES = ("intent", "sentiment")
R = TypeVar("R", bound=msgspec.Struct)

_TOML_PLACE = re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)$")
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")


class RulesError(ValueError):
    """A file of rules cannot be used; the message names the file, the line and what is wrong."""


class Wrong(ValueError):
    """A value that a service cannot use. keys: the way to it from the service's table; value: the
    text that stands there, where it is one of several."""

    def __init__(self, message: str, *keys: str, value: str = "") -> None:
        super().__init__(message)
        self.keys, self.value = keys, value


def read_rules(path: Path, table: str, kind: type[R], check: Callable[[R], None]) -> R:
    """The rules of one service; its defaults where the file has no such table.

    table: one of `TABLES`. kind: a struct whose fields all have defaults. check: raises `Wrong`.
    Raises RulesError.
    """
    text = _text_of(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _TOML_PLACE.search(message)
        line = place[1] if place and place[1] else len(text.splitlines()) or 1
        raise RulesError(f"{path}, line {line}: {_TOML_PLACE.sub('', message)}") from None
    for name in content:
        if name not in TABLES:
            tables = " and ".join(f"[{each}]" for each in TABLES)
            raise RulesError(
                f"{path}, line {line_of(text, [name])}: {name!r} is no rule; rules stand in the "
                f"tables {tables}"
            )
    try:
        rules = msgspec.convert(content.get(table, {}), kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `")
        keys = _keys(where.rstrip("`"))
        unknown = re.search(r"unknown field `(\w+)`", message)
        if unknown:
            keys.append(unknown[1])
            message += f"; [{table}] may hold {', '.join(kind.__struct_fields__)}"
        raise RulesError(f"{path}, line {line_of(text, [table, *keys])}: {message}") from None
    try:
        check(rules)
    except Wrong as wrong:
        line = line_of(text, [table, *wrong.keys], wrong.value)
        raise RulesError(f"{path}, line {line}: {wrong}") from None
    return rules


def digest(rules: msgspec.Struct) -> str:
    """Eight hexadecimal digits of what the rules say; "" where they say nothing."""
    content = msgspec.json.encode(rules, order="deterministic")
    if content == msgspec.json.encode(type(rules)(), order="deterministic"):
        return ""
    return hashlib.sha256(content).hexdigest()[:8]


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise RulesError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > BYTES_MAX:
        raise RulesError(f"{path}: rules have at most {BYTES_MAX} bytes")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RulesError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from None


def _keys(path: str) -> list[str]:
    """The keys of msgspec's paths, such as $.routes[...]: what is of no name is left out."""
    return [key for key in re.findall(r"\.(\w+)", path) if key]


def line_of(text: str, keys: Sequence[str], value: str = "") -> int:
    """The line, from 1, on which a value is written, or the nearest that is known.

    keys: from the top. value: a text to be found from there on, such as one of a list.
    """
    lines = text.split("\n")
    table: list[str] = []
    best, known = 1, 0
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            found = table
        elif key := _KEY.match(line):
            found = table + _parts(key[1])
        else:
            continue
        if len(found) > known and found == list(keys[: len(found)]):
            best, known = number, len(found)
    if value and known:
        for number in range(best, len(lines) + 1):
            if value in lines[number - 1]:
                return number
    return best


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, dotted)]
