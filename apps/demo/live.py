"""What the live view knows: counts, rates, latencies and the latest examples. No I/O."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.text.personal_data import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued
    from shopkeeper.shared.datasets.readers import ShopEvent
    from shopkeeper.shared.domains.pack import Both

RATE_WINDOW_S = 5
LATENCY_WINDOW_S = 60.0
LATENCIES_MAX = 100_000
CAUSES_MAX = 50_000  # sent events whose text and time are remembered
EXAMPLES_MAX = 8
SUBJECTS_MAX = 50  # more, where the newest of several users or products are shown

# What services publish for others.
OUTPUT_TOPICS = tuple(t.name for t in topics.ALL if "subscribers" in t.consumers)
# Of these, what has a panel of its own; the newest of any other is shown in one line each.
EXPLAINED = frozenset(
    {
        topics.INTENTS,
        topics.SENTIMENTS,
        topics.PRODUCT_SENTIMENT,
        topics.RECOMMENDATIONS,
        topics.SIMILAR_ITEMS,
        topics.TRENDING,
        topics.ANSWERS,
    }
)


class Rates:
    """Totals by name, and how many a second over the last few whole seconds."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self._seconds: deque[tuple[int, Counter[str]]] = deque(maxlen=RATE_WINDOW_S + 1)

    def add(self, name: str, now_s: float) -> None:
        """Count one; `now_s` never goes back."""
        second = int(now_s)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append((second, Counter()))
        self.totals[name] += 1
        self._seconds[-1][1][name] += 1

    def per_s(self, name: str, now_s: float) -> float:
        """The mean of the last RATE_WINDOW_S whole seconds; the running one does not count."""
        second = int(now_s)
        recent = (c[name] for s, c in self._seconds if second - RATE_WINDOW_S <= s < second)
        return sum(recent) / RATE_WINDOW_S


class Latencies:
    """Milliseconds of the last minute, and their quantiles."""

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=LATENCIES_MAX)

    def __len__(self) -> int:
        return len(self._values)

    def add(self, latency_ms: float, now_s: float) -> None:
        """Remember one value."""
        self._values.append((now_s, latency_ms))

    def quantiles(self, shares: Sequence[float], now_s: float) -> list[float | None]:
        """The nearest-rank quantiles, e.g. of shares 0.5 and 0.99; None while there is nothing."""
        while self._values and now_s - self._values[0][0] > LATENCY_WINDOW_S:
            self._values.popleft()
        values = sorted(latency_ms for _, latency_ms in self._values)
        if not values:
            return [None for _ in shares]
        return [values[max(0, math.ceil(share * len(values)) - 1)] for share in shares]


class Titles(Mapping[str, str]):
    """product id -> title in one language, else English; looked up as needed, never copied.

    A user's catalogue may have a million products, and the screen is drawn four times a second.
    """

    def __init__(self, products: Mapping[str, ProductCatalogued], language: str) -> None:
        self._products, self._language = products, language

    def __getitem__(self, product_id: str) -> str:
        product = self._products[product_id]
        return (product.title_zh if self._language == "zh" else None) or product.title

    def __iter__(self) -> Iterator[str]:
        return iter(self._products)

    def __len__(self) -> int:
        return len(self._products)


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker process, as shown."""

    name: str
    state: str  # starting | ready | waiting | stopped
    pid: int | None = None
    restarts: int = 0
    lag: int | None = None  # records of its topics not yet committed


@dataclass(slots=True)
class Example:
    """One output and what caused it; `text` is what the shopper wrote, where one did."""

    data: Any
    text: str = ""


@dataclass
class Live:
    """Everything on the screen. `sent` and `received` keep it up to date."""

    products: Mapping[str, ProductCatalogued]
    started_s: float
    source: str = "simulated shoppers"
    broker: str = ""
    page: str = ""  # address of the shop
    words: Mapping[str, Both] = field(default_factory=dict)  # a domain's, by what a shop would say
    page_ready: bool = False
    events: Rates = field(default_factory=Rates)
    outputs: Rates = field(default_factory=Rates)
    latencies: Latencies = field(default_factory=Latencies)
    workers: Sequence[WorkerState] = ()
    dead_letters: int = 0
    trouble: str = ""  # the last warning that a worker wrote
    measure_from_s: float | None = None  # latencies count for events sent after this
    intents: deque[Example] = field(default_factory=lambda: deque(maxlen=EXAMPLES_MAX))
    answers: deque[Example] = field(default_factory=lambda: deque(maxlen=EXAMPLES_MAX))
    sentiments: deque[Example] = field(default_factory=lambda: deque(maxlen=EXAMPLES_MAX))
    recommendations: deque[Example] = field(default_factory=lambda: deque(maxlen=SUBJECTS_MAX))
    similar: deque[Example] = field(default_factory=lambda: deque(maxlen=SUBJECTS_MAX))
    product_sentiments: dict[str, Any] = field(default_factory=dict)
    trending: Any = None
    others: dict[str, deque[bytes]] = field(default_factory=dict)  # by topic, values as published
    published_all: bool = False
    _causes: OrderedDict[str, tuple[float, str]] = field(default_factory=OrderedDict)

    def say(self, text: str) -> str:
        """A text of the screen in the domain's words."""
        own = self.words.get(text)
        return text if own is None else own.en

    def sent(self, event: ShopEvent, now_s: float) -> None:
        """An event is about to be published."""
        self.events.add(event.type, now_s)
        data = event.data
        text = data.get("query") or data.get("question") or data.get("review_body") or ""
        self._causes[event.id] = (now_s, text)
        if len(self._causes) > CAUSES_MAX:
            self._causes.popitem(last=False)

    def received(self, topic: str, value: bytes | None, cause: str, now_s: float) -> None:
        """A record came from an output topic or a dead-letter topic (unprefixed name)."""
        if topic.endswith(".dlq"):
            self.dead_letters += 1
            return
        self.outputs.add(topic, now_s)
        if value is None:
            return
        if topic not in EXPLAINED:
            self.others.setdefault(topic, deque(maxlen=EXAMPLES_MAX)).append(value)
            return
        try:
            data = outputs.decode(topics.BY_NAME[topic].types[0], value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        sent_s, text = self._causes.get(cause, (None, ""))
        example = Example(data, mask(text))
        if topic == topics.INTENTS:
            self.intents.append(example)
        elif topic == topics.SENTIMENTS:
            self.sentiments.append(example)
        elif topic == topics.ANSWERS:
            self.answers.append(example)
        elif topic == topics.RECOMMENDATIONS:
            self._received_list(example, sent_s, now_s)
        elif topic == topics.SIMILAR_ITEMS:
            if len(data.items) > 1:
                self.similar.append(example)
        elif topic == topics.TRENDING:
            if data.scope == "all":
                self.trending = data
        elif topic == topics.PRODUCT_SENTIMENT:
            self.product_sentiments[data.product_id] = data

    def _received_list(self, example: Example, sent_s: float | None, now_s: float) -> None:
        if example.data.items:
            self.recommendations.append(example)
        if sent_s is not None and self.measure_from_s is not None and sent_s > self.measure_from_s:
            self.latencies.add((now_s - sent_s) * 1000, now_s)

    def titles(self, language: str) -> Mapping[str, str]:
        """product id -> title in `language`, for `reasons.render`."""
        return Titles(self.products, language)

    @property
    def lag(self) -> int | None:
        """Records that any worker has not committed yet; None while unknown."""
        known = [w.lag for w in self.workers if w.lag is not None]
        return sum(known) if known else None
