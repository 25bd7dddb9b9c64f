"""`shopkeeper get user|product|category|trending|parameters`: what stands on the views now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec
import orjson

from shopkeeper.shared.contracts import outputs, reasons, topics
from shopkeeper.shared.contracts.events.recommendation import (
    PARAMETERS_UPDATED,
    RECOMMENDATIONS_UPDATED,
    SIMILAR_ITEMS_UPDATED,
    TRENDING_UPDATED,
)
from shopkeeper.shared.contracts.events.sentiment import (
    CATEGORY_SENTIMENT_UPDATED,
    PRODUCT_SENTIMENT_UPDATED,
)
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.newest import Found, newest
from shopkeeper.shared.runtime.kafka.sink import partition_of

from . import absent, connection
from .absent import SpokenError
from .spoken import BY_CHANCE, NO_SIMILAR, WEIGHED, often, reviews_line, spoken
from .summaries import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from shopkeeper.apps.report.charts import Language
    from shopkeeper.shared.runtime.settings import KafkaSettings

SEARCH_S_MAX = 60.0
BROKER_WAIT_S = 10.0
EVERYWHERE = "all"
SUMMARY_CHARACTERS = 1000


@dataclass
class View:
    """The newest value of a key on one topic: `record` None where it has none; `data` decoded."""

    topic: str
    record: Any = None
    data: Any = None
    complete: bool = True  # the whole of it was looked at, if nothing was found

    @property
    def removed(self) -> bool:
        """It had one, and it was taken back: an erased user, a product without reviews."""
        return self.record is not None and self.record.value is None

    def as_json(self) -> Any:
        """The value as it stands on the topic, with where and when; None where it has none."""
        if self.data is None:
            return None
        place = {"topic": self.topic, "partition": self.record.partition}
        place |= {"offset": self.record.offset, "timestamp_ms": self.record.timestamp}
        return {**place, "value": orjson.loads(self.record.value)}


async def view(
    kafka: KafkaSettings, topic: str, key: str, event_type: str, language: str = "en"
) -> View:
    """Look for a key where it belongs, then in the other partitions. Raises KafkaError."""
    packed = key.encode()
    numbers = (await admin.partitions_of(kafka, [kafka.topic(topic)])).get(kafka.topic(topic), [])
    home = [n for n in numbers if n == partition_of(packed, len(numbers))]
    found = await newest(kafka, topic, [packed], home, seconds_max=SEARCH_S_MAX)
    if not found.records and found.complete and len(numbers) > 1:
        # Somebody may have added partitions by hand; a key that is nowhere costs the whole topic.
        others = [n for n in numbers if n not in home]
        found = await newest(kafka, topic, [packed], others, seconds_max=SEARCH_S_MAX)
    record = found.records.get(packed)
    return View(topic, record, _decoded(record, event_type, language), found.complete)


def _decoded(record: Any, event_type: str, language: str) -> Any:
    if record is None or record.value is None:
        return None
    try:
        return outputs.decode(event_type, record.value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SpokenError(
            language,
            absent.NOT_BY_SCHEMA,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error=error,
        ) from None


async def titles(kafka: KafkaSettings, ids: Collection[str], language: str) -> dict[str, str]:
    """product id -> title, of those of `ids` that the catalogue has."""
    if not ids:
        return {}
    keys = [product_id.encode() for product_id in ids]
    found: Found = await newest(kafka, topics.CATALOGUE, keys, seconds_max=SEARCH_S_MAX)
    named = {}
    for key, record in found.records.items():
        try:
            product = msgspec.json.decode(record.value or b"", type=ProductCatalogued)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        chinese = product.title_zh if language == "zh" else None
        named[key.decode()] = printable(chinese or product.title)
    return named


def _missing(what: str, where: View, why: str, language: str) -> SpokenError:
    told = {"what": what, "topic": where.topic}
    if not where.complete:
        return SpokenError(language, absent.NOT_ALL_READ, **told, seconds=SEARCH_S_MAX)
    if where.removed:
        return SpokenError(language, absent.REMOVED, **told)
    return SpokenError(language, absent.NOT_THERE, **told, why=why)


def _when(record: Any) -> str:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _options(function: Callable[..., None]) -> Any:
    for option in (
        connection.wait_option(BROKER_WAIT_S),
        click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True),
        click.option("--json", "raw", is_flag=True, help="One JSON object: values as they stand."),
    ):
        function = option(function)
    return function


def _show(raw: bool, data: dict[str, Any], lines: Iterator[str]) -> None:
    if raw:
        click.echo(orjson.dumps(data))
        return
    for line in lines:
        click.echo(line)


@click.group("get")
def command() -> None:
    """What stands on the views now: a user's list, a product's neighbours, what reviews say of a
    category, what is trending, what decides the order of lists.

    Exit status 1 where there is nothing for the key.

    \b
    Examples:
      shopkeeper get user u-1 --lang zh
      shopkeeper get product p-1
      shopkeeper get category "Home > Kitchen"
      shopkeeper get trending
      shopkeeper get parameters
    """


@command.command("user")
@click.argument("user_id")
@_options
def user(user_id: str, raw: bool, lang: str, wait_s: float) -> None:
    """The recommendations for USER_ID (a user_id or an anonymous_id), with titles and reasons.

    Example: shopkeeper get user u-1 --lang zh
    """

    async def work(kafka: KafkaSettings) -> tuple[View, dict[str, str]]:
        found = await view(kafka, topics.RECOMMENDATIONS, user_id, RECOMMENDATIONS_UPDATED, lang)
        items = [] if raw or found.data is None else found.data.items
        ids = {item.product_id for item in items}
        ids |= {v for i in items if (v := i.reason.parameters.get("product_id"))}
        return found, await titles(kafka, ids, lang)

    found, named = connection.run("get", work, wait_s, lang)
    if found.data is None:
        raise _missing(
            spoken(lang, absent.USER, key=printable(user_id)),
            found,
            spoken(lang, absent.NO_LIST),
            lang,
        )

    def lines() -> Iterator[str]:
        yield spoken(
            lang,
            "{user}: {count} items, made {when} by {model}, fallback {fallback}",
            user=printable(user_id),
            count=len(found.data.items),
            when=_when(found.record),
            model=printable(found.data.model.name),
            fallback=spoken(lang, found.data.fallback),
        )
        for place, item in enumerate(found.data.items, 1):
            reason = printable(reasons.render(item.reason, lang, named), 200)
            name = _named(item.product_id, named)
            yield f"{place:3}. {item.score:.4f}  {name}: {reason}"

    _show(raw, {"user": user_id, "recommendations": found.as_json()}, lines())


def _named(product_id: str, named: dict[str, str]) -> str:
    title = named.get(product_id)
    return printable(product_id) if title is None else f"{title} ({printable(product_id)})"


@command.command("product")
@click.argument("product_id")
@_options
def product(product_id: str, raw: bool, lang: str, wait_s: float) -> None:
    """The items similar to PRODUCT_ID, and what its reviews say.

    Example: shopkeeper get product p-1
    """

    async def work(kafka: KafkaSettings) -> tuple[View, View, dict[str, str]]:
        similar = await view(kafka, topics.SIMILAR_ITEMS, product_id, SIMILAR_ITEMS_UPDATED, lang)
        mood = await view(
            kafka, topics.PRODUCT_SENTIMENT, product_id, PRODUCT_SENTIMENT_UPDATED, lang
        )
        ids = {product_id} | {i.product_id for i in (similar.data.items if similar.data else ())}
        return similar, mood, await titles(kafka, ids, lang)

    similar, mood, named = connection.run("get", work, wait_s, lang)
    if similar.data is None and mood.data is None and product_id not in named:
        raise _missing(
            spoken(lang, absent.PRODUCT, key=printable(product_id)),
            similar,
            spoken(
                lang,
                absent.NOT_NAMED,
                reviews=topics.PRODUCT_SENTIMENT,
                catalogue=topics.CATALOGUE,
            ),
            lang,
        )

    def lines() -> Iterator[str]:
        yield _named(product_id, named)
        if mood.data is None:
            yield spoken(lang, "reviews: none")
        else:
            yield reviews_line(lang, mood.data)
        if similar.data is None:
            yield spoken(lang, NO_SIMILAR)
            return
        yield spoken(lang, "similar items, as of {when}:", when=_when(similar.record))
        for place, item in enumerate(similar.data.items, 1):
            name = _named(item.product_id, named)
            basis = spoken(lang, item.basis + " with it {often}", often=often(lang, item.count))
            yield f"{place:3}. {item.score:.4f}  {name}: {basis}"

    data = {"product": product_id, "title": named.get(product_id)}
    data |= {"similar_items": similar.as_json(), "sentiment": mood.as_json()}
    _show(raw, data, lines())


@command.command("category")
@click.argument("name")
@_options
def category(name: str, raw: bool, lang: str, wait_s: float) -> None:
    """What all reviews of the category NAME say, and of the categories within it.

    NAME as the catalogue writes it; of a path, all of it down to the category.

    \b
    Examples:
      shopkeeper get category Home
      shopkeeper get category "Home > Kitchen" --json
    """

    async def work(kafka: KafkaSettings) -> View:
        topic, event_type = topics.CATEGORY_SENTIMENT, CATEGORY_SENTIMENT_UPDATED
        return await view(kafka, topic, name.strip(), event_type, lang)

    found = connection.run("get", work, wait_s, lang)
    if found.data is None:
        raise _missing(
            spoken(lang, absent.CATEGORY, key=printable(name)),
            found,
            spoken(lang, absent.NO_REVIEWS, topic=topics.CATEGORY_SENTIMENT),
            lang,
        )

    def lines() -> Iterator[str]:
        said = found.data
        yield spoken(
            lang,
            "{category}: {count} products, as of {when}",
            category=printable(said.category),
            count=said.products,
            when=_when(found.record),
        )
        yield reviews_line(lang, said)
        if said.trend_p_value is not None:
            yield spoken(lang, BY_CHANCE, p=said.trend_p_value)
        rows = {row.aspect: row for row in said.aspects}
        for side, names in (("praised", said.praised), ("criticised", said.criticised)):
            for aspect in names:
                row = rows[aspect]
                count = row.positive if side == "praised" else row.negative
                quotes = row.praise if side == "praised" else row.criticism
                quote = f': "{printable(quotes[0])}"' if quotes else ""
                told = side + ": {aspect}, {often}"
                named = spoken(lang, aspect)
                yield spoken(lang, told, aspect=named, often=often(lang, count)) + quote
        if said.summary is not None:
            yield printable(said.summary, SUMMARY_CHARACTERS)

    _show(raw, {"category": name.strip(), "sentiment": found.as_json()}, lines())


@command.command("trending")
@click.argument("scope", default=EVERYWHERE)
@_options
def trending(scope: str, raw: bool, lang: str, wait_s: float) -> None:
    """What is clicked most lately: everywhere, or in SCOPE (category/NAME, or only NAME).

    \b
    Examples:
      shopkeeper get trending
      shopkeeper get trending category/Pets
    """

    async def work(kafka: KafkaSettings) -> tuple[View, dict[str, str]]:
        found = await view(kafka, topics.TRENDING, scope, TRENDING_UPDATED, lang)
        if found.record is None and scope != EVERYWHERE and not scope.startswith("category/"):
            found = await view(kafka, topics.TRENDING, f"category/{scope}", TRENDING_UPDATED, lang)
        ids = {item.product_id for item in found.data.items} if found.data else set()
        return found, await titles(kafka, ids, lang)

    found, named = connection.run("get", work, wait_s, lang)
    if found.data is None:
        raise _missing(
            spoken(lang, absent.SCOPE, key=printable(scope)),
            found,
            spoken(lang, absent.SCOPES, everywhere=EVERYWHERE),
            lang,
        )

    def lines() -> Iterator[str]:
        is_everywhere = found.data.scope == EVERYWHERE
        moment = datetime.fromtimestamp(found.data.as_of_ms / 1000, UTC)
        yield spoken(
            lang,
            "trending in {scope}, as of {when}:",
            scope=spoken(lang, EVERYWHERE) if is_everywhere else printable(found.data.scope),
            when=f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        )
        for place, item in enumerate(found.data.items, 1):
            yield f"{place:3}. {item.score:9.2f}  {_named(item.product_id, named)}"

    _show(raw, {"scope": scope, "trending": found.as_json()}, lines())


@command.command("parameters")
@_options
def parameters(raw: bool, lang: Language, wait_s: float) -> None:
    """What decides the order of lists: the main parameters and what each weighs now.

    The larger a weight, the more the parameter moves a product's score; a negative one lowers it.

    Example: shopkeeper get parameters --lang zh
    """
    from shopkeeper.apps.report.parameters import SHOWN_MAX, explained, weights

    async def work(kafka: KafkaSettings) -> list[View]:
        counts = await admin.partitions_of(kafka, [kafka.topic(topics.CLICKS)])
        keys = [f"clicks/{number}" for number in counts.get(kafka.topic(topics.CLICKS), [])]
        return [await view(kafka, topics.PARAMETERS, key, PARAMETERS_UPDATED, lang) for key in keys]

    found = [each for each in connection.run("get", work, wait_s, lang) if each.data is not None]
    if not found:
        raise SpokenError(lang, absent.NO_WEIGHTS, topic=topics.PARAMETERS)

    def lines() -> Iterator[str]:
        for each in found:
            said = each.data
            yield spoken(
                lang,
                WEIGHED,
                partition=said.partition,
                when=_when(each.record),
                model=printable(said.model.name),
                examples=said.examples,
                rank=said.reciprocal_rank,
                base=said.reciprocal_rank_base,
            )
        for weight in weights([each.data for each in found])[:SHOWN_MAX]:
            name = printable(weight.name)
            yield f"{100 * weight.mean:+7.1f} %  {name}: {explained(weight.name, lang)}"

    _show(raw, {"parameters": [each.as_json() for each in found]}, lines())
