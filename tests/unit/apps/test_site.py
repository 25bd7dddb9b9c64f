"""The tree that the site is built from, its navigation, and the check of what was built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shopkeeper.apps.docs import events, site, site_check, topics

ROOT = Path(__file__).resolve().parents[3]


def test_the_pages_of_events_are_what_the_schemas_say() -> None:
    folder = ROOT / "docs" / "events"
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    wanted = events.pages()
    assert there.keys() == wanted.keys()
    stale = [name for name, text in wanted.items() if there[name] != text]
    assert not stale, "run: python -m shopkeeper.apps.docs.events docs/events"


def test_the_page_of_topics_is_current() -> None:
    text = (ROOT / "docs" / "topics.md").read_text("utf-8")
    assert text == topics.page(), "run: python -m shopkeeper.apps.docs.topics > docs/topics.md"


def test_constraints_are_told_in_words() -> None:
    schema = {
        "anyOf": [
            {"type": "array", "maxItems": 3, "items": {"type": "string", "minLength": 1}},
            {"type": "null"},
        ]
    }
    assert events.kind(schema) == "array of string or null"
    assert list(events.constraints(schema)) == ["at most 3 entries", "each: not empty"]
    assert list(events.constraints({"pattern": "^(a|b)$"})) == ["one of `a`, `b`"]
    assert events.kind({"$ref": "#/$defs/Model"}) == "[Model](#model)"


def test_every_page_is_in_the_navigation_once() -> None:
    names = site.pages()
    assert {"README.md", "docs/settings.md", "docs/decisions/README.md"} <= set(names)
    assert {p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/**/*.md")} <= set(names)
    titles = {name: name for name in names}
    english = site.navigation(titles, site.sections())
    chinese = site.navigation(titles, site.sections(), "zh")
    found: list[str] = []

    def walk(part: object) -> None:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict):
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(english[:-1])
    walk(chinese[:-1])
    both = [name for section in site.sections() for name in section.both]
    assert set(both) <= set(names)
    assert sorted(found) == sorted([*names, *both])
    assert next(iter(english[0])) == "Quickstart"
    assert next(iter(chinese[0])) == "快速开始"
    assert english[-1] == {"中文": "README.zh.md"}
    assert chinese[-1] == {"English": "README.md"}
    assert "其他" not in [next(iter(group)) for group in chinese], "a Chinese page has no section"


def test_a_page_that_nobody_named_comes_into_the_last_section() -> None:
    named = [
        site.Section("Start", "开始", ["README.md"]),
        site.Section("Rest", "其余", ["b/*"], "Group", "组", ("b/c.md",)),
    ]
    titles = {"README.md": "A", "README.zh.md": "甲", "b/c.md": "C", "new.md": "New"}
    assert site.navigation(titles, named) == [
        {"Start": [{"A": "README.md"}]},
        {"Group": [{"Rest": [{"C": "b/c.md"}]}]},
        {"More": [{"New": "new.md"}]},
        {"中文": "README.zh.md"},
    ]
    assert site.navigation({**titles, "new.zh.md": "新"}, named, "zh") == [
        {"开始": [{"甲": "README.zh.md"}]},
        {"组": [{"其余": [{"C": "b/c.md"}]}]},
        {"其他": [{"新": "new.zh.md"}]},
        {"English": "README.md"},
    ]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository of a few files."""
    for name, text in {
        "README.md": "# A\n\n[中](README.zh.md) [b](docs/b.md#x) [code](src/c.py) [all](src/)\n"
        "`[no](src/c.py)`\n",
        "README.zh.md": "# 甲\n",
        "docs/b.md": "# B\ntext:\n- one\n  - two\n\n```json x.json\n[no](c)\n- 1\n```\n",
        "docs/b.zh.md": "# 乙\n",
        "src/c.py": "print('```')\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_links_to_sources_and_folders_lead_to_pages_with_them(small: Path) -> None:
    tree = site.staged(small)
    assert set(tree) == {
        "README.md", "README.zh.md", "docs/b.md", "docs/b.zh.md", "src/c.py.md", "src/index.md",
    }  # fmt: skip
    readme = str(tree["README.md"])
    assert "[code](src/c.py.md) [all](src/index.md)" in readme
    assert "`[no](src/c.py)`" in readme, "code is left alone"
    assert "````python\nprint('```')\n````" in str(tree["src/c.py.md"])
    assert "- [c.py.md](c.py.md)" in str(tree["src/index.md"])


def test_twins_link_to_each_other_and_lists_are_as_the_generator_wants_them(small: Path) -> None:
    tree = site.staged(small)
    page = str(tree["docs/b.md"])
    assert page.startswith("# B\n\n[中文](b.zh.md)\n")
    assert "text:\n\n- one\n    - two\n" in page
    assert '```json title="x.json"\n[no](c)\n- 1\n```' in page
    assert "[English](b.md)" in str(tree["docs/b.zh.md"])
    assert str(tree["README.md"]).count("README.zh.md") == 1


def test_lines_of_chinese_are_joined_where_a_space_would_be_wrong() -> None:
    text = "# 甲\n\n一行，\n二行\n`三`。\n[四](b.md)\n**五**：\n- 六\n  七\n\n```sh\n八\n九\n```\n"
    joined = "# 甲\n\n一行，二行\n`三`。[四](b.md)\n**五**：\n- 六七\n\n```sh\n八\n九\n```\n"
    assert site.unwrapped("a.zh.md", text) == joined
    assert site.unwrapped("a.md", text) == text
    table = "表：\n\n| 甲 | 乙 |\n|---|---|\n| 一 | 二 |\n"
    assert site.unwrapped("a.zh.md", table) == table


def test_a_built_page_is_checked_for_files_anchors_and_forms(tmp_path: Path) -> None:
    good = '<a href="b.zh.html#x">b</a><a href="https://example.org/a">c</a><img src="p.svg">'
    bad = '<a href="none.html"><a href="#no"><a href="/top"><a href="ftp://x"><a href="http://x">'
    (tmp_path / "a.html").write_text(f'<html lang="en">{good}{bad}', "utf-8")
    (tmp_path / "p.svg").write_text("<svg/>", "utf-8")
    chinese = tmp_path.with_name("zh")
    chinese.mkdir()
    (chinese / "b.zh.html").write_text('<html lang="zh"><h1 id="x">', "utf-8")
    with pytest.raises(FileNotFoundError, match=r"b\.zh\.html"):
        site_check.join(tmp_path, chinese)
    (tmp_path / "b.zh.html").write_text('<html lang="en"><h1 id="x">', "utf-8")
    assert site_check.join(tmp_path, chinese) == 1
    assert '<html lang="zh">' in (tmp_path / "b.zh.html").read_text("utf-8")
    found = [re.sub(r"^a\.html: ", "", line) for line in site_check.problems(tmp_path)]
    assert found == [
        "none.html: no such file",
        "#no: no such anchor",
        "/top: absolute: the site may be served below a folder",
        "ftp://x: no address of a site",
        "http://x: no address of a site",
    ]
