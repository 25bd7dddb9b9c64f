"""Readers of data files, on small files written here; counts of real files when they are there."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import Books, FormatError, read

DATA = Path(__file__).parents[4] / "shared" / "data" / "recsys"


def write(tmp_path, name, text, compress=False):
    path = tmp_path / name
    if compress:
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_yoochoose_clicks_keep_their_times_and_the_session_is_the_user(tmp_path, compress):
    path = write(tmp_path, "c.csv", "session_id,item_id,timestamp\n7,i1,1396314141.719\n", compress)
    [event] = read(path, "yoochoose")
    assert event.topic == topics.CLICKS
    assert event.type == "product.clicked.v1"
    assert event.data == {"product_id": "i1", "user_id": "7", "session_id": "7"}
    assert (event.key, event.time_ms) == ("7", 1396314141719)


def test_one_order_per_invoice_without_returns_and_cancellations(tmp_path):
    header = (
        "invoice_no,timestamp,customer_id,stock_code,description,quantity,unit_price_gbp,country\n"
    )
    text = header + (
        "100,2010-12-01T08:26,17850,A,x,6,2.55,UK\n"
        "100,2010-12-01T08:26,17850,B,x,-1,2.55,UK\n"
        "100,2010-12-01T08:26,17850,C,x,1,0.5,UK\n"
        "C101,2010-12-01T08:30,17850,A,x,-6,2.55,UK\n"
        '102,2010-12-01T08:31,,D,"a, quoted",2,1,UK\n'
    )
    first, second = read(write(tmp_path, "o.csv", text), "online-retail")
    assert [p["product_id"] for p in first.data["products"]] == ["A", "C"]
    assert first.data["products"][0] == {"product_id": "A", "quantity": 6.0, "price": 2.55}
    assert (first.key, first.data["session_id"]) == ("17850", "100")
    assert (second.key, second.data["order_id"]) == ("102", "102"), "no customer: the invoice"


def test_sessions_have_an_order_and_no_times(tmp_path):
    path = write(tmp_path, "s.csv", "session_id,position,item_id\n1,0,a\n1,1,b\n2,0,a\n")
    events = list(read(path, "sessions"))
    assert [e.data["product_id"] for e in events] == ["a", "b", "a"]
    assert events[0].time_ms < events[1].time_ms < events[2].time_ms


def test_ratings_of_before_2000_are_moved_forward_by_whole_days(tmp_path):
    path = write(
        tmp_path,
        "r.csv",
        "user_id,item_id,rating,timestamp\n9,22,4.5,828124615\n9,23,1,828124616\n",
    )
    first, second = read(path, "ratings")
    assert first.topic == topics.REVIEWS
    assert first.data["rating"] == 4.5
    assert first.data["review_id"] == "9/22"
    assert first.time_ms >= 946_684_800_000
    assert (first.time_ms - 828124615000) % 86_400_000 == 0
    assert second.time_ms - first.time_ms == 1000


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("yoochoose", "session,item\n1,2\n", "no column session_id"),
        (
            "yoochoose",
            "session_id,item_id,timestamp\n1,2,later\n",
            ":2: timestamp 'later' is not a time",
        ),
        ("yoochoose", "session_id,item_id,timestamp\n1,2\n", ":2: too few columns"),
        ("yoochoose", "", "no column"),
        ("ratings", "user_id,item_id,rating,timestamp\n1,2,good,9\n", ":2: rating 'good' is not"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, name, text, problem):
    with pytest.raises(FormatError, match=problem):
        list(read(write(tmp_path, "bad.csv", text), name))


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(b"session_id,item_id,timestamp\n\xff,1,2\n")
    with pytest.raises(FormatError, match="not UTF-8"):
        list(read(path, "yoochoose"))


def test_bad_rows_can_be_counted_instead(tmp_path):
    retail = (
        "invoice_no,timestamp,customer_id,stock_code,quantity,unit_price_gbp\n"
        "1,2010-12-01T08:26,7,A,2,1\n1,2010-12-01T08:26,7,B,many,1\n"
        "2,yesterday,7,A,2,1\n3,2010-12-01T08:26,7,A,2,1\n"
    )
    found: list[FormatError] = []
    books = Books()
    path = write(tmp_path, "o.csv", retail)
    events = list(read(path, "online-retail", found.append, books=books))
    assert [e.data["order_id"] for e in events] == ["1", "3"], "a bad line costs itself alone"
    assert [line["product_id"] for line in events[0].data["products"]] == ["A"]
    assert [str(e).rpartition("o.csv:")[2] for e in found] == [
        "3: quantity 'many' is not a number",
        "4: timestamp 'yesterday' is not a time",
    ]
    assert (books.rows, books.events, books.skipped_bad.total()) == (4, 2, 2)
    clicks = "session_id,item_id,timestamp\n1\n,b,1\n1,c,nan\n1,d,9\n"
    found.clear()
    events = list(read(write(tmp_path, "c.csv", clicks), "yoochoose", found.append))
    assert [e.data["product_id"] for e in events] == ["d"]
    assert len(found) == 3


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "c.csv.gz"
    whole = gzip.compress(b"session_id,item_id,timestamp\n" + b"1,a,9e8\n" * 5000)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"c\.csv\.gz: "):
        list(read(path, "yoochoose"))


@pytest.mark.skipif(not DATA.exists(), reason="the real data sets are not beside the checkout")
def test_real_files_have_the_counts_that_their_pages_state():
    clicks = Counter(e.type for e in read(DATA / "yoochoose-100k/clicks_train.csv.gz", "yoochoose"))
    assert clicks == {"product.clicked.v1": 70_278}
    orders = list(read(DATA / "online-retail/lines_test.csv.gz", "online-retail"))
    assert 0 < len(orders) <= 1_137, "invoices without cancellations"
    assert len({e.id for e in orders}) == len(orders)
