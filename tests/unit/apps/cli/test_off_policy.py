"""`shopkeeper experiment --off-policy`: which lists of the log count, and what is refused."""

from __future__ import annotations

import random
from types import SimpleNamespace

import orjson
import pytest

from shopkeeper.apps.cli import off_policy
from shopkeeper.apps.cli.logged_lists import ListLog, Log, see_clicks
from shopkeeper.services.recommender.evaluation.off_policy import Unsupported
from shopkeeper.shared.contracts.events.shop import ProductClicked

SHARE, OTHERS = 0.25, 5


def value(name, user="u", *, explored=False, propensity: float | None = 0.75, items=("a", "b")):
    said = [{"product_id": i, "score": 0.5, "reason": {"code": "trending"}} for i in items]
    said[-1]["reason"] = {"code": "explore" if explored else "trending"}
    if propensity is not None:
        said[-1]["propensity"] = propensity
    return {"recomm_id": name, "items": said, "fallback": "none", "cause": "c", "user_id": user,
            "model": {"name": "blend", "version": "1"}}  # fmt: skip


def record(offset, data, partition=0, headers=(), timestamp=0):
    packed = orjson.dumps(data) if isinstance(data, dict) else data
    return SimpleNamespace(
        partition=partition, offset=offset, value=packed, headers=headers, timestamp=timestamp
    )


def names(log):
    return {each.recomm_id for each in log.lists()}


def test_only_what_follows_the_last_gap_of_a_partition_counts():
    log = ListLog()
    for offset in (5, 6, 9, 10):
        log.see(record(offset, value(f"l{offset}")))
    log.see(record(3, value("other"), partition=1))
    assert names(log) == {"l9", "l10", "other"}
    assert log.left_out["before_a_gap"] == 2


def test_what_says_nothing_of_exploring_is_left_out_and_counted():
    log = ListLog(since_ms=10)
    said = [
        value("l0"),
        value("l0", items=("other", "b")),  # again, after a replay
        value("l1", propensity=None),
        value("l2") | {"ranking": "popular"},
        None,  # an erased user: a record, so no gap
        b"junk",
        value("l3"),
    ]
    for offset, data in enumerate(said):
        log.see(record(offset, data, timestamp=10))
    log.see(record(len(said), value("l4"), headers=[("shopkeeper_copy", b"1")], timestamp=10))
    log.see(record(len(said) + 1, value("l5"), timestamp=9))
    assert names(log) == {"l0", "l3"}
    assert {each.items for each in log.lists()} == {("a", "b")}
    assert log.left_out == {
        "again": 1, "without_propensity": 1, "not_personalised": 1, "unreadable": 1, "copies": 1,
        "before_since": 1,
    }  # fmt: skip


def click(user, product, recomm_id=None):
    data = ProductClicked(product_id=product, user_id=user, recomm_id=recomm_id)
    return SimpleNamespace(data=data)


def test_a_click_counts_for_its_own_users_list_and_an_item_of_it():
    lists = ListLog()
    lists.see(record(0, value("l0", "u")))
    log = Log(lists.lists())
    see_clicks(log, [click("u", "a", "l0"), click("u", "a", "l0"), click("v", "b", "l0"),
                     click("u", "x", "l0"), click("u", "a", "gone"), click("u", "a")])  # fmt: skip
    assert log.clicks == {"l0": {"a"}}
    assert log.strange_clicks == 3
    assert log.popularity == {"a": 4, "b": 1, "x": 1}
    count = off_policy._clicked
    assert count(log, log.lists, "any").tolist() == [1]
    assert count(log, log.lists, "last").tolist() == [0]


def logged(users=300, share=SHARE):
    """Ranked last items are clicked by 20 of 100, drawn ones by 40."""
    chance = random.Random(1)
    lists, clicks = ListLog(), []
    for number in range(users):
        explored = chance.random() < share
        last = f"drawn-{chance.randrange(OTHERS)}" if explored else "ranked"
        propensity = share / OTHERS if explored else 1 - share
        user, name = f"u{number}", f"l{number}"
        lists.see(record(number, value(name, user, explored=explored, propensity=propensity,
                                       items=("first", last))))  # fmt: skip
        if chance.random() < (0.4 if explored else 0.2):
            clicks.append(click(user, last, name))
    log = Log(lists.lists())
    see_clicks(log, clicks)
    return log


def test_policies_are_told_apart():
    found = off_policy.document(logged(2000), ["as-logged", "never-explore", "always-explore",
                                               "explore=0.5"])  # fmt: skip
    assert found["explore_share"] == SHARE
    policies = found["policies"]
    never, always = policies["never-explore"]["snips"], policies["always-explore"]["snips"]
    assert never["low"] <= 0.2 <= never["high"] < always["low"] <= 0.4 <= always["high"]
    assert never["value"] < policies["explore=0.5"]["dr"]["value"] < always["value"]
    clicked = found["lists_clicked"] / found["lists"]
    assert policies["as-logged"]["ips"]["value"] == pytest.approx(clicked, abs=1e-6)


def policy_file(path, log, items_of):
    lines = [orjson.dumps({"recomm_id": e.recomm_id, "items": items_of(e)}) for e in log.lists]
    path.write_bytes(b"\n".join(lines))
    return str(path)


def test_lists_of_a_file_are_estimated_where_the_log_could_have_made_them(tmp_path):
    log = logged(6000)
    name = policy_file(tmp_path / "p.jsonl", log, lambda each: ["first", "drawn-3"])
    found = off_policy.document(log, [name])["policies"][name]
    assert found["snips"]["low"] <= 0.4 <= found["snips"]["high"]
    assert found["weight_max"] == pytest.approx(OTHERS / SHARE)
    assert found["supported_lists"] == sum(e.items[-1] == "drawn-3" for e in log.lists)
    name = policy_file(tmp_path / "q.jsonl", log, lambda each: ["other", *each.items[1:]])
    refused = off_policy.document(log, [name])["policies"][name]["refused"]
    assert "6000 of 6000 lists otherwise in places before the last" in refused
    name = policy_file(tmp_path / "r.jsonl", log, lambda each: ["first", "never seen"])
    refused = off_policy.document(log, [name])["policies"][name]["refused"]
    assert refused.startswith("only 0 of 6000 users")


def test_what_cannot_be_told_is_refused_in_words():
    assert "places before the last" in str(
        off_policy.document(logged(), ["popular"])["policies"]["popular"]["refused"]
    )
    with pytest.raises(Unsupported, match="no list on the topic carries a propensity"):
        off_policy.document(Log(), ["as-logged"])
    mixed = logged()
    mixed.lists += logged(share=0.5).lists
    with pytest.raises(Unsupported, match=r"changed within the log \(\[0\.25, 0\.5\]\)"):
        off_policy.document(mixed, ["as-logged"])


@pytest.mark.parametrize("name", ["greedy", "explore=2", "explore=x", "explore=nan"])
def test_what_is_no_policy_is_named(name):
    with pytest.raises(off_policy.BadPolicy, match=name):
        off_policy.parsed(name)


def test_a_bad_line_of_a_file_is_named(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'{"recomm_id": "l", "items": []}\n\n{"recomm_id": 1}\n')
    with pytest.raises(off_policy.BadPolicy, match="line 3"):
        off_policy.lists_of_file(path)
