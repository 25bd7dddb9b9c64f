"""`shopkeeper validate`: what workers would say of a file, and never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.apps.cli import validate
from shopkeeper.shared.contracts.parsing import ERRORS

CLICK = {"user_id": "u", "product_id": "p"}
HEADER = "session_id,item_id,timestamp\n"
GOOD_ROW = "s1,i1,1700000000\n"


def lines(*documents):
    return "".join(json.dumps(each) + "\n" for each in documents)


@pytest.fixture
def said(tmp_path, monkeypatch):
    """Runs the command on a file of this content: (exit status, what --json says, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(content, *arguments, name="events.jsonl", stdin=None):
        if content is not None:
            Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        result = CliRunner().invoke(validate.command, [name, "--json", *arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        found = json.loads(result.stdout) if result.stdout.strip() else None
        return result.exit_code, found, result.stderr

    return run


# -- verdicts


def test_what_is_accepted_skipped_and_refused_is_counted_and_named(said):
    code, found, _ = said(
        lines(
            CLICK,
            {"type": "page", "userId": "u"},
            {"user_id": "u"},
            {"event": "purchase", "client_id": "c", "items": [{"item_id": "a"}], "timestamp": 5},
            {"event": "teleported", "user_id": "u"},
        )
    )
    assert code == 1
    assert [found[name] for name in ("accepted", "skipped", "refused")] == [1, 1, 3]
    assert found["accepted_by_type"] == {"product.clicked.v1": 1}
    assert found["skipped_by_reason"] == {"not_ours": 1}
    assert found["refused_by_error"] == {"missing_field": 1, "time_too_old": 1, "unknown_type": 1}
    assert [(p["line"], p["error"]) for p in found["problems"]] == [
        (3, "missing_field"), (4, "time_too_old"), (5, "unknown_type")
    ]  # fmt: skip
    assert "`teleported`" in found["problems"][2]["message"]
    assert "TYPE_PREFIX" in found["problems"][2]["way_out"]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (CLICK, "product.clicked.v1"),
        ({"type": "com.example.shop.product.added.v1", **CLICK}, "product.added.v1"),
        ({"type": "track", "event": "Order Completed", "userId": "u",
          "properties": {"order_id": "o", "products": [{"sku": "a"}]}}, "order.completed.v1"),
        (["event", "view_item", {"user_id": "u", "items": [{"item_id": "a"}]}],
         "product.clicked.v1"),
        ({"type": "products.searched.v1", "query": "shoes", "user_id": "u"},
         "products.searched.v1"),
        ({"type": "product.reviewed.v1", "product_id": "p", "review_id": "r", "rating": 4},
         "product.reviewed.v1"),
        ({"type": "product.catalogued.v1", "product_id": "p", "title": "Cup"},
         "product.catalogued.v1"),
        ({"specversion": "1.0", "id": "1", "source": "/a", "data": CLICK,
          "type": "com.example.shop.product.clicked.v1"}, "product.clicked.v1"),
    ],
)  # fmt: skip
def test_an_event_finds_its_topic_by_its_type(said, document, kind):
    code, found, _ = said(lines(document))
    assert (code, found["accepted_by_type"], found["refused"]) == (0, {kind: 1}, 0)


def test_each_event_of_a_record_is_judged_for_itself(said):
    items = [{"item_id": "a"}, {"item_id": 1.5}, {"item_id": "c"}]
    code, found, _ = said(lines({"event": "add_to_cart", "client_id": "c", "items": items}))
    assert (code, found["accepted"], found["refused"]) == (1, 2, 1)
    assert found["refused_by_error"] == {"wrong_type": 1}


def test_a_field_of_the_payload_named_as_the_envelopes_makes_no_envelope(said):
    code, found, _ = said(lines({**CLICK, "note": {"specversion": "1.0"}}))
    assert (code, found["accepted"]) == (0, 1)
    code, found, _ = said(lines({"specversion": "1.0", "id": "1", "data": CLICK}))
    assert (code, found["problems"][0]["message"]) == (1, "missing required field `type`")


def test_a_topic_that_is_named_judges_as_its_workers_do(said):
    review = {"product_id": "p", "review_id": "r", "rating": 7}
    code, found, _ = said(lines(review), "--topic", "shop.reviews.v1")
    assert (code, found["refused_by_error"]) == (1, {"out_of_range": 1})
    assert "converts other scales" in found["problems"][0]["way_out"]
    search = {"type": "products.searched.v1", "query": "q", "user_id": "u"}
    code, found, _ = said(lines(search), "--topic", "shop.clicks.v1")
    assert (code, found["skipped_by_reason"]) == (0, {"other_type": 1})


def test_a_refusal_says_which_topic_would_take_the_event(said):
    code, found, _ = said(lines({"product_id": "p", "review_id": "r", "rating": 3}))
    assert code == 1
    assert "--topic shop.reviews.v1" in found["problems"][0]["message"]
    assert "--topic" not in said(lines({"user_id": "u"}))[1]["problems"][0]["message"]


def test_a_prefix_of_the_shop_is_heeded(said, monkeypatch):
    document = {"type": "shop.acme.product.clicked.v1", **CLICK}
    assert said(lines(document))[1]["refused_by_error"] == {"unknown_type": 1}
    monkeypatch.setenv("TYPE_PREFIX", "shop.acme.")
    assert said(lines(document))[1]["accepted"] == 1


def test_times_are_judged_by_the_clock(said):
    times = ["yesterday", 5, (time.time() + 90_000) * 1000, time.time() + 3600]
    _, found, _ = said(lines(*({**CLICK, "time": t} for t in times)))
    assert [p["error"] for p in found["problems"]] == ["invalid_time", "time_too_old", "time_ahead"]
    assert found["accepted"] == 1


def test_every_error_of_a_shops_event_has_a_way_out():
    labels = frozenset().union(*ERRORS.values())
    ours = {label for label in labels if label.startswith("corrupt_")}
    assert labels - ours <= validate.WAYS_OUT.keys()


def test_no_more_problems_than_a_screen_holds_and_the_rest_counted(said, tmp_path):
    code, found, _ = said("{}\n" * 30)
    assert (code, found["refused"], len(found["problems"])) == (1, 30, validate.PROBLEMS_SHOWN)
    result = CliRunner().invoke(validate.command, ["events.jsonl"])
    assert result.stdout.splitlines()[0] == (
        "events.jsonl: 30 judged: 0 accepted, 0 skipped, 30 would be refused"
    )
    assert result.stdout.splitlines()[-1] == "… and 20 more"


# -- encodings, broken rows, other shapes of files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_encodings_and_line_ends(said, encoding, ends):
    text = lines(CLICK, {**CLICK, "product_id": "茶"}).replace("\n", ends)
    code, found, _ = said(text.encode(encoding))
    assert (code, found["accepted"]) == (0, 2)


def test_gbk_is_read_and_said(said):
    text = json.dumps({**CLICK, "product_id": "我们的茶杯是白色的茶杯"}, ensure_ascii=False)
    code, found, err = said(text.encode("gbk"))
    assert (code, found["accepted"]) == (0, 1)
    assert "GB18030" in err
    code, found, err = said(text.encode("gbk"), "--encoding", "klingon")
    assert (code, found) == (1, None)
    assert "klingon" in err


def test_broken_lines_cost_themselves(said):
    good = json.dumps(CLICK)
    long = json.dumps({**CLICK, "x": "y" * 1_200_000})
    bad = ['{"user_id":', "null", "5", '"x"', "[1]", long, '{"a":' + "[" * 2000 + "]" * 2000 + "}",
           '{"user_id":"u","product_id":"p","position":NaN}', '{"user_id":"\\ud800"}']  # fmt: skip
    code, found, _ = said("\n".join([good, *bad, good, ""]))
    assert (code, found["accepted"], found["refused"]) == (1, 2, len(bad))
    assert found["refused_by_error"] == {
        "invalid_json": 1, "not_an_object": 4, "too_large": 1, "nested_too_deep": 1,
        "not_finite": 1, "lone_surrogate": 1,
    }  # fmt: skip
    assert [p["line"] for p in found["problems"]] == list(range(2, 2 + len(bad)))


def test_an_array_of_events_and_a_data_layer_as_it_stands(said):
    code, found, _ = said(json.dumps([CLICK, {"user_id": "u"}]))
    assert (code, found["accepted"], found["problems"][0]["line"]) == (1, 1, 2)
    pushed = [
        {"0": "js", "1": "2026-11-28T10:00:00Z"},
        {"0": "config", "1": "G-1"},
        {"event": "view_item", "user_id": "u", "ecommerce": {"items": [{"item_id": "a"}]}},
        {"0": "event", "1": "add_to_cart", "2": {"user_id": "u", "items": [{"id": "a"}]}},
    ]
    code, found, _ = said(json.dumps(pushed))  # fmt: skip
    assert (code, found["accepted"], found["skipped"]) == (0, 2, 2)
    calls = [["config", "G-1"], ["event", "view_item", {"user_id": "u", "item_id": "a"}]]
    code, found, _ = said(lines(*calls))
    assert (code, found["accepted"], found["skipped"]) == (0, 1, 1)
    assert said(json.dumps([CLICK])[:-1])[1]["refused_by_error"] == {"invalid_json": 1}


def test_compressed_files(said):
    text = lines(CLICK).encode()
    assert said(gzip.compress(text), name="e.jsonl.gz")[:2][1]["accepted"] == 1
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("e.jsonl", text)
    assert said(archive.getvalue(), name="e.zip")[1]["accepted"] == 1
    code, found, err = said(gzip.compress(text * 100)[:-20], name="cut.gz")
    assert (code, found) == (1, None)
    assert "cut.gz" in err


def test_rows_of_a_data_file_as_replay_would_publish_them(said):
    rows = GOOD_ROW + "s2,,1700000000\ns3,i3,never\n"
    code, found, err = said(HEADER + rows, name="clicks.csv")
    assert (code, found["accepted"], found["rows"]) == (1, 1, 3)
    assert [(p["line"], p["error"]) for p in found["problems"]] == [
        (3, "empty_field"), (4, "invalid_time")
    ]  # fmt: skip
    assert "read as yoochoose" in err
    assert said(HEADER + GOOD_ROW, name="clicks.csv")[0] == 0
    mapped = "who;what;when\nu;p;1700000000\n"
    columns = "user_id=who,item_id=what,timestamp=when"
    assert said(mapped, "--columns", columns, name="own.csv")[:2][1]["accepted"] == 1


def test_a_catalogue_is_judged_as_one(said):
    code, found, err = said("product_id,title,price\nA1,Cup,3\n,Pot,4\nA2,Can,x\n", name="c.csv")
    assert (code, found["accepted"], found["refused_by_error"]) == (1, 2, {"empty_field": 1})
    assert found["dropped_cells"] == {"price": 1}
    assert found["problems"][0]["line"] == 3
    assert "--catalogue" in err


# -- what cannot be judged


@pytest.mark.parametrize(
    ("content", "arguments", "code", "words"),
    [
        (None, (), 2, "does not exist"),
        ("", (), 1, "is empty"),
        ("\n \n", (), 1, "is empty"),
        ("a,b\n1,2\n", (), 1, "of no format that is known"),
        (lines(CLICK), ("--format", "nope"), 2, "'yoochoose'"),
        (lines(CLICK), ("--topic", "nope"), 2, "'shop.clicks.v1'"),
        (lines(CLICK), ("--columns", "user_id"), 2, "FIELD=COLUMN"),
        (lines(CLICK), ("--rating-scale", "5", "1"), 2, "MIN is below MAX"),
        (lines(CLICK), ("--time-zone", "Mars/Olympus"), 2, "such as Europe/Berlin"),
        (lines(CLICK), ("--time-zone", "+08:75"), 2, "such as Europe/Berlin"),
        (lines(CLICK), ("--user-key-file", "/dev/null"), 2, "user-key-file"),
        (lines(CLICK), ("--format", "yoochoose"), 1, "no column"),
        (bytes(range(256)) * 10, (), 1, "--encoding"),
        (b"PK\x03\x04aaaa", (), 1, "zip"),
        (b"PAR1" + b"\0" * 40, (), 1, ""),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(said, content, arguments, code, words):
    status, found, err = said(content, *arguments, name="given")
    assert (status, found) == (code, None)
    assert words in err
    assert "Traceback" not in err


def test_a_folder_is_a_clear_error(said, tmp_path):
    (tmp_path / "folder").mkdir()
    code, found, err = said(None, name="folder")
    assert (code, found) == (1, None)
    assert "folder" in err


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(str.encode),
        st.tuples(st.sampled_from([lines(CLICK), HEADER + GOOD_ROW, "product_id,title\nA,B\n"]),
                  st.integers(0, 60), st.binary(max_size=4)).map(
            lambda t: t[0].encode()[: t[1]] + t[2] + t[0].encode()[t[1] :]),
    )
)  # fmt: skip
def test_no_content_ever_gives_a_traceback(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "anything"
    path.write_bytes(content)
    result = CliRunner().invoke(validate.command, [str(path), "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    if result.stdout:
        found = json.loads(result.stdout)
        assert result.exit_code == (1 if found["refused"] else 0)
    else:
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ") or "\nError: " in result.stderr


# -- standard input, and the real program


def test_standard_input_and_what_is_said_of_it(said):
    code, found, _ = said(None, name="-", stdin=lines(CLICK).encode())
    assert (code, found["accepted"]) == (0, 1)
    code, _, err = said(None, name="-", stdin=(HEADER + "s1,i1,never\n").encode())
    assert code == 1
    assert err.startswith("-: read as yoochoose")
    code, _, err = said(None, name="-", stdin=b"a,b\n1,2\n")
    assert (code, err.startswith("Error: -: of no format")) == (1, True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_with_a_name_is_read_once_and_kept(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = [sys.executable, "-m", "shopkeeper", "validate"]
    with subprocess.Popen(
        [*program, str(pipe), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        pipe.write_text(HEADER + GOOD_ROW * 3, "utf-8")
        out, err = process.communicate(timeout=120)
    assert (process.returncode, json.loads(out)["accepted"]) == (0, 3), err


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("{}\n" * 30, "utf-8")
    shell = f'"{sys.executable}" -m shopkeeper validate "{path}" | head -1'
    result = subprocess.run(
        shell, shell=True, capture_output=True, text=True, timeout=120, check=False
    )
    assert "30 judged" in result.stdout
    assert result.stderr == ""
