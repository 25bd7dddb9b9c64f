"""Reviews of erased users are withdrawn before their digests go."""

from __future__ import annotations

import json

from shopkeeper.services.answers.core.opinions.review_table import ReviewTable, Swept
from shopkeeper.services.answers.processors import KnowledgeProcessor
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.runtime.kafka.records import Record

from .reviewed import erased, read, reviewed

ERASED_MS = 1_790_000_000_000


def test_a_review_is_withdrawn_as_a_shop_would_and_then_its_digest_goes():
    table = ReviewTable(10)
    records = [reviewed("shoe", 1, "Comfortable.", 1, author="gone", fit=1, time_ms=10)]
    read(table, [*records, erased("gone", ERASED_MS)])
    processor = KnowledgeProcessor(table.sweep)
    [first], [second] = processor.on_timer(0), processor.on_timer(1)
    assert (first.topic, first.key) == (topics.REVIEWS, b"shoe")
    assert json.loads(first.value) == {"product_id": "shoe", "review_id": "r1"}
    assert (second.topic, second.key, second.value) == (
        topics.REVIEW_DIGESTS, records[0][0], None
    )  # fmt: skip
    table.apply([(second.key, None)])
    assert processor.on_timer(2) == []
    decoder = EventDecoder(
        topics.REVIEWS, frozenset({"review.withdrawn.v1"}), "sentiment", "com.example.shop."
    )
    record = Record("t", 0, 7, ERASED_MS, 0, first.key, first.value, tuple(first.headers))
    [event] = decoder.decode([record])
    assert isinstance(event, Event)
    assert (event.type, event.time_ms) == ("review.withdrawn.v1", ERASED_MS)


def test_a_worker_that_starts_again_says_it_with_the_same_id():
    swept = [Swept(b"review/1", "p", "r", 5)]
    outputs = [KnowledgeProcessor(lambda: swept).on_timer(0)[0] for _ in range(2)]
    assert outputs[0].headers == outputs[1].headers
