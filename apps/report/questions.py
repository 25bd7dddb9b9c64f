"""What customers asked: who answered, whether it helped, and what had no answer."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from shopkeeper.shared.contracts.events.answers import ABSTENTIONS, ANSWER_ROUTES
from shopkeeper.shared.text.personal_data import mask

from .charts import Section, written
from .clusters import Asked, clustered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import Event
    from shopkeeper.shared.contracts.events.answers import AnswerGiven

    from .charts import Words
    from .clusters import Cluster, Clustering

ANSWERS_MAX: Final = 500_000  # the newest so many, by the time of their question
UNANSWERED_MAX: Final = 50_000  # likewise, whose texts are looked for
TEXT_CHARACTERS_MAX: Final = 300
CLUSTERS_SHOWN: Final = 20
EXAMPLE_CHARACTERS: Final = 100
RATED, SEARCHED = "answer.rated.v1", "products.searched.v1"
NORMAL_95: Final = 1.96
# Of an order, a parcel, an article: the page is to name no customer's.
_NUMBER = re.compile(r"[A-Za-z]{0,4}[-_#]?\d[\d-]{2,30}\d[A-Za-z]{0,2}")
V = TypeVar("V")


class Newest(Generic[V]):
    """The newest `most` of what was seen, by name; of one name the first. Which these are does not
    depend on the order in which they were seen."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[str, tuple[int, V]] = {}

    def put(self, name: str, time_ms: int, value: V) -> None:
        """See one."""
        self._found.setdefault(name, (time_ms, value))
        if len(self._found) > 2 * self._most:
            self._cut()

    def kept(self) -> dict[str, V]:
        """By name, the oldest first."""
        self._cut()
        order = sorted(self._found, key=lambda name: (self._found[name][0], name))
        return {name: self._found[name][1] for name in order}

    def _cut(self) -> None:
        if len(self._found) > self._most:
            newest = heapq.nlargest(
                self._most, self._found, key=lambda name: (self._found[name][0], name)
            )
            self._found = {name: self._found[name] for name in newest}


class Given(NamedTuple):
    """One answer. cause: of which event."""

    route: str
    reason: str | None  # why there is none
    cause: str


class RouteFigures(NamedTuple):
    """One way to answer: answers, how many of them were rated, and how many of those helped."""

    route: str
    answers: int
    rated: int
    helpful: int


class Questions:
    """Collects answers first, then the questions that had none, and ratings in any order."""

    def __init__(
        self, answers_max: int = ANSWERS_MAX, unanswered_max: int = UNANSWERED_MAX
    ) -> None:
        self._given = Newest[Given](answers_max)
        self._unanswered_max = unanswered_max
        self._unanswered: dict[str, str] | None = None  # cause -> reason
        self._texts: dict[str, str] = {}  # cause -> text, masked
        self._ratings: dict[str, tuple[tuple[int, str], bool]] = {}  # answer -> newest

    def see_answer(self, answer_id: str, said: AnswerGiven, time_ms: int) -> None:
        """time_ms: of its question. Published again, it counts once."""
        reason = (said.abstained or "nothing_found") if said.answer is None else None
        cause = f"{said.event_type} {said.cause}"
        self._given.put(answer_id, time_ms, Given(said.route, reason, cause))

    def see_event(self, event: Event) -> None:
        """A search, a question or a rating."""
        if event.data is None:
            return
        if event.type == RATED:
            moment = event.time_ms, event.id
            before = self._ratings.get(event.data.answer_id)
            if before is None or moment >= before[0]:
                self._ratings[event.data.answer_id] = moment, event.data.helpful
            if len(self._ratings) > 2 * ANSWERS_MAX:
                self._ratings = dict(heapq.nlargest(ANSWERS_MAX, self._ratings.items(), _moment))
            return
        cause = f"{event.type} {event.id}"
        if cause in self.unanswered and cause not in self._texts:
            text = event.data.query if event.type == SEARCHED else event.data.question
            self._texts[cause] = masked(text)

    @property
    def unanswered(self) -> dict[str, str]:
        """Why, by cause; the newest. Call once every answer was seen."""
        if self._unanswered is None:
            newest = Newest[str](self._unanswered_max)
            for place, given in enumerate(self._given.kept().values()):
                if given.reason is not None:
                    newest.put(given.cause, place, given.reason)
            self._unanswered = newest.kept()
        return self._unanswered

    def routes(self) -> list[RouteFigures]:
        """Every route that answered, in the order in which they are asked."""
        answers, rated, helpful = Counter[str](), Counter[str](), Counter[str]()
        for answer_id, given in self._given.kept().items():
            answers[given.route] += 1
            if answer_id in self._ratings:
                rated[given.route] += 1
                helpful[given.route] += self._ratings[answer_id][1]
        return [
            RouteFigures(r, answers[r], rated[r], helpful[r]) for r in ANSWER_ROUTES if answers[r]
        ]

    def reasons(self) -> list[tuple[str, int]]:
        """Why questions had no answer, the most frequent first."""
        counts = Counter(self.unanswered.values())
        return [(r, counts[r]) for r in sorted(counts, key=lambda r: (-counts[r], r))]

    def clusters(self) -> Clustering:
        """Of the unanswered whose texts are still there."""
        return clustered(
            Asked(self._texts[cause], reason)
            for cause, reason in self.unanswered.items()
            if cause in self._texts
        )


