"""Packs that ship, and what is said of one that cannot be used."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import orjson
import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli.domain import command
from shopkeeper.apps.demo import shoppers
from shopkeeper.apps.demo.pack_files import PackFiles
from shopkeeper.apps.demo.wording import Wording
from shopkeeper.shared.contracts import reasons, topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Skipped
from shopkeeper.shared.contracts.events.recommendation import Reason
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.pack import PackError

START_MS = 1_790_000_000_000


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
    ("domain.toml", "looked at {product} also", "looked at {thing} also", "line", "{thing}"),
    ("domain.toml", "looked at {product} also", "looked at {product also", "line", "brace"),
    ("domain.toml", '["financial_advice"]', '["advice"]', "guards", "has no example"),
    ("domain.toml", "[words]", "[words", "line", ""),
    ("domain.toml", "[intents.names]", '[intents]\nmodel = "m"\n[intents.names]', "line", "train"),
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
