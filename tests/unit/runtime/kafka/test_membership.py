"""What a waiting member says, and how a double is told from a former self."""

from __future__ import annotations

from shopkeeper.shared.runtime.kafka.membership import Member, double, waits_for

ME = Member("i-1-aaa", "i-1", "10.0.0.1")
OTHERS = [Member(f"w-{n}", f"w{n}", f"10.0.0.{n}") for n in range(2, 7)]


def test_a_waiting_member_names_the_others_and_the_way_out():
    text = waits_for("shopkeeper-intent", ME.member_id, "", [ME, *OTHERS])
    assert text.startswith("waiting for the group shopkeeper-intent: ")
    assert "(w2 at 10.0.0.2, w3 at 10.0.0.3, w4 at 10.0.0.4 and 2 more)" in text
    assert "set WORKER_ID, or restart the broker" in text
    assert "set WORKER_ID" not in waits_for("g", ME.member_id, "i-1", [ME, *OTHERS])
    assert (
        waits_for("g", ME.member_id, "", [ME]) == "waiting for the group g to take this worker in"
    )


def test_a_double_has_our_id_and_is_not_who_we_were():
    assert double([*OTHERS, ME], "i-1", ME.member_id) is None, "that was us"
    assert double(OTHERS, "i-1", ME.member_id) is None, "forgotten, as by a restarted broker"
    again = Member("i-1-bbb", "i-1", "10.0.0.9")
    assert double([*OTHERS, again], "i-1", ME.member_id) == again
