"""`shopkeeper experiment`: the A/B test as the topics tell it, all partitions together."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
import msgspec
import orjson
from aiokafka.errors import KafkaError

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ab_testing.variants import VariantCounts
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
from shopkeeper.shared.runtime.settings import SettingsError, WorkerSettings
from shopkeeper.shared.runtime.state.partition import PartitionState

if TYPE_CHECKING:
    from shopkeeper.services.recommender.core.ab_testing.variants import Experiment

SERVICE = "recommender"
BATCH_RECORDS = 2000


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


@click.command("experiment")
def command() -> None:
    """Print the A/B test that EXPERIMENT names as one JSON object: counts, rates, differences.

    Recomputed from the clicks that the topic still holds; the intervals hold however often one
    looks. LIST_INTERVAL and RECENT_IDS_MAX must be the workers'.

    Example: EXPERIMENT="$(cat experiment.json)" shopkeeper experiment
    """
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
    try:
        found = asyncio.run(run(settings, experiment))
    except KafkaError as error:
        raise click.ClickException(str(error) or repr(error)) from None
    click.echo(orjson.dumps(found).decode())
