"""What a product of the catalogue says of an attribute, with units."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.datasets.cells import header_key
from shopkeeper.shared.datasets.yes_no import truth_of

from ..plain import plain
from .concepts import CONCEPTS
from .keys import Key, Part, meaning_of
from .lexicon import NAME_OF_KEY
from .units import UNITS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

VALUE_CHARACTERS_MAX = 200
VALUES_MAX = 20
KEY_CHARACTERS_MAX = 100
_MEASURED = re.compile(r"(-?\d+(?:[.,]\d+)?)\s*([^\W\d_]{0,12}|[°%\"])")
_CURRENCIES = {"CNY": "元", "RMB": "元", "EUR": "欧元", "USD": "美元", "GBP": "英镑", "JPY": "日元"}


class Value(NamedTuple):
    """What is said: texts in either language, or a yes or no."""

    english: tuple[str, ...]
    chinese: tuple[str, ...]
    truth: bool | None = None
    key: str = ""  # as the catalogue names it


def price_of(product: ProductCatalogued) -> Value | None:
    """Amount and currency; None where there is no price that could be meant."""
    price = product.price
    if price is None or not math.isfinite(price) or price < 0:
        return None
    amount = f"{price:.2f}"
    currency = plain(product.currency or "", 8).upper()
    english = f"{amount} {currency}".rstrip()
    chinese = f"{amount}{_CURRENCIES.get(currency, ' ' + currency)}".rstrip()
    return Value((english,), (chinese,), key="price")


def attribute_of(product: ProductCatalogued, name: str) -> Value | None:
    """What the product says of an attribute, by its name in `lexicon` or its own words."""
    if name == "price":
        return price_of(product)
    if name == "availability":
        if product.available is None:
            return None
        return Value((), (), product.available, "available")
    if name == "brand" and product.brand:
        brand = plain(product.brand, VALUE_CHARACTERS_MAX)
        return Value((brand,), (brand,), key="brand")
    return next((value for found, value in own_attributes(product) if found == name), None)


def own_attributes(product: ProductCatalogued) -> Iterator[tuple[str, Value]]:
    """(name, value) of everything in `attributes` that can be said; units by the keys' endings:
    `weight_g`, `battery_life_hours`."""
    for fact in own_facts(product):
        name = " ".join(fact.meaning.english.split())
        stem = "_".join(name.split())
        yield NAME_OF_KEY.get(stem, name), fact.value


class Fact(NamedTuple):
    """One thing that the catalogue says of a product. number: where it is one, in `unit`."""

    meaning: Key
    value: Value
    unit: str | None = None
    number: float | None = None


def facts_of(product: ProductCatalogued) -> list[Fact]:
    """All that the catalogue says of a product."""
    facts = list(own_facts(product))
    price = price_of(product)
    if price is not None:
        unit = "euros" if (product.currency or "").strip().upper() == "EUR" else None
        facts.append(Fact(_named("price"), price, unit, product.price))
    for name in ("availability", "brand"):
        value = attribute_of(product, name)
        if value is not None and all(fact.value.key.lower() != name for fact in facts):
            facts.append(Fact(_named(name), value))
    return facts


def own_facts(product: ProductCatalogued) -> Iterator[Fact]:
    """What `attributes` says."""
    for key, said in (product.attributes or {}).items():
        meaning = meaning_of(key[:KEY_CHARACTERS_MAX])
        unit = meaning.unit
        after = ("", "")
        if unit is not None:
            after = (UNITS[unit].english + meaning.per[0], UNITS[unit].chinese + meaning.per[1])
            if unit == "years" and meaning.parts[0].concept == "age_min":
                after = (UNITS[unit].english, "岁")
        value = _value(said, after, key)
        if value is None:
            continue
        number = None
        if isinstance(said, int | float) and not isinstance(said, bool):
            number = float(said)
        elif isinstance(said, str):
            measured = _MEASURED.fullmatch(said.strip().lower())
            if measured and (not measured[2] or unit is None):
                said_unit = WORDS.get(measured[2].removesuffix("s")) or WORDS.get(measured[2])
                if said_unit or not measured[2]:
                    number, unit = float(measured[1].replace(",", ".")), unit or said_unit
        if value.truth is not None:
            unit = None
        yield Fact(meaning, value, unit, number)


def _named(name: str) -> Key:
    known = CONCEPTS[name]
    return Key(
        (Part(name, name),),
        unit=None,
        per=("", ""),
        free=False,
        english=known.english,
        chinese=known.chinese,
        qualifier="",
    )


def _value(said: Any, unit: tuple[str, str], key: str) -> Value | None:
    if isinstance(said, bool):
        return Value((), (), said, key)
    if isinstance(said, list):
        parts = [part for each in said[:VALUES_MAX] if (part := _text(each)) is not None]
    else:
        text = _text(said)
        if text is not None and (truth := truth_of(header_key(text))) is not None:
            return Value((), (), truth, key)
        parts = _split(text) if text else []
    if not parts:
        return None
    return Value(
        tuple(f"{part} {unit[0]}".rstrip() for part in parts),
        tuple(f"{part}{unit[1]}" for part in parts),
        key=key,
    )


def _text(said: Any) -> str | None:
    if isinstance(said, str):
        return plain(said, VALUE_CHARACTERS_MAX) or None
    if isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said):
        return f"{said:g}" if abs(said) < 1e6 else f"{said:.0f}"
    return None


def _split(text: str) -> list[str]:
    """Values that one text lists: "red, blue / black"."""
    for mark in ("、", ";", " / ", ", "):
        if mark in text:
            return [part.strip() for part in text.split(mark) if part.strip()][:VALUES_MAX]
    return [text]
