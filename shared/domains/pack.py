"""A domain pack: what makes a shop's services those of another domain, read from a folder.

`domain.toml` is what workers read; catalogue.jsonl, faq.jsonl, shoppers.toml and intents.jsonl,
beside it, are for the demo and for training. docs/domains.md says what may stand where.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from shopkeeper.shared.contracts import reasons
from shopkeeper.shared.contracts.reasons import TEXTS
from shopkeeper.shared.contracts.vocabularies import base, recognition
from shopkeeper.shared.contracts.vocabularies.common import FIELDS
from shopkeeper.shared.runtime.setting import SettingsError
from shopkeeper.shared.text.rules import line_of

from .exclusions import Exclusions, exclusions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FILE = "domain.toml"
CATALOGUE, FAQ, SHOPPERS, INTENTS = "catalogue.jsonl", "faq.jsonl", "shoppers.toml", "intents.jsonl"
BYTES_MAX = 1_048_576
LANGUAGES = ("en", "zh")
# What a name of a pack may stand for.
EVENTS = (
    base.CLICKED,
    base.ADDED,
    base.REMOVED,
    base.ORDERED,
    base.REFUNDED,
    base.SEARCHED,
    base.REVIEWED,
    "question.asked.v1",
)
_PLACE = re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)$")

S = TypeVar("S", bound=msgspec.Struct)
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Phrase = Annotated[str, msgspec.Meta(min_length=2, max_length=100)]


class PackError(SettingsError):
    """A pack cannot be used; the message names the file, the line and the key, and the way out."""


class _Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt key is an error: exclusions that exclude nothing are worse than none."""


class Both(_Checked, frozen=True):
    """A text in both languages."""

    en: Words
    zh: Words

    def of(self, language: str) -> str:
        """In `language`, zh or else English."""
        return self.zh if language == "zh" else self.en


class Attribute(_Checked, frozen=True):
    """What an attribute of the catalogue is called, and its unit."""

    en: Words
    zh: Words
    unit_en: str = ""
    unit_zh: str = ""


class Excluded(_Checked, frozen=True):
    """Table [exclusions]: what is sensitive."""

    categories: tuple[Words, ...] = ()
    words: tuple[Words, ...] = ()
    products: tuple[Words, ...] = ()


class Intents(_Checked, frozen=True):
    """Table [intents]. names: the domain's name by the shop's label. like: the shop's label by the
    domain's own; there, labels are those of intents.jsonl. routes: by the domain's name. model: a
    folder in the pack with a model that learned the domain's own labels."""

    names: dict[str, Words] = {}
    like: dict[str, Words] = {}
    routes: dict[str, str] = {}
    model: str = ""


class Guard(Both, frozen=True):
    """A table [[guards]]: questions that are answered with this sentence and a person alone.

    phrases: of any language; `*` stands for some words of the same sentence. intents: labels of
    intents.jsonl whose texts are such questions. unanswered: as well as every question that
    nothing here answers; "near": every such question that is somewhat like those texts.
    false_alarms: share of all other examples that may be taken for its questions, each judged by
    the rest: what is caught grows with it.
    """

    name: Words = ""
    phrases: tuple[Phrase, ...] = ()
    intents: tuple[Words, ...] = ()
    unanswered: bool | Literal["near"] = False
    false_alarms: Annotated[float, msgspec.Meta(ge=0.0, le=0.5)] = 0.03


class Pack(_Checked, frozen=True):
    """What `domain.toml` says."""

    name: Both
    item: Both  # what a product is called
    events: dict[Words, str] = {}  # our type by the domain's name; "": nothing is learned from it
    fields: dict[str, tuple[Words, ...]] = {}  # the domain's names by our field
    reasons: dict[str, Both] = {}  # by code
    exclusions: Excluded = Excluded()
    intents: Intents = Intents()
    guards: tuple[Guard, ...] = ()
    categories: dict[str, Words] = {}  # in Chinese, by the name in the catalogue
    attributes: dict[str, Attribute] = {}
    asked: dict[str, tuple[Words, ...]] = {}  # what customers call an attribute besides its name
    words: dict[str, Both] = {}  # what the pages say, by what they would say in English

    @property
    def excluded(self) -> Exclusions:
        """Its exclusion rules, ready to be asked."""
        return exclusions_of(*msgspec.structs.astuple(self.exclusions))

    @property
    def reason_texts(self) -> Mapping[str, Mapping[str, str]]:
        """Sentences of reasons by code and language, the domain's where it has some."""
        own = {code: {"en": said.en, "zh": said.zh} for code, said in self.reasons.items()}
        return TEXTS | own


SHOP = Pack(Both("Shop", "商店"), Both("product", "商品"))


def names() -> list[str]:
    """The packs that ship with the package."""
    folder = resources.files(__package__) / "packs"
    return sorted(each.name for each in folder.iterdir() if (each / FILE).is_file())