def _moment(item: tuple[str, tuple[tuple[int, str], bool]]) -> tuple[int, str]:
    return item[1][0]


def masked(text: str) -> str:
    """One line of a customer's text, without personal data and long numbers."""
    hidden = _NUMBER.sub("[number]", mask(text[: 4 * TEXT_CHARACTERS_MAX]))
    visible = "".join(c if c.isprintable() else " " for c in hidden)
    return " ".join(visible.split())[:TEXT_CHARACTERS_MAX]


def share_with_interval(part: int, whole: int) -> str:
    """With Wilson's 95 % interval; "" of nothing."""
    if not whole:
        return ""
    p, z2 = part / whole, NORMAL_95**2
    centre = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = NORMAL_95 * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole**2)) / (1 + z2 / whole)
    low, high = (written(min(1.0, max(0.0, x)), "share") for x in (centre - reach, centre + reach))
    return f"{written(p, 'share')} ({low} – {high})"


def sections(found: Questions, words: Words) -> list[Section]:
    """By route, and what had no answer; none where nobody asked."""
    routes = found.routes()
    if not routes:
        return []
    clustering = found.clusters()
    unanswered = sum(count for _, count in found.reasons())
    shown = clustering.clusters[:CLUSTERS_SHOWN]
    told = sum(cluster.size for cluster in clustering.clusters)
    text = words(
        "unanswered.text",
        count=f"{unanswered:,}",
        reasons=words("and").join(f"{_why(r, words)} {n:,}" for r, n in found.reasons())
        or words("none"),
        clusters=f"{len(clustering.clusters):,}",
        clustered=f"{told:,}",
        alone=f"{clustering.alone:,}",
        not_compared=f"{clustering.not_compared:,}",
        shown=f"{len(shown):,}",
    )
    return [
        Section("answers", words("answers.title"), words("answers.text"), _by_route(routes, words)),
        Section("unanswered", words("unanswered.title"), text, _by_cluster(shown, words)),
    ]


def _by_route(routes: Sequence[RouteFigures], words: Words) -> list[Sequence[str]]:
    total = sum(each.answers for each in routes)
    facts: list[Sequence[str]] = [
        (words("route"), words("answers"), words("share"), words("rated"), words("helpful"))
    ]
    for each in routes:
        facts.append(
            (
                words(f"route.{each.route}"),
                f"{each.answers:,}",
                written(each.answers / total, "share"),
                f"{each.rated:,}",
                share_with_interval(each.helpful, each.rated),
            )
        )
    return facts


def _by_cluster(clusters: Sequence[Cluster], words: Words) -> list[Sequence[str]]:
    facts: list[Sequence[str]] = [(words("examples"), words("questions"), words("why"))]
    for cluster in clusters:
        examples = words("example-sign").join(_cut(text) for text in cluster.examples)
        why = words("and").join(f"{_why(r, words)} {n:,}" for r, n in cluster.reasons)
        facts.append((examples, f"{cluster.size:,}", why))
    return facts if len(facts) > 1 else []


def _why(reason: str, words: Words) -> str:
    return words(f"reason.{reason}") if reason in ABSTENTIONS else reason


def _cut(text: str) -> str:
    return text if len(text) <= EXAMPLE_CHARACTERS else text[: EXAMPLE_CHARACTERS - 1] + "…"
