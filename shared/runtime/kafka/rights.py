"""Whether the brokers grant a worker what it needs: asked before it starts, said in one line.

A client that lacks a right hears of it late, or never: metadata leave out what may not be seen, and
a table that may not be read looks like one that is not there yet. Brokers tell everybody what they
may do with a topic or a group (KIP-430), so a worker asks, and compares with what `acls` lists.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiokafka import errors
from aiokafka.protocol.admin import DescribeGroupsResponse_v3
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from ..refusal import OperatorNeeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..settings import KafkaSettings
    from .acls import Grant

# Kafka's AclOperation codes: the bits of what a broker says is allowed.
BITS = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8}
UNTOLD = -(1 << 31)  # a broker that was not asked, or does not know
TOPIC_DENIED, GROUP_DENIED = 29, 30
DENIED = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
)
NAMED_MAX = 5
COORDINATOR_S_MAX = 5.0


class RightsMissing(OperatorNeeded):
    """The brokers do not let this worker do what it must; the message names what is missing."""


_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", Array(Int32)),
    ("isr", Array(Int32)),
    ("offline_replicas", Array(Int32)),
)


class _MetadataResponse(Response):
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(
                ("node_id", Int32),
                ("host", String("utf-8")),
                ("port", Int32),
                ("rack", String("utf-8")),
            ),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                ("partitions", Array(*_PARTITION)),
                ("authorized_operations", Int32),
            ),
        ),
        ("authorized_operations", Int32),
    )


class _MetadataStruct(RequestStruct):
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _Metadata(Request[_MetadataStruct]):
    """Topics by name, with what this client may do with each: version 8, which aiokafka has not."""

    API_KEY = 3

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class(self._names, False, False, True)


class _GroupsStruct(RequestStruct):
    API_KEY = 15
    API_VERSION = 3
    RESPONSE_TYPE = DescribeGroupsResponse_v3
    SCHEMA = Schema(("groups", Array(String("utf-8"))), ("include_authorized_operations", Boolean))


class _Groups(Request[_GroupsStruct]):
    """As aiokafka's, which reads the answer to version 3 by the schema of version 2."""

    API_KEY = 15

    def __init__(self, name: str) -> None:
        self._name = name

    def build(self, request_struct_class: type[Any]) -> Any:
        return request_struct_class([self._name], True)


async def check(admin: Any, kafka: KafkaSettings, grants: Iterable[Grant]) -> None:
    """Return where every grant is there, or the brokers do not say. Raises RightsMissing,
    KafkaError.

    admin: a connected AIOKafkaAdminClient. A broker without an authorizer allows everything.
    """
    if missing := await lacking(admin, kafka, list(grants)):
        more = f" and {len(missing) - NAMED_MAX} more" if len(missing) > NAMED_MAX else ""
        raise RightsMissing(
            f"the broker does not grant this worker {', '.join(missing[:NAMED_MAX])}{more}; it "
            f"connects by {kafka.identity}. `shopkeeper topics acls` prints what each service needs"
        )


async def lacking(admin: Any, kafka: KafkaSettings, grants: Sequence[Grant]) -> list[str]:
    """The rights that are missing, each as "Read on topic NAME". Raises KafkaError."""
    by_topic = await _topic_operations(
        admin, sorted({kafka.topic(g.name) for g in grants if g.resource == "Topic"})
    )
    by_group = {
        name: await _group_operations(admin, name)
        for name in sorted({kafka.topic(g.name) for g in grants if g.resource == "Group"})
    }
    found = []
    for grant in grants:
        name = kafka.topic(grant.name)
        allowed = (by_topic if grant.resource == "Topic" else by_group).get(name, UNTOLD)
        if allowed == UNTOLD:
            continue
        found += [
            f"{operation} on {grant.resource.lower()} {name}"
            for operation in grant.operations
            if not allowed >> BITS[operation] & 1
        ]
    return found


async def _topic_operations(admin: Any, names: Sequence[str]) -> Mapping[str, int]:
    """Name -> bits of what is allowed; 0: not even to be seen. Those that do not exist are left
    out."""
    if not names:
        return {}
    try:
        answer = await admin._client.send(admin._client.get_random_node(), _Metadata(names))
    except (NotImplementedError, errors.IncompatibleBrokerVersion):
        return {}  # a broker of before Kafka 2.3
    return {
        name: 0 if code == TOPIC_DENIED else allowed
        for code, name, _, _, allowed in answer.topics
        if code in (0, TOPIC_DENIED)
    }


async def _group_operations(admin: Any, name: str) -> int:
    """Bits of what is allowed. A coordinator is waited for: a broker that has just started has none
    for a moment."""
    deadline = time.monotonic() + COORDINATOR_S_MAX
    while True:
        try:
            coordinator = await admin.find_coordinator(name)
            answer = await admin._client.send(coordinator, _Groups(name))
        except errors.GroupAuthorizationFailedError:
            return 0
        except (NotImplementedError, errors.IncompatibleBrokerVersion):
            return UNTOLD
        except errors.KafkaError as error:
            if not error.retriable:
                raise
            if time.monotonic() > deadline:
                return UNTOLD  # joining the group waits for it as long as it takes
        else:
            [(code, *_, allowed)] = answer.groups
            if code == GROUP_DENIED:
                return 0
            if code == 0:
                return int(allowed)
            if time.monotonic() > deadline:
                return UNTOLD
        await asyncio.sleep(0.2)


def refusal(error: BaseException | None) -> RightsMissing | None:
    """What an operator is told where a right was taken away from a worker that runs; None: `error`
    is something else."""
    while error is not None and not isinstance(error, DENIED):
        error = error.__cause__
    if error is None:
        return None
    what = next(
        kind for kind in ("topic", "group", "cluster") if kind in type(error).__name__.lower()
    )
    named = ", ".join(
        name
        for argument in error.args
        for name in ([argument] if isinstance(argument, str) else argument or ())
    )
    return RightsMissing(
        f"the broker has refused the {what} {named}".rstrip()
        + ": a right is missing; `shopkeeper topics acls` prints what each service needs"
    )
