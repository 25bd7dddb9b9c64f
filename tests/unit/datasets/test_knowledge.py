"""Files of knowledge: what becomes an entry, ids that stay, and what is refused by name."""

from __future__ import annotations

import gzip

import pytest

from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.knowledge import (
    PASSAGE_CHARACTERS_MAX,
    knowledge_events,
    read_knowledge,
)

MARKDOWN = """Intro to all.

# Help
## Can I return it?
Yes, *within* **30 days**, see [the rules](https://x.example/r).

- unused
- with the label

## Delivery
```
# no heading
```
"""
HTML = """<html><head><style>h1{}</style><script>var x = "<h2>no</h2>";</script></head><body>
<nav><a>Home</a></nav><h1>Delivery &amp; costs</h1><p>Four <b>days</b>.</p>
<p>Free from 50&nbsp;EUR.</p>
<dl><dt>Do you gift wrap?</dt>
<dd>Yes.</dd></dl>
<details><summary>可以开发票吗？</summary>可以。</details></body></html>"""


def read(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_knowledge(path)


def said(entries):
    return [(e.knowledge_id, e.title, e.text, e.kind) for e in entries]


def test_markdown_has_an_entry_per_heading(tmp_path):
    ids = [entry.knowledge_id for entry in read(tmp_path, "help.md", MARKDOWN)]
    assert ids == ["help#top", "help#can-i-return-it", "help#delivery"]
    returns = read(tmp_path, "help.md", MARKDOWN)[1]
    assert "30 days, see the rules. unused with the label" in returns.text
    assert returns.kind == "faq"


def test_html_has_an_entry_per_heading_without_what_is_not_shown(tmp_path):
    assert said(read(tmp_path, "page.html", HTML)) == [
        ("page#delivery-costs", "Delivery & costs", "Four days. Free from 50 EUR.", "page"),
        ("page#do-you-gift-wrap", "Do you gift wrap?", "Yes.", "faq"),
        ("page#可以开发票吗", "可以开发票吗？", "可以。", "faq"),
    ]


def test_rows_of_csv_and_json_lines_keep_their_ids_or_get_the_same_ones_again(tmp_path):
    text = 'question,answer,id,product_id\n"Is it, well, good?",Yes.,q1,p1\nWhy?,Because.,,\n'
    first, second = read(tmp_path, "faq.csv", text)
    assert (first.knowledge_id, first.product_id, first.kind) == ("q1", "p1", "faq")
    assert (second.title, second.text, second.product_id) == ("Why?", "Because.", None)
    rows = '{"id": 0, "question": "Why?", "answer": "Because."}\n\n{"title": "T", "text": "x"}\n'
    zero, titled = read(tmp_path, "rows.jsonl", rows)
    assert (zero.knowledge_id, titled.kind) == ("0", None)
    assert [e.knowledge_id for e in read(tmp_path, "faq.csv", text)] == [
        "q1",
        second.knowledge_id,
    ]
    assert second.knowledge_id.startswith("faq#")


def test_a_compressed_file_is_read_too(tmp_path):
    path = tmp_path / "faq.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"question": "Why?", "answer": "Because."}\n'))
    [entry] = read_knowledge(path)
    assert entry.text == "Because."


def test_a_long_section_is_parted_between_paragraphs_and_every_word_is_kept(tmp_path):
    paragraphs = [f"Paragraph {n} " + "word " * 60 for n in range(30)]
    entries = read(tmp_path, "long.md", "# Long\n\n" + "\n\n".join(paragraphs))
    assert len(entries) > 1
    assert all(len(entry.text) <= PASSAGE_CHARACTERS_MAX for entry in entries)
    assert " ".join(e.text for e in entries).split() == " ".join(paragraphs).split()
    assert len({entry.knowledge_id for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("faq.txt", "x", "files that end with .md"),
        ("faq.jsonl", "{", "line 1: no JSON"),
        ("faq.jsonl", "[]", "line 1: no JSON object"),
        ("faq.jsonl", '{"question": "Why?"}', "line 1: .*`text`"),
        ("faq.csv", "a,b\n1,2\n", "line 1: no column is called text, answer"),
        ("faq.csv", "id,answer\nx,1\nx,2\n", "line 3: the id 'x' is there already"),
        ("faq.md", "\n", "no entry of knowledge"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path, name, text, message):
    with pytest.raises(FormatError, match=message) as caught:
        read(tmp_path, name, text)
    assert name in str(caught.value)


def test_an_entry_is_an_event_keyed_by_its_id(tmp_path):
    entries = read(tmp_path, "help.md", MARKDOWN)
    events = knowledge_events(entries, 5)
    assert [event.key for event in events] == [entry.knowledge_id for entry in entries]
    assert all(None not in event.data.values() for event in events)
    with pytest.raises(FormatError, match="larger than"):
        knowledge_events(read(tmp_path, "big.md", "# A\n" + "x" * 300_000), 5)


def test_a_spreadsheets_csv_has_semicolons(tmp_path):
    rows = "question;answer\nWas kostet der Versand?;4,95 €, ab 50 € nichts.\n"
    [entry] = read(tmp_path, "faq.csv", rows)
    assert (entry.title, entry.text) == ("Was kostet der Versand?", "4,95 €, ab 50 € nichts.")


def test_what_is_no_utf8_is_told_where_and_what_to_do(tmp_path):
    path = tmp_path / "faq.csv"
    path.write_bytes("question,answer\nGröße?,M\n".encode("cp1252"))
    with pytest.raises(FormatError, match="save the file as UTF-8"):
        read_knowledge(path)