def folder_of(domain: str) -> Path:
    """The folder of a pack, by its name or its path. Raises PackError."""
    if re.fullmatch(r"[a-z][a-z0-9-]*", domain):
        shipped = Path(str(resources.files(__package__) / "packs")) / domain
        if (shipped / FILE).is_file():
            return shipped
    path = Path(domain)
    if not path.is_dir():
        raise PackError(
            f"DOMAIN={domain}: no pack of that name ({', '.join(names())}) and no such folder; "
            f"give the folder that holds {FILE}"
        )
    return path


def load(domain: str) -> Pack:
    """The pack of a name or a folder; `SHOP` where none is named. Raises PackError."""
    if not domain:
        return SHOP
    path = folder_of(domain) / FILE
    text, content = read_toml(path)
    pack = convert(path, text, content, Pack)
    for keys, message in _wrong(pack, path.parent):
        raise PackError(f"{path}, line {line_of(text, keys)}: {'.'.join(keys)}: {message}")
    return pack


def adopt(pack: Pack) -> None:
    """Have this process read the domain's names of events and fields, and say its reasons."""
    recognition.speak(pack.events, pack.fields)
    reasons.speak(pack.reason_texts)


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """A file's text and content. Raises PackError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PackError(f"{path}: cannot be read ({error.strerror})") from None
    if len(raw) > BYTES_MAX:
        raise PackError(f"{path}: over {BYTES_MAX} bytes; a pack's texts are few")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        raise PackError(f"{path}, line {number}: not UTF-8; save the file as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = _PLACE.search(str(error))
        line = place[1] if place and place[1] else len(text.splitlines()) or 1
        raise PackError(f"{path}, line {line}: {_PLACE.sub('', str(error))}") from None


def convert(path: Path, text: str, content: Any, kind: type[S]) -> S:
    """Content as a struct. Raises PackError, naming the key and what may stand there."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `")
        keys = re.findall(r"\.(\w+)", where)
        table = "".join(f".{key}" for key in keys) or " the top"
        unknown = re.search(r"unknown field `([^`]+)`", message)
        if unknown:
            keys.append(unknown[1])
            message += f"; known are {', '.join(_fields_at(kind, keys[:-1]))}"
        line = line_of(text, keys)
        raise PackError(f"{path}, line {line}: {message} (in {table.lstrip('.')})") from None


def _fields_at(kind: type[msgspec.Struct], keys: Sequence[str]) -> Iterable[str]:
    """The keys that a table may have."""
    for key in keys:
        found = next((f.type for f in msgspec.structs.fields(kind) if f.name == key), None)
        inner = [found, *getattr(found, "__args__", ())]
        kind = next((t for t in inner if isinstance(t, type) and issubclass(t, _Checked)), kind)
    return kind.__struct_fields__


def _wrong(pack: Pack, folder: Path) -> Iterable[tuple[list[str], str]]:
    """What types do not say: (keys, what is wrong and the way out)."""
    for name, kind in pack.events.items():
        if kind and kind not in EVENTS:
            yield ["events", name], f"{kind!r} is no event type; write one of {', '.join(EVENTS)}"
    for field in pack.fields:
        if field not in FIELDS:
            yield ["fields", field], f"no such field; fields are {', '.join(FIELDS)}"
    for code, said in pack.reasons.items():
        if code not in TEXTS:
            yield ["reasons", code], f"no such reason; reasons are {', '.join(TEXTS)}"
            continue
        allowed = set(re.findall(r"{(\w+)}", TEXTS[code]["en"]))
        for language in LANGUAGES:
            text = said.of(language)
            if used := set(re.findall(r"{([^}]*)}", text)) - allowed:
                listed = ", ".join(f"{{{each}}}" for each in sorted(allowed)) or "none"
                yield (
                    ["reasons", code, language],
                    f"{{{used.pop()}}} means nothing here; placeholders of {code}: {listed}",
                )
            elif not {"{", "}"}.isdisjoint(re.sub(r"{\w+}", "", text)):
                yield ["reasons", code, language], "a brace without its other half"
    for key in pack.asked:
        if key not in pack.attributes:
            yield ["asked", key], "no such attribute; name it in [attributes] first"
    for guard in pack.guards:
        if not (guard.phrases or guard.intents or guard.unanswered):
            yield ["guards"], f"{guard.name!r} has neither phrases nor intents: it guards nothing"
        if guard.intents and not (folder / INTENTS).is_file():
            yield ["guards"], f"{guard.name!r} names intents; their texts go into {INTENTS}"
    if pack.intents.model and not (folder / pack.intents.model / "manifest.json").is_file():
        yield (
            ["intents", "model"],
            f"{folder / pack.intents.model} holds no manifest.json; train the model first, or "
            "leave the key out to use the shop's labels",
        )
    if pack.intents.model and pack.intents.names:
        yield ["intents", "names"], "a model with labels of its own needs no other names for them"
    if pack.intents.like and (pack.intents.names or pack.intents.model):
        yield (
            ["intents", "like"],
            "labels are one's own, or the shop's under other names, or a model's",
        )
    if pack.intents.like and not (folder / INTENTS).is_file():
        yield ["intents", "like"], f"labels of one's own need examples; they go into {INTENTS}"
