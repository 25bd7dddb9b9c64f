"""Files as shops send them: cases that once went wrong, each with what is right."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import cramjam
import pytest

from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import Books, FormatError, Options, read

NOW_MS = 1_790_000_000_000
CASES = Path(__file__).parents[4] / "shared" / "cases"
HEADER = "session_id,item_id,timestamp\n"


def write(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def run(path, form="auto", **options):
    """(events, books, messages of bad rows, notes)."""
    books, bad, notes = Books(), [], []
    chosen = Options(say=notes.append, **options)
    events = list(read(path, form, bad.append, options=chosen, books=books, now_ms=NOW_MS))
    assert books.balanced()
    return events, books, [str(error) for error in bad], notes


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_f1_marks_encodings_and_line_ends(tmp_path, encoding, ends):
    text = (HEADER + "s1,i1,1700000000\n").replace("\n", ends)
    [event], *_ = run(write(tmp_path, text.encode(encoding)), "yoochoose")
    assert event.data["session_id"] == "s1"


def test_f1_gbk_is_told_from_latin_and_both_are_said(tmp_path):
    text = "product_id,title\nA1,我们的茶杯是白色的\nA2,紫砂茶壶\n"
    notes = []
    products = load(write(tmp_path, text.encode("gbk")), options=Options(say=notes.append))
    assert products[1].title == "紫砂茶壶"
    assert "GB18030" in notes[0]
    text = "product_id,title\nA1,Café crème à Genève\n"
    [product] = load(write(tmp_path, text.encode("latin-1")), options=Options(say=notes.append))
    assert product.title == "Café crème à Genève"
    with pytest.raises(FormatError, match=r"at byte 20.*--encoding"):
        load(write(tmp_path, "product_id,title\nA1,Привет, чашка\n".encode("cp1251")))


def test_f1_gzip_and_zip(tmp_path):
    text = HEADER + "s1,i1,1700000000\n"
    assert len(run(write(tmp_path, gzip.compress(text.encode())))[0]) == 1
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("clicks.csv", text)
    assert len(run(tmp_path / "a.zip")[0]) == 1


@pytest.mark.parametrize(
    "text",
    ["1700000000", "1700000000000", "1700000000000000", "1700000000000000000", "1.7E+12",
     "2023-11-14T22:13:20Z", "2023-11-14 22:13:20 UTC", "2023-11-15T06:13:20+08:00",
     "2023/11/14 22:13:20", "20231114221320", "14.11.2023 22:13:20", "11/14/2023 10:13:20 PM"],
)  # fmt: skip
def test_f2_times_of_any_unit_and_writing(tmp_path, text):
    [event], *_ = run(write(tmp_path, f"{HEADER}s1,i1,{text}\n"), "yoochoose")
    assert event.time_ms == 1_700_000_000_000


@pytest.mark.parametrize("text", ["1e300", "9" * 400, "-1", "nan", "inf", "0", "1e16", "later"])
def test_f2_what_is_no_time_is_a_bad_row(tmp_path, text):
    path = write(tmp_path, f"{HEADER}s1,i1,{text}\ns1,i2,1700000000\n")
    events, books, bad, _ = run(path, "yoochoose")
    assert (len(events), books.skipped_bad.total()) == (1, 1)
    assert ":2: timestamp" in bad[0]
    with pytest.raises(FormatError, match=":2: timestamp"):
        list(read(path, "yoochoose", now_ms=NOW_MS))


def test_f3_ids_are_of_the_rows(tmp_path):
    one = write(tmp_path, HEADER + "s1,i1,1700000000\ns1,i1,1700000000\n", "day1/clicks.csv")
    two = write(tmp_path, HEADER + "s9,i8,1700086400\n", "day2/clicks.csv")
    first, again, second = ([e.id for e in run(p, "yoochoose")[0]] for p in (one, one, two))
    assert first == again, "the same file sent twice is recognised"
    assert len({*first, *second}) == 3, "two files of one name, and two same rows, hide nothing"


def test_f4_times_move_by_the_earliest_row(tmp_path):
    rows = "u1,m1,4.0,1112486027\nu2,m1,5.0,874724710\n"
    events, _, bad, notes = run(write(tmp_path, "user_id,item_id,rating,timestamp\n" + rows))
    assert not bad
    assert events[0].time_ms - events[1].time_ms == (1112486027 - 874724710) * 1000
    assert any("moved forward" in note for note in notes)
    rows += "u3,m1,5.0,1780000000\n"
    events, _, bad, _ = run(write(tmp_path, "user_id,item_id,rating,timestamp\n" + rows))
    assert not bad
    assert events[2].time_ms == 1_780_000_000_000, "what is recent stays where it is"


def test_f5_scales(tmp_path):
    text = "user_id,item_id,rating,timestamp\n" + "".join(
        f"u{n},b1,{rating},1700000000\n" for n, rating in enumerate((8, 10, 3))
    )
    path = write(tmp_path, text)
    events, _, _, notes = run(path)
    assert [e.data["rating"] for e in events] == [4.0, 5.0, 1.5]
    assert any("ratings 3 to 10 taken as of 1 to 10" in note for note in notes)
    events, books, bad, _ = run(path, rating_scale=(0.0, 5.0))
    assert (len(events), books.skipped_bad) == (1, {"out_of_range": 2})
    assert ":2: rating 8 is not on the scale of 0 to 5" in bad[0]


def test_f6_zones_and_day_order(tmp_path):
    header = "invoice_no,timestamp,customer_id,stock_code,quantity,unit_price_gbp\n"
    [event], *_ = run(write(tmp_path, header + "1,2024-03-05T12:00:00+08:00,c,A,1,1\n"))
    assert event.time_ms == 1_709_611_200_000
    text = header + "1,5/3/2024 4:00,c,A,1,1\n2,13/3/2024 4:00,c,A,1,1\n"
    events, _, _, notes = run(write(tmp_path, text))
    assert events[0].time_ms == 1_709_611_200_000, "the second row says that days come first"
    assert any("day/month/year" in note for note in notes)


def test_f8_what_fits_nothing_is_told_what_each_format_needs(tmp_path):
    path = write(tmp_path, "who,what,when\na,b,1700000000\n")
    with pytest.raises(FormatError, match="retailrocket: timestamp,visitorid"):
        run(path)
    columns = {"user_id": "who", "item_id": "what", "timestamp": "when"}
    [event], _, _, notes = run(path, columns=columns)
    assert event.data == {"product_id": "b", "user_id": "a"}
    assert any("every row is taken as a click" in note for note in notes)
    path = write(tmp_path, "timestamp,visitorid,event,itemid\n1700000000000,1,view,2\n")
    with pytest.raises(FormatError, match="looks like --format retailrocket"):
        run(path, "yoochoose")


@pytest.mark.parametrize("around", [" {} ", "\u00a0{}\u3000", "\u200b{}\ufeff", "\t{}"])
def test_f9_ids_are_one_in_clicks_and_catalogue(tmp_path, around):
    padded = around.format("A1")
    [event], *_ = run(write(tmp_path, f"{HEADER}s1,{padded},1700000000\n"))
    [product] = load(write(tmp_path, f"{around.format('product_id')};title\n{padded};Cup\n"))
    assert event.data["product_id"] == product.product_id == "A1"


def test_f10_an_optional_cell_costs_itself(tmp_path):
    books = Books()
    path = write(tmp_path, "product_id,title,price\np1,Tea,1.5\np2,Cup,free\n,Pot,2\n")
    products = load(path, on_bad=lambda _: None, books=books)
    assert [(p.product_id, p.price) for p in products] == [("p1", 1.5), ("p2", None)]
    assert (books.dropped_cells, books.skipped_bad) == ({"price": 1}, {"empty_field": 1})
    assert books.balanced()


def test_a_german_catalogue_is_read_whole_and_what_is_not_is_shown(tmp_path):
    notes = []
    text = (
        "product_id;title;price;available;color;weight_g;bild_url;ean\n"
        "p1;Mäntel;1.299,00 €;nein;grün;1.250,5;https://x/p.jpg;0400\n"
        "p2;Hemd;49,90;ja;weiß;300;;0401\np3;Rock;19,90;vielleicht;;;;\n"
    )
    path = write(tmp_path, text.encode("cp1252"))
    products = load(path, further=True, options=Options(say=notes.append))
    assert [(p.price, p.available) for p in products] == [
        *((1299.0, False), (49.9, True), (19.9, None)),
    ]
    assert [p.attributes for p in products] == [
        *({"color": "grün", "weight_g": 1250.5}, {"color": "weiß", "weight_g": 300}, None),
    ]
    assert any("kept as attributes of products: color, weight_g" in note for note in notes)
    assert any("1 of available could not be used" in n and "'vielleicht'" in n for n in notes)


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("是", True),
        ("有货", True),
        ("缺货", False),
        ("下架", False),
        ("ausverkauft", False),
        ("0", False),
    ],
)
def test_availability_in_other_words(tmp_path, said, there):
    [product] = load(write(tmp_path, f"product_id,title,available\np,t,{said}\n"))
    assert product.available is there


def test_f12_an_open_quote_costs_its_line(tmp_path):
    text = HEADER + 's1,i1,1700000000\n,i1,1700000001\ns1,"i2,1700000002\ns1,i3,1700000003\n'
    events, books, bad, _ = run(write(tmp_path, text + "s2,i4,1700000004\n"))
    assert [e.data["product_id"] for e in events] == ["i1", "i3", "i4"]
    assert books.skipped_bad == {"empty_field": 1, "open_quote": 1}
    assert ":4: a quote is opened" in bad[1]


def test_an_unknown_kind_is_named_and_never_a_click(tmp_path):
    text = "user_id,item_id,timestamp,event\nu,i,1700000000,teleport\nu,i,1700000000,view\n"
    events, books, bad, _ = run(write(tmp_path, text))
    assert [e.type for e in events] == ["product.clicked.v1"]
    assert books.skipped_bad == {"unknown_type": 1}
    assert "'teleport'" in bad[0]


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "events", "bad"),
    [("clicks_bom.csv", 2, 0), ("clicks_ms.csv", 2, 0), ("ratings_mixed_years.csv", 4, 0),
     ("ratings_ten.csv", 3, 0), ("invoices_zone.csv", 1, 0), ("retailrocket_like.csv", 1, 0),
     ("uci_raw.csv", 1, 0), ("clicks_padded.csv", 1, 0), ("unclosed_quote.csv", 3, 2)],
)  # fmt: skip
def test_the_shared_cases(name, events, bad):
    found, books, *_ = run(CASES / name)
    assert (len(found), books.skipped_bad.total()) == (events, bad)


@pytest.mark.parametrize(
    "text",
    ["Nov 14, 2023 10:13:20 PM", "November 14, 2023 22:13:20", "14/Nov/2023:22:13:20 +0000",
     "Tuesday, 14 November 2023 22:13:20",
     "Wed Nov 15 2023 06:13:20 GMT+0800 (China Standard Time)",
     "2023-11-15T06:13:20+08:00[Asia/Shanghai]", "2023-11-14T22:13:20Z[UTC]"],
)  # fmt: skip
def test_f2_times_as_programs_and_people_write_them(tmp_path, text):
    [event], *_ = run(write(tmp_path, f'{HEADER}s1,i1,"{text}"\n'), "yoochoose")
    assert event.time_ms == 1_700_000_000_000


@pytest.mark.parametrize("text", ["2023-11-14T22:13:20[Asia/Shanghai]", "Foo 14, 2023", "Nov 2023"])
def test_f2_a_zone_without_its_offset_and_no_month_are_bad_rows(tmp_path, text):
    _, books, bad, _ = run(write(tmp_path, f'{HEADER}s1,i1,"{text}"\n'), "yoochoose")
    assert books.skipped_bad == {"invalid_time": 1}
    assert ":2: timestamp" in bad[0]


@pytest.mark.parametrize("encoding", ["shift_jis", "cp1251", "big5"])
def test_f1_what_no_reader_can_be_sure_of_is_asked_for(tmp_path, encoding):
    text = {
        "shift_jis": "カップ\nA2,ひらがな",
        "cp1251": "Чашка белая",
        "big5": "我們的茶杯是白色的杯子",
    }
    path = write(tmp_path, f"product_id,title\nA1,{text[encoding]}\n".encode(encoding))
    with pytest.raises(FormatError, match="--encoding"):
        load(path)
    assert load(path, options=Options(encoding))[0].title == text[encoding].split("\n")[0]


def test_f1_western_signs_are_western(tmp_path):
    path = write(tmp_path, "product_id,title\nA1,Café „Müller“ – 5 €\n".encode("cp1252"))
    assert load(path)[0].title == "Café „Müller“ – 5 €"


def test_f9_a_number_that_a_table_gave_a_fraction_is_the_same_id(tmp_path):
    header = "user_id,item_id,timestamp,event\n"
    events, *_ = run(
        write(tmp_path, header + "17850.0,22.0,1700000000,view\nx.0,1.5,1700000000,view")
    )
    assert [(e.key, e.data["product_id"]) for e in events] == [("17850", "22"), ("x.0", "1.5")]
    assert load(write(tmp_path, "product_id,title\n22.0,Cup\n"))[0].product_id == "22"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\x28\xb5\x2f\xfd0000", "zstd"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "Excel"), (b"", "is empty"),
     (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
     (b"product_id,title\nA,Cup\n", "--catalogue"), (b"<!DOCTYPE html><html></html>", "no format"),
     (b'{"user_id":"u",\n"item_id":"i"\n}\n', "one object a line")],
)  # fmt: skip
def test_f8_what_is_no_table_of_events_is_named(tmp_path, content, words):
    with pytest.raises(FormatError, match=words):
        run(write(tmp_path, content))


@pytest.mark.parametrize(
    "rows",
    ['"s1,i1,1700000000\ns2,i2,1700000000\n', 's2,i2,1700000000\ns1,"i1,1700000000\n',
     's1,"i\n1,1700000000"\ns2,i2,1700000000\n'],
)  # fmt: skip
def test_f12_an_open_quote_costs_its_own_line_wherever_it_stands(tmp_path, rows):
    events, books, *_ = run(write(tmp_path, HEADER + rows), "yoochoose")
    assert [e.data["product_id"] for e in events] == ["i2"]
    assert books.skipped_bad["open_quote"] == 1
    assert books.rows == rows.count("\n")


@pytest.mark.parametrize("said", [None, "utf-8"])
def test_f1_a_line_that_is_not_utf8_costs_itself(tmp_path, said):
    rows = [f"s{n},茶{n},1700000000\n".encode() for n in range(300)]
    rows[200] = b"s200,\xff\xfe,1700000000\n"
    path = write(tmp_path, HEADER.encode() + b"".join(rows))
    events, books, bad, notes = run(path, encoding=said)
    assert (len(events), books.skipped_bad) == (299, {"invalid_utf8": 1})
    assert bad == [f"{path}:202: not UTF-8"]
    assert any("1 lines are not UTF-8" in note for note in notes)
    with pytest.raises(FormatError, match=":202: not UTF-8"):
        list(read(path, "yoochoose", now_ms=NOW_MS))


def test_f1_a_json_line_that_is_not_utf8_costs_itself(tmp_path):
    line = '{{"user_id":"u","item_id":"茶{}","timestamp":1700000000,"event":"view"}}\n'
    content = "".join(line.format(n) for n in range(150)).encode()
    broken = content.replace("茶77".encode(), b"\xe8\x8c77")
    events, books, *_ = run(write(tmp_path, broken, "f.jsonl"))
    assert (len(events), books.skipped_bad) == (149, {"invalid_utf8": 1})


def test_zstd_is_read_in_frames_and_a_part_of_it_refused(tmp_path):
    lines = "".join(f"s{n},i{n},1700000000\n" for n in range(2000))
    packed = [bytes(cramjam.zstd.compress(part.encode())) for part in (HEADER, lines)]
    assert len(run(write(tmp_path, b"".join(packed), "clicks.csv.zst"))[0]) == 2000
    for damaged in (packed[0] + packed[1][:-3], packed[0] + b"more"):
        with pytest.raises(FormatError, match=r"clicks\.csv\.zst: zstd: "):
            run(write(tmp_path, damaged, "clicks.csv.zst"))
    twice = bytes(cramjam.zstd.compress(gzip.compress(HEADER.encode())))
    with pytest.raises(FormatError, match="compressed twice"):
        run(write(tmp_path, twice))


@pytest.mark.parametrize(
    ("word", "truth"),
    [("Sí", True), ("si", True), ("Oui", True), ("Y", True), ("是", True), ("TRUE", True),
     ("no", False), ("Nein", False), ("non", False), ("N", False), ("否", False)],
)  # fmt: skip
def test_yes_and_no_are_the_same_in_availability_and_attributes(tmp_path, word, truth):
    path = write(tmp_path, f"product_id,title,available,waterproof\nA1,Cup,{word},{word}\n")
    [product] = load(path, further=True)
    assert product.available is truth
    assert product.attributes == {"waterproof": truth}
