"""Checks times scenarios: one run of a shop per scenario, and a cell for each check in it."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict, dataclass, field

from shopkeeper.shared.contracts import topics

from .checks import INITIAL, PARTS, TABLES, click, question, review, search
from .shop import Shop
from .views import CHECKS

VALIDATE_S_MAX = 60.0  # of a run, for what arrives a little later than the lag is 0, as tables do
NORMAL_S_MAX = 600.0


@dataclass
class Run:
    """What one scenario did to a shop."""

    scenario: str
    title: str
    published: int = 0
    fault_s: float = 0.0  # from the first disturbance to the end of the last, in all
    normal_s: float = 0.0  # from then on until lag 0, and each service answered a new event
    restarts: dict[str, int] = field(default_factory=dict)  # that nobody asked for
    wrong: dict[str, list[str]] = field(default_factory=dict)  # by check; empty: all holds
    notes: dict[str, str] = field(default_factory=dict)  # by check: odd, and no promise broken
    outcomes: dict[str, object] = field(default_factory=dict)  # to which others are compared

    def report(self):
        """As JSON: without the outcomes."""
        rows = asdict(self)
        del rows["outcomes"]
        return rows | {"holds": not any(self.wrong.values())}


def begin(shop, scenario, checks):
    """A shop with its topics, tables, workers and the initial part."""
    shop.create_topics()
    scenario.prepare(shop)
    events = [] if scenario.restored else interleaved(checks, INITIAL)
    in_tables = [each for each in events if topic_of(each) in TABLES]
    shop.publish(in_tables)
    shop.start_all()
    shop.publish([each for each in events if topic_of(each) not in TABLES])
    shop.settle()


def finished(shop):
    """Return once tables have followed as well, roughly: they have no lag that anybody sees."""
    shop.settle()
    time.sleep(3.0)
    shop.settle()


def topic_of(each):
    return each[0] if isinstance(each, tuple) else each.topic


def interleaved(checks, part):
    """The events of all checks, one of each after the other; each check's own in order."""
    queues = [check.events(part) for check in checks]
    longest = max(map(len, queues))
    # Spread evenly: the short ones meet the disturbance too.
    places = [
        (index * longest / max(1, len(queue)), number, each)
        for number, queue in enumerate(queues)
        for index, each in enumerate(queue)
    ]
    return [each for *_, each in sorted(places, key=lambda place: place[:2])]


def run(node, scenario, undisturbed=None):
    """A shop's life in a scenario. undisturbed: the outcomes of the control, once there are any."""
    checks = [check() for check in CHECKS]
    result = Run(scenario.name, scenario.title)
    with Shop(node) as shop:
        begin(shop, scenario, checks)
        scenario.begun(shop)
        for part, disturb in zip(PARTS, (scenario.first, scenario.second), strict=True):
            events = interleaved(checks, part)
            half = len(events) // 2
            shop.publish(events[:half])
            begun = time.monotonic()
            disturb(shop)
            shop.publish(events[half:])
            if part == PARTS[-1]:
                scenario.after(shop)
            result.fault_s += time.monotonic() - begun
        ended = time.monotonic()
        answered(shop)
        shop.settle()
        result.normal_s = time.monotonic() - ended
        deadline = time.monotonic() + VALIDATE_S_MAX
        for check in checks:
            expected = None if undisturbed is None else undisturbed[check.name]
            result.wrong[check.name] = validated(shop, check, expected, deadline)
            if undisturbed is None:
                result.outcomes[check.name] = check.outcome(shop)
        result.notes = dict(shop.notes)
        result.published = shop.sent
        result.restarts = dict(shop.restarts)
    return result


def validated(shop, check, undisturbed, deadline):
    while wrong := check.validate(shop, undisturbed):
        if time.monotonic() > deadline:
            break
        shop.supervise()
        time.sleep(1.0)
    return wrong


numbers = itertools.count()


def answered(shop):
    """Return once each service has answered an event that is published now."""
    name = f"probe-{next(numbers)}"
    shop.publish(
        [
            click(f"{name}-c", name, "probe-item"),
            search(f"{name}-s", name, "red shoes size 42"),
            review(f"{name}-r", name, "probe-item", 5.0, "Good."),
            question(f"{name}-q", name, "What is your return policy?"),
        ]
    )
    waited = {
        f"{name}-c": topics.RECOMMENDATIONS,
        f"{name}-s": topics.INTENTS,
        f"{name}-r": topics.SENTIMENTS,
        f"{name}-q": topics.ANSWERS,
    }
    deadline = time.monotonic() + NORMAL_S_MAX
    while waited:
        shop.supervise()
        assert time.monotonic() < deadline, f"no answer to {waited}"
        waited = {c: topic for c, topic in waited.items() if c not in causes(shop, topic)}
        time.sleep(0.1)


def causes(shop, topic):
    return {
        value.decode()
        for record in shop.records(topic)
        for header, value in record.headers
        if header == "ce_causationid"
    }
