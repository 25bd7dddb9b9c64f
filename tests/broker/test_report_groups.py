"""`shopkeeper report` by group of users, from what a broker retains: profiles, lists and clicks."""

from __future__ import annotations

import asyncio
import re
import time

from aiokafka import AIOKafkaProducer

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.testing.records import read_topic

from .test_end_to_end import publish
from .test_replay_cli import shopkeeper

START_MS = 1_790_000_000_000
WOMEN, MEN, FEW = 30, 25, 4
USERS = [f"someone-{number}" for number in range(WOMEN + MEN + FEW)]
PROFILED = "user.profiled.v1"


def gender_of(number):
    if number < WOMEN:
        return "female"
    return "male" if number < WOMEN + MEN else "other"


def history(number, user):
    """A click, the list that it brings, and the next click: in the list for women alone, who click
    it and say from which list. Two lists of three show best-sellers."""

    def click(nth, item, **named):
        data = {"product_id": item, "user_id": user, **named}
        name = f"c-{nth}-{number}"
        time_ms = START_MS + nth * 60_000 + number
        return ShopEvent(topics.CLICKS, "product.clicked.v1", user, data, time_ms, name)

    shown = ["best", "other"] if number % 3 else ["rare", "other"]
    made = {
        "recomm_id": f"list-{number}",
        "items": [{"product_id": i, "score": 1.0, "reason": {"code": "related"}} for i in shown],
        "fallback": "none",
        "cause": f"c-0-{number}",
        "model": {"name": "item-cf", "version": "1"},
        "user_id": user,
    }
    yield click(0, "best")
    yield ShopEvent(topics.RECOMMENDATIONS, "recommendations.updated.v1", user, made,
                    START_MS + number + 10, f"list-{number}")  # fmt: skip
    if gender_of(number) == "female":
        yield click(1, shown[1], recomm_id=f"list-{number}")
    else:
        yield click(1, "elsewhere")


def profile(user, time_ms=START_MS, **values):
    data = {"user_id": user, **values}
    return ShopEvent(topics.PROFILES, PROFILED, user, data, time_ms, f"{user}/{time_ms}")


async def forget(kafka, user, moment):
    producer = AIOKafkaProducer(**kafka.client_options())
    await producer.start()
    headers = [("ce_type", PROFILED.encode()), ("ce_id", b"gone"), ("ce_source", b"shop"),
               ("ce_time", moment)]  # fmt: skip
    for partition in (0, 1):  # wherever the profile lies
        await producer.send_and_wait(
            kafka.topic(topics.PROFILES), None, user.encode(), partition, headers=headers
        )
    await producer.stop()


def rows_of(text):
    """Cells of the section's first table, by the first."""
    section = text[text.index('<section id="groups"') :]
    table = section[: section.index("</table>")]
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in table.split("<tr>")]
    return {cells[0]: cells[1:] for cells in rows if cells}


def test_groups_are_told_from_retained_topics(kafka, tmp_path):
    for events in zip(*(history(n, user) for n, user in enumerate(USERS)), strict=True):
        publish(kafka, events)
        time.sleep(0.3)  # longer than a list has to stand to be seen
    out = tmp_path / "shop.html"
    done = shopkeeper(kafka, "report", str(out))
    assert done.returncode == 0, done.stderr
    assert "No user has a profile here" in out.read_text("utf-8")

    # The newest profile counts, whatever came last; one who is forgotten is in no group.
    late = [profile(USERS[0], START_MS - 1000, gender="male", language="zh-Hans")]
    told = [
        profile(user, gender=gender_of(n), language=("en-GB", "zh-Hans", "en_US")[n % 3])
        for n, user in enumerate(USERS)
    ]
    publish(kafka, [*told, *late])
    asyncio.run(forget(kafka, USERS[1], b"2026-10-01T00:00:00Z"))
    done = shopkeeper(kafka, "report", str(out))
    assert done.returncode == 0, done.stderr
    text = out.read_text("utf-8")
    rows = rows_of(text)
    assert rows["gender: female"][0] == str(WOMEN - 1)
    assert rows["gender: female"][1].startswith("100.0 % (")
    assert rows["gender: female"][3].startswith("100.0 % (")
    # Four and the one forgotten are too few: men, the next larger group, are pooled with them.
    pooled = rows["gender: all of fewer than 20 users"]
    assert pooled[0] == str(MEN + FEW + 1)
    hits = 100 / (MEN + FEW + 1)  # the woman of whom nothing is known any more
    assert pooled[1].startswith(f"{hits:.1f} % (")
    assert "unlike" in rows["gender: lowest over highest"][1]
    # British and American English are one language, and with 40 of 59 no small group.
    assert rows["language: en"][0] == str(sum(n % 3 != 1 for n in range(len(USERS))))
    assert "other</td>" not in text[text.index('id="groups"') : text.index('id="clarity"')]
    assert "someone-" not in text
    done = shopkeeper(kafka, "report", str(out), "--language", "zh")
    assert done.returncode == 0, done.stderr
    assert "性别: 女" in out.read_text("utf-8")


def test_profiles_of_a_file_are_published_before_its_events(kafka, tmp_path):
    clicks, users = tmp_path / "clicks.csv", tmp_path / "u.user"
    clicks.write_text("user_id,item_id,timestamp,event\n1,a,1700000000,view\n")
    users.write_text("1|24|M|technician|85711\n2|53|F|other|94043\n")
    done = shopkeeper(kafka, "replay", str(clicks), "--profiles", str(users))
    assert done.returncode == 0, done.stderr
    assert '"profiles":2' in done.stdout
    told = {record.key: record.value for record in asyncio.run(read_topic(kafka, topics.PROFILES))}
    assert told.keys() == {b"1", b"2"}
    assert b'"age_band":"18_24"' in told[b"1"]
    users.write_text("1|24|M|technician|85711\n2|-3|F|other|94043\n")
    done = shopkeeper(kafka, "replay", str(clicks), "--profiles", str(users))
    assert done.returncode == 1
    assert "u.user:2: age: '-3' is no age in years" in done.stderr
