"""Variables in the environment that look like settings of ours and that no process reads.

A typo in a setting's name is otherwise silent: the default is used. Only names are looked at and
told, never values. The environment is everybody's, so a name must be near: one or two letters from
a setting, some words of one (`BOOTSTRAP_SERVERS`), one with more (`SESSION_TIMEOUT_MS`), or under a
prefix that is ours alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Settings of ours share these beginnings with nothing that Kafka's own programs or images read.
PREFIXES = ("TOPIC_", "KAFKA_BOOTSTRAP", "KAFKA_SASL_", "KAFKA_SSL_CA", "SHOPKEEPER_")
OWN = "SHOPKEEPER_"
INTERNAL = frozenset({"SHOPKEEPER_LIFELINE_FD"})  # what our processes tell each other
LETTERS_PER_EDIT = 5  # one edit per so many letters of the setting's name, EDITS_MAX at most
EDITS_MAX = 2
OTHERS = frozenset({"HTTPS_PORT", "HTTPS_HOST"})  # everyday variables an edit from a setting


def unread(environ: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Variable -> the setting that was probably meant ("": none is near), of those variables that
    look like one.

    environ: names of variables. known: every setting that any process reads.
    """
    found = {}
    for name in sorted(environ):
        if name in known or name in INTERNAL or name in OTHERS:
            continue
        meant = _meant(name, known)
        if meant is not None:
            found[name] = meant
    return found


def warning(found: dict[str, str]) -> str:
    """One line about what `unread` returned."""
    listed = ", ".join(
        f"{name} (did you mean {meant}?)" if meant else name for name, meant in found.items()
    )
    return f"no process reads {listed}; the settings are in docs/settings.md"


def _meant(name: str, known: Collection[str]) -> str | None:
    upper = name.upper().removeprefix(OWN)
    ours = name.startswith(PREFIXES)
    letters = Counter(upper)
    # Every worker asks this of every variable when it starts: few pairs are worth an alignment.
    near = [s for s in known if _differing(letters, s) <= (len(s) // 3 if ours else EDITS_MAX)]
    edits, nearest = min(((distance(upper, s), s) for s in near), default=(len(upper), ""))
    if edits <= min(EDITS_MAX, len(nearest) // LETTERS_PER_EDIT):
        return nearest
    if longer := [s for s in known if _part_of(upper, s) or _part_of(s, upper)]:
        return min(longer, key=lambda s: (distance(upper, s), s))
    if ours:
        return nearest if edits <= len(nearest) // 3 else ""
    return None


def _differing(letters: Counter[str], other: str) -> int:
    """How many letters one of the two has beyond the other's: `distance` is at least that."""
    theirs = Counter(other)
    return max((letters - theirs).total(), (theirs - letters).total())


def _part_of(part: str, name: str) -> bool:
    """Whether a name begins or ends with these words; one word is too common for that."""
    return "_" in part and (name.startswith(part + "_") or name.endswith("_" + part))


def distance(one: str, other: str) -> int:
    """How many letters are to be put in, taken out, changed or swapped with their neighbour to make
    one of the other (optimal string alignment: Damerau 1964, each letter touched once)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        now = [i]
        for j, b in enumerate(other, 1):
            least = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            now.append(least)
        before, last = last, now
    return last[-1]
