"""Packs that ship, and what is said of one that cannot be used."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from click.testing import CliRunner
from rich.console import Console

from shopkeeper.apps.cli.domain import command
from shopkeeper.apps.demo import shoppers, view
from shopkeeper.apps.demo.live import Live
from shopkeeper.apps.demo.pack_files import PackFiles
from shopkeeper.apps.demo.view import OUTPUT_NAMES
from shopkeeper.apps.demo.wording import Wording
from shopkeeper.services.answers.core.dialogue import phrasing
from shopkeeper.services.answers.core.dialogue.conversation import Turn
from shopkeeper.shared.contracts import reasons, topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Skipped
from shopkeeper.shared.contracts.events.recommendation import Reason
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.pack import PackError

START_MS = 1_790_000_000_000
ROOT = Path(__file__).parents[3]
SHOPS = re.compile(
    r"\b(?:products?|reviews?|reviewers|carts?|shop(?:pers)?|bought|orders?)\b", re.I
)


@pytest.fixture(autouse=True)
def a_shop_again():
    yield
    pack.adopt(pack.SHOP)


@pytest.fixture
def own(tmp_path):
    """A copy of a pack, to be spoiled."""
    folder = tmp_path / "own"
    shutil.copytree(pack.folder_of("finance"), folder)
    return folder


def decoder(topic):
    return EventDecoder(topic, topics.BY_NAME[topic].types, topics.BY_NAME[topic].owner, "x.")


def record(value, key=b"u", timestamp=START_MS):
    return SimpleNamespace(
        offset=0, partition=0, timestamp=timestamp, key=key, value=value, headers=[]
    )


@pytest.mark.parametrize("name", pack.names())
def test_a_shipped_pack_is_whole(name):
    found = PackFiles.read(name)
    assert found.sensitive, "some of its demo is excluded, so that the rules are seen to work"
    assert {product.category for product in found.sensitive} > set(found.said.exclusions.categories)
    assert all(product.title_zh for product in found.products)
    named = {product.category for product in found.products}
    assert named == set(found.said.categories), "every category has a Chinese name"
    assert {entry.language for entry in found.knowledge} == {"en", "zh"}
    assert {example.language for example in found.examples} == {"en", "zh"}
    assert "out_of_scope" in {example.intent for example in found.examples}
    said = CliRunner().invoke(command, [name])
    assert said.exit_code == 0, said.output
    assert f"{len(found.sensitive)} of them sensitive" in said.output


@pytest.mark.parametrize("name", pack.names())
def test_shoppers_speak_the_domains_words_and_are_understood(name):
    found = PackFiles.read(name)
    words, seen = Wording(found.said), set()
    pack.adopt(found.said)
    events = shoppers.shop_events(
        found.products, seed=1, start_ms=START_MS, events_per_s=20, script=found.script
    )
    for event, _ in zip(events, range(600), strict=False):
        value = words.record(event)
        if value is None:
            continue
        (verdict,) = decoder(event.topic).decode(
            [record(value, event.key.encode(), event.time_ms + 5)]
        )
        assert isinstance(verdict, Event), verdict
        assert (verdict.type, verdict.id, verdict.time_ms) == (event.type, event.id, event.time_ms)
        told = getattr(verdict.data, "product_id", None)
        assert told == event.data.get("product_id")
        assert verdict.data.user_id == event.data["user_id"]
        seen.add(event.type)
    assert seen >= {"product.clicked.v1", "product.added.v1", "order.completed.v1"}
    assert seen >= {"products.searched.v1", "question.asked.v1", "product.reviewed.v1"}


def test_names_that_teach_nothing_are_skipped_and_others_are_as_ever():
    clicks = decoder(topics.CLICKS)
    value = orjson.dumps({"event": "balance_checked", "user_id": "u", "product_id": "p"})
    assert not isinstance(clicks.decode([record(value)])[0], Event | Skipped), "nobody knows it"
    pack.adopt(pack.load("finance"))
    assert clicks.decode([record(value)])[0] == Skipped(0, "not_ours")
    like = orjson.dumps({"event": "like", "member_id": "u", "post_id": "p"})
    assert clicks.decode([record(like)])[0] == Skipped(0, "not_ours"), "to a bank it is nothing"
    pack.adopt(pack.load("social"))
    (liked,) = clicks.decode([record(like)])
    assert (liked.type, liked.data.product_id, liked.data.user_id) == ("product.added.v1", "p", "u")
    pack.adopt(pack.SHOP)
    assert clicks.decode([record(like)])[0] == Skipped(0, "not_ours"), "the pack is gone"


def test_reasons_are_the_domains():
    reason = Reason("added_together", {"product_id": "p"})
    said = pack.load("social")
    assert reasons.render(reason, "en", {"p": "X"}, said.reason_texts) == (
        "Liked by people who liked X"
    )
    assert reasons.render(reason, "en", {"p": "X"}) == "Often put in the cart with X"
    pack.adopt(said)
    assert reasons.render(reason, "zh", {"p": "X"}) == "点赞X的人也点赞了这条"


SPOILT = [
    ("domain.toml", '[name]\nen = "Finance"', "[name]\nen = 7", "line 4", "Expected `str`"),
    ("domain.toml", "[item]", "[thing]", "line 7", "unknown field `thing`; known are name, item"),
    ("domain.toml", "categories = [", "categoris = [", "line", "unknown field `categoris`"),
    ("domain.toml", '= "product.clicked.v1"', '= "clicked"', "line", "is no event type; write"),
    ("domain.toml", "product_id = [", "product = [", "line", "no such field; fields are"),
    ("domain.toml", "[reasons.related]", "[reasons.relatd]", "line", "no such reason; reasons"),
    (
        "domain.toml",
        '\nfee_eur = ["charge',
        '\nfeee = ["charge',
        "line",
        "no such attribute; name it",
    ),
    ("domain.toml", "looked at {product} also", "looked at {thing} also", "line", "{thing}"),
    ("domain.toml", "looked at {product} also", "looked at {product also", "line", "brace"),
    ("domain.toml", '["financial_advice"]', '["advice"]', "guards", "has no example"),
    ("domain.toml", "[words]", "[words", "line", ""),
    (
        "domain.toml",
        "[intents.like]",
        '[intents]\nmodel = "m"\n[intents.like]',
        "line",
        "train",
    ),
    (
        "domain.toml",
        'complaint = "',
        'complain = "',
        "intents.like",
        "has no example of 'complain'",
    ),
    ("domain.toml", '= "track_order"', '= "tracking"', "intents.like", "no label of a shop's"),
    (
        "domain.toml",
        'card_problem = "after_sales"',
        "",
        "intents.like",
        "'card_problem' is treated",
    ),
    ("domain.toml", 'unanswered = "near"', "unanswered = 7", "line", "unanswered"),
    ("domain.toml", 'unanswered = "near"', "false_alarms = 2.0", "line", "false_alarms"),
    ("shoppers.toml", '"Debt Help"', '"Debts"', "line", "has no category 'Debts'; it has"),
    ("shoppers.toml", "adds = 0.2", "adds = 2", "line", "adds"),
    ("shoppers.toml", "[en.reviews]", "[en.review]", "line", "unknown field `review`"),
    ("intents.jsonl", '"language": "en"', '"language": "de"', "line 1", 'a line is {"text"'),
    ("catalogue.jsonl", '"title": "', '"titel": "', "catalogue.jsonl", "no column title"),
    ("faq.jsonl", '"answer"', '"anwser"', "faq.jsonl", ""),
]


@pytest.mark.parametrize(("file", "good", "bad", "place", "way_out"), SPOILT)
def test_what_is_wrong_is_named_with_file_line_and_way_out(own, file, good, bad, place, way_out):
    path = own / file
    text = path.read_text("utf-8")
    assert good in text
    path.write_text(text.replace(good, bad, 1), "utf-8")
    with pytest.raises(PackError) as caught:
        PackFiles.read(str(own))
    message = str(caught.value)
    assert message.startswith(f"{own}/"), message
    assert place in message, message
    assert way_out in message, message
    said = CliRunner().invoke(command, [str(own)])
    assert said.exit_code == 1
    assert message in said.output


@pytest.mark.parametrize("name", ["catalogue.jsonl", "shoppers.toml"])
def test_a_missing_file_is_named(own, name):
    (own / name).unlink()
    with pytest.raises(PackError, match=f"{name}: missing; the demo needs it"):
        PackFiles.read(str(own))


def test_a_pack_that_is_none_is_refused():
    with pytest.raises(PackError, match=r"no pack of that name \(finance, health, social\)"):
        pack.load("bank")


def test_a_pack_that_excludes_everything_is_refused(own):
    text = (own / "domain.toml").read_text("utf-8")
    path = own / "domain.toml"
    path.write_text(text.replace('"bankruptcy",', '"a", "account", "bank", "fund",', 1), "utf-8")
    lines = (own / "catalogue.jsonl").read_text("utf-8").splitlines()
    lines = [line for line in lines if '"Linden Bank"' in line]
    (own / "catalogue.jsonl").write_text("\n".join(lines), "utf-8")
    with pytest.raises(PackError):
        PackFiles.read(str(own))


@pytest.mark.parametrize("name", pack.names())
def test_every_word_of_a_pack_stands_on_a_page_the_terminal_or_in_a_conversation(name):
    """What no page says in English is replaced by nothing."""
    shown = [path.read_text("utf-8") for path in (ROOT / "web" / "src").rglob("*.ts*")]
    shown += [(ROOT / "apps" / "demo" / each).read_text("utf-8") for each in ("view.py", "live.py")]
    shown += [(ROOT / "apps" / "demo" / "run.py").read_text("utf-8"), *OUTPUT_NAMES.values()]
    shown += phrasing.REPLACEABLE
    said = "\n".join(shown)
    missing = [word for word in pack.load(name).words if word not in said]
    assert not missing


@pytest.mark.parametrize("name", pack.names())
def test_pages_name_nothing_of_a_shop_where_a_pack_has_its_word(name):
    words = pack.load(name).words
    texts = set(re.findall(r"\[\s*\"([^\"]+)\",\s*\"[^\"]*\"", console_source()))
    shops = {text for text in texts if SHOPS.search(text)}
    assert shops <= set(words), sorted(shops - set(words))


def console_source():
    folders = (ROOT / "web" / "src" / each for each in ("console", "common"))
    return "\n".join(path.read_text("utf-8") for each in folders for path in each.rglob("*.ts*"))


@pytest.mark.parametrize("name", pack.names())
def test_the_terminal_speaks_the_domains_words(name):
    said = pack.load(name)
    live = Live({}, 0.0, words=said.words)
    console = Console(file=io.StringIO(), width=200, height=60)
    console.print(view.screen(live, 1.0))
    console.print(view.brief(live, 1.0))
    shown = console.file.getvalue()
    for word in ("sentiments of reviews", "similar items", "adds to cart", "orders"):
        assert said.words[word].en in shown, word
    assert "adds to cart" not in shown
    assert "reviews" not in shown
    console = Console(file=io.StringIO(), width=200, height=60)
    console.print(view.screen(Live({}, 0.0), 1.0))
    assert "sentiments of reviews" in console.file.getvalue()


@pytest.mark.parametrize("name", pack.names())
def test_titles_of_sensitive_products_have_a_sensitive_word(name):
    """Who searches for one by its title gets no slot that repeats it."""
    found = PackFiles.read(name)
    titles = [title for each in found.sensitive for title in (each.title, each.title_zh) if title]
    assert [title for title in titles if not found.said.excluded.covers_text(title)] == []


@pytest.mark.parametrize("name", pack.names())
def test_a_conversation_speaks_the_domains_words(name):
    words = pack.load(name).words
    for kind in ("greeting", "who"):
        for language in ("en", "zh"):
            said = phrasing.small_talk_answer(kind, language, words)
            assert said != phrasing.small_talk_answer(kind, language, {}), (kind, language)
            assert not re.search(r"shop|returns|products|店铺|商品、配送、退货", said), said
    assert "shop" not in phrasing.handed_over("en", words)
    assert phrasing.small_talk_answer("thanks", "zh", words) == "不客气！"
    lines = phrasing.summary([Turn("hi", "hello")], None, None, "en", words).splitlines()
    assert lines == ["Customer: hi", f"{words['Shop'].en}: hello"]


def test_a_pack_is_judged_on_texts_that_are_none_of_its_examples(tmp_path):
    file = tmp_path / "held-out.jsonl"
    held = (ROOT / "training" / "data" / "domains" / "finance.jsonl").read_text("utf-8")
    file.write_text(held, "utf-8")
    said = CliRunner().invoke(command, ["finance", "--judge", str(file)])
    assert said.exit_code == 0, said.output
    caught = re.search(r"guard financial advice \(zh\): caught (\d+) of 20 \(", said.output)
    assert caught, said.output
    assert int(caught[1]) >= 17
    assert re.search(r"intents of the pack \(en\): right \d+ of 46 ", said.output)
    learned = (pack.folder_of("finance") / "intents.jsonl").read_text("utf-8").splitlines()[0]
    file.write_text(held + learned, "utf-8")
    said = CliRunner().invoke(command, ["finance", "--judge", str(file)])
    assert said.exit_code == 1
    assert "is an example of the pack" in said.output
    said = CliRunner().invoke(command, ["--judge", str(file)])
    assert said.exit_code == 2
