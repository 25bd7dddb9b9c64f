"""Events that a request publishes: what can go wrong with one, as problems."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..sending import Unconfirmed, Unsendable
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def sending() -> Iterator[None]:
    """What goes wrong with an event that is sent for a caller, as problems."""
    try:
        yield
    except Unsendable as error:
        raise Problem(400, "Bad Request", str(error)) from None
    except Unconfirmed as error:
        raise Problem(503, "Service Unavailable", str(error)) from None
