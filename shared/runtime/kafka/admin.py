"""Topics on the broker: created, checked, listed, deleted; and waiting for a broker that is away.

Workers hold no right to create topics: `shopkeeper topics init` does it, with the settings of
`contracts.topics`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from shopkeeper.shared.contracts import topics

from ..refusal import OperatorNeeded
from . import handshake, partition_layout
from .handshake import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from aiokafka import TopicPartition

    from shopkeeper.shared.contracts.topics import Topic

    from ..settings import KafkaSettings

BACKOFF_S_FIRST, BACKOFF_S_MAX = 0.25, 10.0
REFUSED_S = 5.0
ATTEMPT_S_MAX = 10.0  # a broker that accepts and then says nothing
APPEAR_S_MAX = 5.0  # until every broker knows what exists
METADATA_S_MAX = 30.0  # until a created or deleted topic is seen as such
COMPACTED = "compact"
COMPACTED_BY_US = "compact,delete"  # without a limit of age: lets a client delete old records
REPLICATION_SAFE = 3  # from here on one replica may be lost without losing confirmed records
TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC = 36, 3


class TopicError(RuntimeError):
    """The topics on the broker are not what they must be; the message says which and how."""


class BrokerAway(ConnectionError):
    """No broker answered in time; the message says what happened instead."""


class BrokerRefuses(OperatorNeeded):
    """Brokers answer and do not let us in; the message says why, and which setting to look at."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """One of our topics as the broker has it; `partition_count` None: it does not exist."""

    topic: Topic
    name: str  # with the prefix
    partition_count: int | None


@contextlib.asynccontextmanager
async def connected(kafka: KafkaSettings) -> AsyncIterator[Any]:
    """An admin client, closed afterwards. Raises KafkaError where no broker answers."""
    admin = AIOKafkaAdminClient(**kafka.client_options(), request_timeout_ms=30_000)
    try:
        await admin.start()
        yield admin
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await admin.close()


async def wait_for_broker(
    kafka: KafkaSettings, on_wait: Callable[[str], object], deadline_s: float | None = None
) -> None:
    """Return once a broker answers; tell `on_wait` in one line, with backoff, why it does not yet.

    A refused connection, a name that does not resolve and a socket that stays silent are all
    waited for. Raises BrokerAway after about `deadline_s` (None: never), and BrokerRefuses where
    brokers answer and refuse us for REFUSED_S: one that starts may not know its users yet.
    """
    started = time.monotonic()
    refused_at: float | None = None
    backoff_s = BACKOFF_S_FIRST
    while (problem := await _problem(kafka)) is not None:
        now = time.monotonic()
        refused_at = (refused_at or now) if problem.refused else None
        if refused_at is not None and now - refused_at >= REFUSED_S:
            raise BrokerRefuses(problem.text)
        if deadline_s is not None and now - started + backoff_s > deadline_s:
            raise BrokerRefuses(problem.text) if problem.refused else BrokerAway(problem.text)
        on_wait(f"{problem.text}; trying again in {backoff_s:g} s")
        await asyncio.sleep(backoff_s)
        backoff_s = min(BACKOFF_S_MAX, backoff_s * 2)


async def _problem(kafka: KafkaSettings) -> Problem | None:
    """Why no broker can be talked to now, in a few words; None if one can."""
    # A plain connection first: it says "refused" or "unknown name" where the client only says
    # that it cannot bootstrap.
    problems: list[Problem | None] = []
    for server in kafka.bootstrap_servers:
        away = await _connection_problem(server)
        problems.append(await handshake.problem(kafka, server) if away is None else Problem(away))
    if None not in problems:
        found = [problem for problem in problems if problem is not None]
        return Problem("; ".join(p.text for p in found), all(p.refused for p in found))
    servers = ",".join(kafka.bootstrap_servers)
    try:
        async with asyncio.timeout(ATTEMPT_S_MAX), connected(kafka) as admin:
            await admin.list_topics()
    except TimeoutError:
        text = f"broker {servers} accepts connections but does not answer"
    except (KafkaError, OSError) as error:
        text = f"broker {servers} cannot be used ({type(error).__name__}: {error})"
    else:
        return None
    if kafka.security_protocol == "PLAINTEXT":
        text += ". Does it want TLS or SASL (KAFKA_SECURITY_PROTOCOL)?"
    return Problem(text)


async def _connection_problem(server: str) -> str | None:
    host, _, port = server.rpartition(":")
    try:
        async with asyncio.timeout(ATTEMPT_S_MAX):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except TimeoutError:
        return f"broker {server}: no connection within {ATTEMPT_S_MAX:g} s"
    except socket.gaierror:
        return f"broker {server}: the name {host!r} is not known"
    except OSError as error:
        refused = isinstance(error, ConnectionRefusedError) or "refused" in str(error).lower()
        return f"broker {server}: {'connection refused' if refused else error}"
    writer.close()
    return None


async def missing_topics(kafka: KafkaSettings, names: Sequence[str]) -> list[str]:
    """Those of the names (unprefixed) that the broker does not list, nor within APPEAR_S_MAX.

    What one broker of a cluster has just created others list a moment later.
    """
    deadline = time.monotonic() + APPEAR_S_MAX
    async with connected(kafka) as admin:
        while True:
            there = set(await admin.list_topics())
            missing = [name for name in names if kafka.topic(name) not in there]
            if not missing or time.monotonic() > deadline:
                return missing
            await asyncio.sleep(0.2)


async def committed_by(admin: Any, group: str) -> dict[TopicPartition, Any]:
    """What a group has committed. Raises KafkaError.

    Waits up to APPEAR_S_MAX for a coordinator: a broker that has just started, or lost one, has
    none for a moment.
    """
    deadline = time.monotonic() + APPEAR_S_MAX
    while True:
        try:
            found: dict[TopicPartition, Any] = await admin.list_consumer_group_offsets(group)
            return found
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)


def topic_config(topic: Topic, replication: int, compacted: str = COMPACTED) -> dict[str, str]:
    """What the broker is told of a topic. compacted: the policy of those that are."""
    config = {
        "cleanup.policy": compacted if topic.cleanup == "compact" else topic.cleanup,
        "retention.ms": str(-1 if topic.retention_ms is None else topic.retention_ms),
        "max.message.bytes": str(topic.message_bytes_max),
        **topic.config,
    }
    if replication >= REPLICATION_SAFE:
        config["min.insync.replicas"] = str(replication - 1)
    return config


def read_together(service: str) -> list[str]:
    """The topics of which one worker reads the same users: they need equal partition counts.

    The sources of a service that keeps nothing by key are read each on its own; so are the items'.
    """
    return [topics.CLICKS, topics.SEARCHES] if service == "recommender" else []


def partition_conflicts(counts: Mapping[str, int], partitions: int) -> list[str]:
    """One sentence per service whose logs would not fit together.

    counts: topic name without prefix -> partitions, of those that exist; the others are about
    to be created with `partitions`.
    """
    conflicts = []
    for service in topics.SERVICES:
        wanted = {name: counts.get(name, partitions) for name in read_together(service)}
        if len(set(wanted.values())) > 1:
            listed = ", ".join(
                f"{name} {'has' if name in counts else 'would get'} {count}"
                for name, count in wanted.items()
            )
            conflicts.append(f"{service} reads topics of different partition counts: {listed}")
    return conflicts


def check_partitions(states: Iterable[TopicState], partitions: int) -> None:
    """Raise TopicError where topics that one worker reads together differ in partition count."""
    counts = {s.topic.name: s.partition_count for s in states if s.partition_count is not None}
    if conflicts := partition_conflicts(counts, partitions):
        raise TopicError(
            f"{'; '.join(conflicts)}. Set TOPIC_PARTITIONS to what exists; where all exist, run "
            "`shopkeeper topics grow` to the highest of these"
        )


async def list_topics(kafka: KafkaSettings) -> list[TopicState]:
    """All of our topics, in the order of `topics.ALL`, with what the broker has of them."""
    async with connected(kafka) as admin:
        return await _describe(kafka, admin)


async def partitions_of(kafka: KafkaSettings, names: Sequence[str]) -> dict[str, list[int]]:
    """Names as on the broker -> partition numbers, ascending; those that do not exist are absent.

    Raises KafkaError.
    """
    async with connected(kafka) as admin:
        described = await _described(admin, names)
    return {
        one["topic"]: sorted(p["partition"] for p in one["partitions"])
        for one in described
        if one["partitions"]
    }


async def _described(admin: Any, names: Sequence[str]) -> list[Any]:
    """The broker's metadata of those that exist: asking for others may create them, and an empty
    list would mean "all topics of the cluster"."""
    there = set(await admin.list_topics())
    found = [name for name in names if name in there]
    return list(await admin.describe_topics(found)) if found else []


async def _describe(kafka: KafkaSettings, admin: Any) -> list[TopicState]:
    names = [kafka.topic(topic.name) for topic in topics.ALL]
    counts: dict[str, int] = {}
    for one in await _described(admin, names):
        # Without a leader a partition cannot be written yet.
        if one["error_code"] == 0 and all(p["leader"] >= 0 for p in one["partitions"]):
            counts[one["topic"]] = len(one["partitions"])
    return [
        TopicState(topic, name, counts.get(name))
        for topic, name in zip(topics.ALL, names, strict=True)
    ]


async def init_topics(
    kafka: KafkaSettings, partitions: int, replication: int, *, compacted: str = COMPACTED
) -> list[str]:
    """Create every topic that is missing; existing ones are left as they are. Idempotent.

    compacted: cleanup.policy of compacted topics; COMPACTED_BY_US where `EmbeddedRetention` is
    their log cleaner. Returns the created names, prefix included, once clients can see them.
    Raises TopicError, KafkaError.
    """
    async with connected(kafka) as admin:
        states = await _describe(kafka, admin)
        check_partitions(states, partitions)
        missing = [state for state in states if state.partition_count is None]
        if not missing:
            await partition_layout.write_first(kafka)
            return []
        answer = await admin.create_topics(
            [
                NewTopic(
                    s.name,
                    partitions,
                    replication,
                    topic_configs=topic_config(s.topic, replication, compacted),
                )
                for s in missing
            ],
            timeout_ms=30_000,
        )
        created = _check(answer.topic_errors, "create", {TOPIC_ALREADY_EXISTS})
        await _until(kafka, admin, lambda counts: all(counts.values()))
        # Somebody else may have created them meanwhile, differently.
        check_partitions(await _describe(kafka, admin), partitions)
        await partition_layout.write_first(kafka)
    return created


async def delete_topics(kafka: KafkaSettings) -> list[str]:
    """Delete every topic of ours that there is; returns their names. Raises TopicError."""
    async with connected(kafka) as admin:
        states = await _describe(kafka, admin)
        names = [state.name for state in states if state.partition_count is not None]
        if not names:
            return []
        answer = await admin.delete_topics(names, timeout_ms=30_000)
        deleted = _check(answer.topic_error_codes, "delete", {UNKNOWN_TOPIC})
        await _until(kafka, admin, lambda counts: not any(counts.values()))
    return deleted


async def reset_topics(kafka: KafkaSettings, partitions: int, replication: int) -> list[str]:
    """Delete and recreate every topic: all records and all state are lost. Returns the names.

    Committed group offsets stay on the broker (aiokafka cannot delete a group); nothing reads
    them: workers resume where their checkpoints say, or at the beginning.
    """
    await delete_topics(kafka)
    return await init_topics(kafka, partitions, replication)


def _check(errors: Iterable[Sequence[Any]], verb: str, harmless: set[int]) -> list[str]:
    """Names without an error. Raises TopicError on any error that is not harmless."""
    done: list[str] = []
    failed: list[str] = []
    for name, code, *message in errors:
        if code == 0:
            done.append(name)
        elif code not in harmless:
            text = (message[0] if message else "") or for_code(code).__name__
            failed.append(f"{name} ({text})")
    if failed:
        raise TopicError(f"the broker did not {verb} {', '.join(failed)}")
    return done


async def _until(
    kafka: KafkaSettings, admin: Any, reached: Callable[[Mapping[str, int]], bool]
) -> None:
    """Wait until the broker's metadata show the change: it answers before all of it is done."""
    try:
        async with asyncio.timeout(METADATA_S_MAX):
            while True:
                states = await _describe(kafka, admin)
                if reached({s.name: s.partition_count or 0 for s in states}):
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise TopicError(f"the broker did not finish within {METADATA_S_MAX:g} s") from None
