"""The services. They meet on topics only: none imports another, and nothing here imports any
until it is asked for.

A service is a folder with an app.py, which wires it, and a spec.py, which says what it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.runtime.api.service import Merge, Reshard

# In the order of the topics' list; a folder that it does not know yet comes last.
NAMES: tuple[str, ...] = tuple(
    sorted(
        (path.parent.name for path in Path(__file__).parent.glob("*/app.py")),
        key=lambda name: ([*topics.SERVICES, name].index(name), name),
    )
)


def spec(name: str) -> ServiceSpec:
    """The specification of a service: of a folder here, or of any other as "module:attribute".

    Raises LookupError, with a sentence for the user, where there is none.
    """
    if name in NAMES:
        reference = f"{__name__}.{name}.spec:SERVICE"
    elif ":" in name:
        reference = name
    else:
        raise LookupError(f"{name!r} is not one of {', '.join(NAMES)}")
    try:
        found = load(reference)
    except (ImportError, AttributeError, ValueError) as error:
        raise LookupError(f"{name!r} cannot be imported: {error}") from error
    if not isinstance(found, ServiceSpec):
        raise LookupError(f"{name!r} is not a ServiceSpec")
    return found


def reshard(name: str, topic: str) -> Reshard | None:
    """How a service splits the state of one of its sources by another number of partitions."""
    return spec(name).reshard(topic)


def merge(name: str, topic: str) -> Merge | None:
    """How a service makes a state of one of its sources whole of a base and its segments."""
    return spec(name).merge(topic)


def specs() -> Iterator[ServiceSpec]:
    """The specifications of all services here, in the order of `NAMES`."""
    return (spec(name) for name in NAMES)
