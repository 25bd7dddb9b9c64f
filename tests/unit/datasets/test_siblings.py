"""Siblings of the cases in `test_cases`: other files of the same kinds."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.cells import clean, is_shortened, number, price, rating_of
from shopkeeper.shared.datasets.products import load

from .test_cases import HEADER, run, write

ROW = "s1,i1,1700000000\n"
EVENTS = "user_id,item_id,timestamp,event\n"
EVENT = "u,i,1700000000,view\n"
DOCUMENT = {"user_id": "u", "item_id": "i", "timestamp": 1700000000, "event": "view"}
LINE = json.dumps(DOCUMENT)
PRETTY = json.dumps(DOCUMENT, indent=2)


def zipped(**members):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return kept.getvalue()


def gzipped(content):
    return gzip.compress(content, mtime=0)  # else no two processes collect the same tests


def tarred(content):
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        member = tarfile.TarInfo("clicks.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return kept.getvalue()


TEXT = (HEADER + ROW).encode()


@pytest.mark.parametrize(
    "content",
    [lzma.compress(TEXT), bz2.compress(TEXT), bz2.compress(TEXT, 1), gzipped(TEXT),
     gzipped(TEXT) + gzipped(b""), TEXT + b"\x1a", TEXT + b"\0" * 512,
     HEADER.encode() + b"\0" * 40 + b"\n" + ROW.encode(), TEXT.replace(b"\n", b"\r\r\n"),
     b"\xef\xbb\xbf\xef\xbb\xbf" + TEXT, b"\xef\xbb\xbf" + TEXT + b"\xef\xbb\xbf" + HEADER.encode(),
     TEXT.decode().replace(",", "\t").encode("utf-16"),
     zipped(**{"clicks.csv": TEXT, "__MACOSX/._clicks.csv": b"x", ".DS_Store": b"x"})],
)  # fmt: skip
def test_f1_the_same_event_whatever_is_around_its_text(tmp_path, content):
    events, books, bad, _ = run(write(tmp_path, content))
    assert [e.data["session_id"] for e in events] == ["s1"]
    assert (books.rows, bad) == (1, [])


@pytest.mark.parametrize(
    ("content", "words"),
    [(gzipped(gzipped(TEXT)), "compressed twice"), (tarred(TEXT), "a tar archive"),
     (gzipped(tarred(TEXT)), "holds a tar archive"), (zipped(), "an empty zip"),
     (zipped(a=zipped(b=b"x")), "compressed twice"), (zipped(a=b"x", b=b"y"), "a zip of 2 files"),
     (zipped(mimetype=b"application/vnd.oasis", x=b"y"), "a workbook"), (b"%PDF-1.7\n", "a PDF"),
     (b"\x04\x22\x4d\x18abc", "lz4"), (b"\xff\x06\x00\x00sNaPpYabc", "snappy"),
     (lzma.compress(TEXT, lzma.FORMAT_ALONE), "lzma"), (b"ORC\x0a\x0b", "an ORC file"),
     (b"ARROW1\0\0abc", "an Arrow"), (b"\x89HDF\r\n\x1a\n", "an HDF5"),
     (b"\x80\x04\x95ab", "pickle"),
     (b"{\\rtf1 x}", "RTF"), (lzma.compress(TEXT)[:-9], "end-of-stream"),
     (f"{EVENTS}김철수님,하얀찻잔,1,view\n".encode("euc-kr"), "--encoding")],
)  # fmt: skip
def test_f1_what_is_no_text_is_named_with_the_way_out(tmp_path, content, words):
    with pytest.raises(FormatError, match=words):
        run(write(tmp_path, content))


@pytest.mark.parametrize(
    "text",
    ["2023-11-14 22:13:20 +0000 UTC", "2023-11-15 06:13:20 +0800 +0800", "Tue Nov 14 22:13:20 2023",
     "Tue Nov 14 22:13:20 UTC 2023", "20231114T221320Z", "20231115T061320+0800",
     "14-Nov-23 22:13:20", "14. Nov. 2023 22:13:20", "2023年11月14日22时13分20秒",
     "/Date(1700000000000)/", "/Date(1700000000000+0800)/", "1700000000,0",
     '="1700000000"', "２０２３-11-14 22:13:20"],
)  # fmt: skip
def test_f2_times_that_further_programs_write(tmp_path, text):
    cell = text if '"' in text else f'"{text}"'
    [event], *_ = run(write(tmp_path, f"{HEADER}s1,i1,{cell}\n"), "yoochoose")
    assert event.time_ms == 1_700_000_000_000


@pytest.mark.parametrize(
    "text",
    ["2023-11-14T22:13:20Z+08:00", "14 marraskuu 2023", "2023-11-14 22:13:20 CET", "1,700",
     "0000-00-00 00:00:00", "2023-02-30", "########", "#REF!", "17000000000000000000"],
)  # fmt: skip
def test_f2_what_could_be_another_time_is_a_bad_row(tmp_path, text):
    _, books, bad, _ = run(write(tmp_path, f'{HEADER}s1,i1,"{text}"\n'), "yoochoose")
    assert books.skipped_bad.total() == 1
    assert ":2: timestamp" in bad[0]


@pytest.mark.parametrize(
    ("text", "rating"),
    [("5 stars", 5.0), ("4/5", 4.0), ("8/10", 4.0), ("★★★☆☆", 3.0), ("★★★★", 4.0), ("80%", 4.0),
     ("4.0 out of 5 stars", 4.0), ("4,5", 4.5), ("4 von 5", 4.0), ("4分", 4.0)],
)  # fmt: skip
def test_f5_ratings_as_shops_write_them(tmp_path, text, rating):
    header = "user_id,item_id,rating,timestamp\n"
    [event], *_ = run(write(tmp_path, f'{header}u,i,"{text}",1700000000\n'))
    assert event.data["rating"] == rating


@pytest.mark.parametrize("text", ["five", "6/5", "4/0", "4 of many", "☆☆☆", "-1", "NaN", "#N/A"])
def test_f5_what_is_no_rating_is_a_bad_row(tmp_path, text):
    header = "user_id,item_id,rating,timestamp\n"
    _, books, bad, _ = run(write(tmp_path, f"{header}u,i,{text},1700000000\n"))
    assert books.skipped_bad.total() == 1
    assert ":2: rating" in bad[0]


@pytest.mark.parametrize(
    "text",
    [EVENTS.replace(",", "\x01") + EVENT.replace(",", "\x01"),
     '"sep=;"\n' + (EVENTS + EVENT).replace(",", ";"), "# made by x, 2024\n#\n" + EVENTS + EVENT,
     "#" + EVENTS + EVENT, "# made by x\n\n" + EVENTS + EVENT, EVENTS[:-1] + ",\n" + EVENT,
     EVENTS[:-1] + ",,\n" + EVENT, EVENTS + EVENT[:-1] + ",,\n", "," + EVENTS + "0," + EVENT,
     '"user_id","item_id","timestamp","event"\n"1","u","i",1700000000,"view"\n',
     EVENTS + EVENT + EVENTS, "event,timestamp,item_id,user_id\nview,1700000000,i,u\n",
     "用户ID,商品ID,时间,行为\nu,i,1700000000,浏览\n", f"[{LINE}]", f"{LINE},\n", PRETTY,
     f"{PRETTY},\n",
     f"[\n{LINE}\n]\n", LINE[:-1] + ', "price": NaN}\n', LINE[:-1] + ', "price": -Infinity}\n',
     LINE.replace("1700000000", '{"$date": {"$numberLong": "1700000000000"}}').replace(
         '"u"', '{"$oid": "u"}')],
)  # fmt: skip
def test_f8_one_table_in_many_dresses(tmp_path, text):
    events, books, bad, _ = run(write(tmp_path, text))
    assert [(e.type, e.data) for e in events] == [
        ("product.clicked.v1", {"product_id": "i", "user_id": "u"})
    ]
    assert (books.rows, bad) == (1, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [("user_id," + EVENTS + "v," + EVENT, "column user_id is there twice"),
     ("UserID," + EVENTS + "v," + EVENT, "is there twice"),
     ("Report: clicks\nof,2024\n" + EVENTS + EVENT, "header seems to begin with user_id"),
     (json.dumps({"data": [DOCUMENT], "next": None}), "in its field data"),
     (json.dumps({"took": 1, "hits": {"hits": []}}), "in its field hits"),
     ("user_id item_id\nu i\n", "it begins with user_id item_id")],
)  # fmt: skip
def test_f8_a_table_that_cannot_be_read_says_where_to_begin(tmp_path, text, words):
    with pytest.raises(FormatError, match=words):
        run(write(tmp_path, text))


def test_f8_pretty_objects_cost_themselves_alone(tmp_path):
    cut = PRETTY[:-2] + "\n"
    events, books, bad, _ = run(write(tmp_path, f"{PRETTY}\n{cut}{PRETTY}\n{LINE}\n", "f.json"))
    assert (len(events), books.skipped_bad) == (3, {"invalid_json": 1})
    assert ":7: an object that is not closed" in bad[0]


def test_f8_names_of_the_vocabularies_are_left_out_or_read(tmp_path):
    names = ("page_view", "begin_checkout", "Product Viewed", "ViewContent", "加购", "teleport")
    rows = "".join(f"u,i,1700000000,{name}\n" for name in names)
    events, books, bad, _ = run(write(tmp_path, EVENTS + rows))
    assert [e.type for e in events] == [*["product.clicked.v1"] * 2, "product.added.v1"]
    assert books.left_out == {"page_view": 1, "begin_checkout": 1}
    assert "'teleport'" in bad[0]


@pytest.mark.parametrize("around", ['="{}"', "\u202d{}\u202c", "\u2066{}\u2069", "{}\x00", "{}.0"])
def test_f9_an_id_is_one_in_clicks_and_catalogue(tmp_path, around):
    padded = around.format("0017")
    [event], *_ = run(write(tmp_path, f"{HEADER}s1,{padded},1700000000\n"))
    [product] = load(write(tmp_path, f"product_id;title\n{padded};Cup\n"))
    assert event.data["product_id"] == product.product_id == "0017"


@pytest.mark.parametrize("text", ["1.23E+12", "1.23e+12", "4E+12", '"1,23E+12"'])
def test_f9_a_number_that_a_spreadsheet_has_rounded_is_no_id(tmp_path, text):
    _, books, bad, _ = run(write(tmp_path, f"{HEADER}s1,{text},1700000000\n"))
    assert books.skipped_bad == {"wrong_type": 1}
    assert ":2: item_id was shortened by a spreadsheet" in bad[0]
    with pytest.raises(FormatError, match=":2: product_id was shortened"):
        load(write(tmp_path, f"product_id,title\n{text},Cup\n"))


@pytest.mark.parametrize(
    "text",
    ["#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "#####", "<NA>", "NaT", "undefined",
     "[object Object]", "(not set)", "NIL", "N/A", "\\N", "\u200b"],
)  # fmt: skip
def test_f9_a_word_for_nothing_is_no_id(tmp_path, text):
    _, books, bad, _ = run(write(tmp_path, f"{EVENTS}u,{text},1700000000,view\n"))
    assert books.skipped_bad == {"empty_field": 1}
    assert ":2: item_id is empty" in bad[0]


@pytest.mark.parametrize("text", ["true", "1.5e400", "[1]", '{"id": 1}'])
def test_f9_json_that_is_no_id_is_a_bad_row(tmp_path, text):
    line = LINE.replace('"i"', text)
    _, books, _, _ = run(write(tmp_path, f"{line}\n{LINE}\n"))
    assert books.skipped_bad.total() == 1


def test_f9_guests_are_not_one_user(tmp_path):
    header = "user_id,session_id,item_id,timestamp,event\n"
    rows = "guest,s1,i,1700000000,view\nGUEST,s2,i,1700000000,view\n0,s3,i,1700000000,view\n"
    events, *_ = run(write(tmp_path, header + rows))
    assert [e.key for e in events] == ["s1", "s2", "0"]
    *_, notes = run(write(tmp_path, EVENTS + "guest,i,1700000000,view\n"))
    assert any("'guest' is taken as one user" in note for note in notes)


@pytest.mark.parametrize(
    ("text", "found"),
    [("9,99 €", (9.99, "EUR")), ("$1,299.00", (1299.0, "USD")), ("1.299,00", (1299.0, None)),
     ("1\u00a0299,00", (1299.0, None)), ("1'299.00 CHF", (1299.0, "CHF")),
     ("CHF 5.-", (5.0, "CHF")),
     ("R$ 5,50", (5.5, "BRL")), ("-$5", (-5.0, "USD")), ("12 kr", (12.0, None)),
     ("1,234,567", (1234567.0, None))],
)  # fmt: skip
def test_f10_prices_as_shops_write_them(tmp_path, text, found):
    assert price(text) == found
    header = "user_id,item_id,timestamp,event,order_id,price\n"
    path = write(tmp_path, f'{header}u,i,1700000000,purchase,o,"{text}"\n')
    [event], books, *_ = run(path)
    assert event.data["products"][0]["price"] == found[0]
    assert event.data.get("currency") == found[1]
    assert not books.dropped_cells


@pytest.mark.parametrize("text", ["1,299", "5.00-", "free", "1 2", "NaN", "5 - 6", "1_000"])
def test_f10_a_price_is_not_guessed(tmp_path, text):
    header = "user_id,item_id,timestamp,event,order_id,price\n"
    path = write(tmp_path, f'{header}u,i,1700000000,purchase,o,"{text}"\n')
    [event], books, *_ = run(path)
    assert "price" not in event.data["products"][0]
    assert books.dropped_cells == {"price": 1}


def test_f10_what_comes_back_was_not_bought(tmp_path):
    header = "user_id,item_id,timestamp,event,order_id,quantity\n"
    rows = "u,i,1700000000,purchase,o,-1\nu,i,1700000000,add_to_cart,,-2\nu,j,1700000000,buy,o,2\n"
    events, books, *_ = run(write(tmp_path, header + rows))
    assert [e.data["products"][0]["product_id"] for e in events] == ["j"]
    assert books.left_out == {"negative quantity": 2}


@pytest.mark.parametrize(
    ("cell", "item"),
    [
        ('"a \\"x\\", b"', 'a "x", b'),
        ("a\\,b", "a,b"),
        ('"a ""x"""', 'a "x"'),
        ('5" pot', '5" pot'),
    ],
)
def test_f12_quotes_in_a_cell_however_they_are_marked(tmp_path, cell, item):
    events, _, bad, _ = run(write(tmp_path, f"{EVENTS}u,{cell},1700000000,view\n{EVENT}"))
    assert [e.data["product_id"] for e in events] == [item, "i"]
    assert not bad


def test_a_header_alone_and_one_row_too_many_are_counted(tmp_path):
    events, books, bad, _ = run(write(tmp_path, EVENTS))
    assert (events, books.rows, bad) == ([], 0, [])
    rows = "u,i,1700000000\nu,i,1700000000,view,x\nTotal,2,,\n" + EVENT
    events, books, bad, _ = run(write(tmp_path, EVENTS + rows))
    assert (len(events), len(bad)) == (1, 3)


@given(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), st.sampled_from(["en", "de", "fr", "ch"]))
def test_a_number_is_the_same_in_every_countrys_writing(value, country):
    text = f"{value:,.2f}"
    marks = {"en": ",.", "de": ".,", "fr": "\u202f,", "ch": "’."}[country]
    text = text.translate(str.maketrans({",": marks[0], ".": marks[1]}))
    assert number(text) == value
    assert price(f"{text} EUR") == (value, "EUR")


@given(st.text(max_size=20))
def test_cells_are_clean_once_and_for_all_and_nothing_else_is_raised(text):
    assert clean(clean(text)) == clean(text)
    is_shortened(text)
    for read in (number, price, rating_of):
        with contextlib.suppress(ValueError):
            read(text)
