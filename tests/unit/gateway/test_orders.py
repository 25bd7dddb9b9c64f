"""An order is judged under the key that it will be published with: its id."""

from __future__ import annotations

import orjson
import pytest

from shopkeeper.services.gateway.core.admission import PAGE_TYPES, Admission
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.admission import UnsentRecord

ORDER = {"order_id": "o-7", "user_id": "u-1", "status": "shipped"}
STRUCTURED = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.updated.v1"}


def judged(document):
    value = orjson.dumps(document)
    return Admission("").judge(UnsentRecord(1_790_000_000_000, None, value, []))


@pytest.mark.parametrize(
    "document", [{"type": "order.updated.v1", **ORDER}, {**STRUCTURED, "data": ORDER}]
)
def test_an_order_goes_to_its_topic_under_its_id(document):
    verdict = judged(document)
    assert (verdict.topic, verdict.key, verdict.error) == (topics.ORDERS, "o-7", "")
    assert verdict.types == {"order.updated.v1"}


def test_no_page_may_send_an_order():
    assert "order.updated.v1" not in PAGE_TYPES


@pytest.mark.parametrize("order_id", [None, 7, ""])
def test_an_order_without_a_usable_id_is_refused(order_id):
    verdict = judged({"type": "order.updated.v1", **ORDER, "order_id": order_id})
    assert verdict.topic is None
    assert verdict.error
