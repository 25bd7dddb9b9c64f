"""Why an event of a caller was not published, whatever the protocol."""

from __future__ import annotations


class Unsendable(ValueError):
    """The event breaks its contract; the message says how."""


class Unconfirmed(ConnectionError):
    """The broker did not confirm: the event may have arrived."""
