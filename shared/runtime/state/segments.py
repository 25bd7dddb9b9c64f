"""What a checkpoint adds to the one before: its *segments*, and how they become one state again.

A checkpoint is a *base*, which holds every section whole, and the segments written after it, each
with what changed since the one before. So what a checkpoint costs follows what changed, and a base
is written anew once the segments have come to a share of it: the levels of a log-structured merge
tree (O'Neil et al., "The log-structured merge-tree", 1996), with two levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xxhash import xxh3_128_digest

from ..api.processor import Changes, IncrementalProcessor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..api.processor import Processor, Sections
    from ..api.service import Merge

RECENT_IDS = "runtime.recent_ids"  # a section of the runtime's own
ADDED = "+"  # before the name of a section in a segment: to be applied, not a whole one


def pack(changes: Changes) -> Sections:
    """The sections of a segment."""
    return {**changes.replaced, **{ADDED + name: part for name, part in changes.added.items()}}


def unpack(segment: Mapping[str, bytes]) -> Changes:
    """What `pack` was given."""
    added = {n.removeprefix(ADDED): part for n, part in segment.items() if n.startswith(ADDED)}
    return Changes(added, {n: part for n, part in segment.items() if not n.startswith(ADDED)})


def replaced(base: Mapping[str, bytes], segments: Iterable[Sections]) -> Sections:
    """The newest whole version of every section."""
    sections = dict(base)
    for segment in segments:
        sections |= unpack(segment).replaced
    return sections


def whole(
    sections: Mapping[str, bytes], segments: Sequence[Sections], merge: Merge | None
) -> Sections:
    """What a whole snapshot would have held.

    merge: the service's, for what only it can add; it is given segments without what the runtime
    keeps. None: it has nothing that is added to.
    """
    made = replaced(sections, segments)
    added = [unpack(segment).added for segment in segments]
    ids = [each.pop(RECENT_IDS, b"") for each in added]
    if RECENT_IDS in made:  # whoever takes them over keeps the newest that fit
        made[RECENT_IDS] = b"".join([made[RECENT_IDS], *ids])
    if any(added):
        assert merge is not None, f"nobody can add {sorted(added[0])}"
        made = merge(made, [each for each in added if each])
    return made


class WholeSections:
    """Tells whether a processor that is not incremental has changed, by digests of its sections.

    Where it has, all is written anew: a segment that replaced sections would leave in the base what
    was to be forgotten.
    """

    def __init__(self) -> None:
        self._digests: dict[str, bytes] = {}

    def note(self, sections: Mapping[str, bytes]) -> None:
        """These were written whole."""
        self._digests = {name: xxh3_128_digest(part) for name, part in sections.items()}

    def changes(self, sections: Mapping[str, bytes]) -> Changes | None:
        """None where they are others than those before."""
        before = self._digests
        self.note(sections)
        return Changes({}, {}) if before == self._digests else None


def changes_of(processor: Processor, known: WholeSections) -> Changes | None:
    """What changed in a processor's state; None where only a whole snapshot can tell."""
    if isinstance(processor, IncrementalProcessor):
        return processor.changes()
    return known.changes(processor.snapshot())
