"""`shopkeeper experiment`: the A/B test as the topics tell it, all partitions together; or what
other policies would have got, from lists that explored."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
import orjson
from aiokafka.errors import KafkaError

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ab_testing.variants import VariantCounts
from shopkeeper.services.recommender.evaluation.off_policy import Unsupported
from shopkeeper.services.recommender.publishers.experiment_metrics import (
    VariantCountsProcessor,
    experiment_of,
    report,
)
from shopkeeper.services.recommender.spec import RecommenderSettings
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.events.recommendation import RecommendationsUpdated
from shopkeeper.shared.runtime.kafka.admin import wait_for_broker
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.kafka.routing import hop_of
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError, WorkerSettings
from shopkeeper.shared.runtime.settings import read as read_setting
from shopkeeper.shared.runtime.state.partition import PartitionState

from . import logged_lists, off_policy

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from shopkeeper.services.recommender.core.ab_testing.variants import Experiment

Result = TypeVar("Result")
SERVICE = "recommender"
BATCH_RECORDS = 2000
SETTLE_S = 60.0
BROKER_S_MAX = 30.0


async def clicks_counted(settings: WorkerSettings, experiment: Experiment) -> list[VariantCounts]:
    """The counts of every partition, through the same decoder and the same guard against repeats as
    the workers', from the oldest record that the topic holds."""
    decoder = EventDecoder(
        topics.CLICKS, topics.BY_NAME[topics.CLICKS].types, SERVICE, settings.type_prefix
    )
    own = RecommenderSettings.from_env(settings.environ)
    config = replace(RecommenderConfig(), list_interval_ms=own.list_interval_ms)
    all_counts: dict[int, VariantCounts] = {}
    states: dict[int, PartitionState] = {}
    waiting: dict[int, list[Any]] = defaultdict(list)

    def fold(partition: int) -> None:
        if partition not in states:
            variant_counts = all_counts[partition] = VariantCounts(experiment, config, partition)
            states[partition] = PartitionState(
                topics.CLICKS,
                partition,
                service=SERVICE,
                processor=VariantCountsProcessor(variant_counts),
                decoder=decoder,
                recent_ids_max=settings.recent_ids_max,
            )
        records, waiting[partition] = waiting[partition], []
        states[partition].process(records, lambda: int(time.time() * 1000))

    async with Reader(settings.kafka, [topics.CLICKS], from_start=True) as reader:
        async for record in reader.until_now():
            if hop_of(record) is not None:
                continue  # a worker published it again: the original is there
            waiting[record.partition].append(record)
            if len(waiting[record.partition]) >= BATCH_RECORDS:
                fold(record.partition)
    for partition in [partition for partition, records in waiting.items() if records]:
        fold(partition)
    return [all_counts[partition] for partition in sorted(all_counts)]


async def lists_held(settings: WorkerSettings, experiment: Experiment) -> dict[str, Any]:
    """Lists on the topic by the variant that they carry, and how many carry another one than their
    user is drawn into: there are none unless workers were told different experiments."""
    counts: Counter[str] = Counter()
    wrong = 0
    names = [variant.name for variant in experiment.variants]
    async with Reader(settings.kafka, [topics.RECOMMENDATIONS], from_start=True) as reader:
        async for record in reader.until_now():
            try:
                found = msgspec.json.decode(record.value or b"", type=RecommendationsUpdated)
            except (msgspec.DecodeError, UnicodeDecodeError):  # removed, or not ours
                continue
            if found.experiment == experiment.name and found.variant is not None:
                user = found.user_id or found.anonymous_id or ""
                counts[found.variant] += 1
                wrong += found.variant != names[experiment.variant_of(user)]
    return {"lists_held": dict(sorted(counts.items())), "lists_of_another_variant": wrong}


async def run(settings: WorkerSettings, experiment: Experiment) -> dict[str, Any]:
    """Read both topics up to now; the report."""
    await wait_for_broker(settings.kafka, lambda line: click.echo(line, err=True))
    all_counts = await clicks_counted(settings, experiment)
    return report(experiment, all_counts) | await lists_held(settings, experiment)


def _since(_: click.Context, __: click.Parameter, text: str | None) -> int:
    """Unix milliseconds of a time as ISO 8601 writes it; 0 without one."""
    if text is None:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}; for instance 2026-12-01T00:00:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


@click.command("experiment")
@click.option(
    "--off-policy",
    "policies",
    multiple=True,
    metavar="POLICY",
    help="Estimate the click-through of as-logged, never-explore, always-explore, explore=SHARE, "
    "popular, or of the lists in a file NAME.jsonl, from lists that explored. May be repeated.",
)
@click.option(
    "--clicked",
    "reward",
    type=click.Choice([off_policy.ANY, off_policy.LAST]),
    default=off_policy.ANY,
    show_default=True,
    help="With --off-policy: a click on any item of the list counts, or on its last alone.",
)
@click.option(
    "--settle",
    "settle_s",
    type=click.FloatRange(min=0),
    default=SETTLE_S,
    show_default=True,
    help="With --off-policy: seconds a list must be old; its user may still click.",
)
@click.option(
    "--since",
    "since_ms",
    callback=_since,
    metavar="TIME",
    help="With --off-policy: only lists published from then on.",
)
def command(policies: tuple[str, ...], reward: str, settle_s: float, since_ms: int) -> None:
    """Print the A/B test that EXPERIMENT names as one JSON object: counts, rates, differences.

    Recomputed from the clicks that the topic still holds; the intervals hold however often one
    looks. LIST_INTERVAL and RECENT_IDS_MAX must be the workers'.

    With --off-policy no test is needed: lists that explore (RULES) say what other ways of making
    them would have got, by IPS, SNIPS and DR with 95 % intervals. Exit status 1 where the log does
    not support one of the policies.

    \b
    Examples:
      EXPERIMENT="$(cat experiment.json)" shopkeeper experiment
      shopkeeper experiment --off-policy never-explore --off-policy explore=0.3
    """
    if policies:
        _off_policy(policies, reward, int(settle_s * 1000), since_ms)
        return
    try:
        settings = WorkerSettings.from_env(os.environ)
        experiment = experiment_of(RecommenderSettings.from_env(os.environ).experiment)
        if experiment is None:
            raise SettingsError(
                "EXPERIMENT is not set: give it the JSON that the recommender's workers have "
                "(docs/recommender/experiments.md)"
            )
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    click.echo(orjson.dumps(_run(run(settings, experiment))).decode())


def _off_policy(policies: Sequence[str], reward: str, settle_ms: int, since_ms: int) -> None:
    try:
        for name in policies:
            off_policy.parsed(name)
        kafka = KafkaSettings.from_env(os.environ)
        type_prefix = read_setting(os.environ, "TYPE_PREFIX")
    except (SettingsError, off_policy.BadPolicy) as error:
        raise click.UsageError(str(error)) from None

    async def body() -> logged_lists.Log:
        await wait_for_broker(kafka, lambda line: click.echo(line, err=True), BROKER_S_MAX)
        return await logged_lists.read(kafka, type_prefix, settle_ms, since_ms)

    try:
        found = off_policy.document(_run(body()), policies, reward)
    except (Unsupported, off_policy.BadPolicy) as error:
        raise click.ClickException(str(error)) from None
    click.echo(orjson.dumps(found).decode())
    refused = {n: p["refused"] for n, p in found["policies"].items() if "refused" in p}
    for name, why in refused.items():
        click.echo(f"{name}: {why}", err=True)
    if refused:
        raise SystemExit(1)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except KafkaError as error:
        raise click.ClickException(str(error) or repr(error)) from None
