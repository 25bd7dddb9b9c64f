"""The rights that each role needs on the brokers: derived from specifications and topics, no more.

A *role* is a service's worker, or somebody at the other end of the topics. Operations have Kafka's
names. Reading, writing, deleting and altering each include describing (Kafka's own rule), and an
idempotent producer needs no right of the cluster since Kafka 2.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shopkeeper.shared.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..api.service import ServiceSpec

Resource = Literal["Topic", "Group"]
READ, WRITE, DELETE, CREATE, ALTER, DESCRIBE = (
    "Read",
    "Write",
    "Delete",
    "Create",
    "Alter",
    "Describe",
)
OPERATOR, VIEWER, SHOP, SUBSCRIBER = "operator", "viewer", "shop", "subscriber"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """What a role may do with one topic or group (names without prefix), and for what."""

    resource: Resource
    name: str
    operations: tuple[str, ...]
    reason: str = ""


def group(service: str) -> str:
    """The consumer group of a service's workers, unprefixed."""
    return f"shopkeeper-{service}"


class _Grants:
    """Collects operations and reasons by resource."""

    def __init__(self) -> None:
        self._found: dict[tuple[Resource, str], tuple[set[str], dict[str, None]]] = {}

    def add(self, resource: Resource, names: Iterable[str], reason: str, *operations: str) -> None:
        for name in names:
            wanted, reasons = self._found.setdefault((resource, name), (set(), {}))
            wanted.update(operations)
            reasons[reason] = None

    def listed(self) -> list[Grant]:
        return sorted(
            Grant(resource, name, tuple(sorted(operations)), ", ".join(reasons))
            for (resource, name), (operations, reasons) in self._found.items()
        )


def of_service(spec: ServiceSpec) -> list[Grant]:
    """What a worker of a service needs, and no more."""
    found = _Grants()
    found.add("Topic", spec.consumes, "consumed", READ)
    found.add("Topic", spec.by_key, "what belongs to another partition is passed on", WRITE)
    found.add("Topic", spec.tables, "read whole", READ)
    found.add("Topic", spec.reads, "read by its servers", READ)
    found.add("Topic", spec.publishes, "published", WRITE)
    if spec.consumes:
        checkpoints = [topics.checkpoints(spec.name)]
        letters = [topics.dead_letters(topic, spec.name) for topic in spec.consumes]
        found.add("Topic", [t for t in letters if t in topics.BY_NAME], "dead letters", WRITE)
        found.add("Topic", checkpoints, "its state", READ, WRITE, DELETE)
        found.add("Topic", [topics.ERASED_USERS], "whose events are skipped", READ)
        found.add("Topic", [topics.LAYOUT], "by how many partitions state is split", READ)
        found.add("Group", [group(spec.name)], "its place among its workers", READ)
    return found.listed()


def of_viewer(services: Iterable[str]) -> list[Grant]:
    """What `status`, `tail`, `get`, `report`, `dlq list` and the gateway's console need."""
    found = _Grants()
    found.add("Topic", topics.BY_NAME, "shown", READ)
    found.add("Group", [group(name) for name in services], "shown", DESCRIBE)
    return found.listed()


def of_operator(services: Iterable[str]) -> list[Grant]:
    """What the whole command line needs, `topics` and `checkpoints reset` among it."""
    found = _Grants()
    everything = READ, WRITE, CREATE, DELETE, ALTER
    found.add("Topic", topics.BY_NAME, "created, grown, read, written, deleted", *everything)
    found.add("Group", [group(name) for name in services], "shown", DESCRIBE)
    return found.listed()


def of_shop() -> list[Grant]:
    """What a shop's own producers need."""
    found = _Grants()
    written = [t.name for t in topics.ALL if SHOP in t.producers]
    found.add("Topic", written, "the shop's events", WRITE)
    return found.listed()


def of_subscriber() -> list[Grant]:
    """What a reader of the outputs needs; its consumer group is its own."""
    found = _Grants()
    read = [t.name for t in topics.ALL if "subscribers" in t.consumers]
    found.add("Topic", read, "outputs", READ)
    return found.listed()


def roles(specs: Iterable[ServiceSpec]) -> dict[str, list[Grant]]:
    """Role -> what it needs: one for each service, and those at the other ends."""
    listed = list(specs)
    names = [spec.name for spec in listed]
    return {spec.name: of_service(spec) for spec in listed} | {
        SHOP: of_shop(),
        SUBSCRIBER: of_subscriber(),
        VIEWER: of_viewer(names),
        OPERATOR: of_operator(names),
    }


def together(grants: Iterable[Grant]) -> dict[tuple[Resource, tuple[str, ...]], list[str]]:
    """(resource, operations) -> names: what one command can grant."""
    found: dict[tuple[Resource, tuple[str, ...]], list[str]] = {}
    for grant in grants:
        found.setdefault((grant.resource, grant.operations), []).append(grant.name)
    return found


def commands(
    table: Mapping[str, Iterable[Grant]], prefix: str, principal_prefix: str, bootstrap: str
) -> list[str]:
    """Shell lines that give every role its rights, by Kafka's own tool."""
    lines = []
    for role, grants in table.items():
        lines.append(f"# {role}")
        for (resource, operations), names in together(grants).items():
            words = ["kafka-acls.sh", "--bootstrap-server", bootstrap]
            words += ["--command-config", "admin.properties", "--add"]
            words += ["--allow-principal", f"User:{principal_prefix}{role}"]
            for operation in operations:
                words += ["--operation", operation]
            for name in names:
                words += [f"--{resource.lower()}", prefix + name]
            lines.append(" ".join(words))
    return lines
