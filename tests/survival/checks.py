"""What must hold, feature by feature. A check publishes, publishes more, and says what is wrong; of
restarts, freezes and disks it knows nothing.

Each names its own users, products and events, so that all run in one shop side by side.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.testing.counts import batch_counts
from tests.broker.counts import held_counts

from .shop import PARTITIONS

START_MS = 1_700_000_000_000
SHOWN_MAX = 5  # differences that are named
INITIAL, PARTS = 0, (1, 2)
TABLES = (topics.CATALOGUE, topics.KNOWLEDGE)  # published before any worker starts


def event(topic, kind, key, data, name, at=0):
    return ShopEvent(topic, kind, key, data, START_MS + at, name)


def click(name, user, item, at=0, session="s"):
    data = {"user_id": user, "session_id": session, "product_id": item}
    return event(topics.CLICKS, "product.clicked.v1", user, data, name, at)


def search(name, user, text, at=0):
    data = {"user_id": user, "query": text}
    return event(topics.SEARCHES, "products.searched.v1", user, data, name, at)


def question(name, user, text, at=0):
    data = {"user_id": user, "question": text, "conversation_id": name}
    return event(topics.QUESTIONS, "question.asked.v1", user, data, name, at)


def review(name, user, product, rating, text, at=0):
    data = {"user_id": user, "product_id": product, "review_id": name, "rating": rating,
            "review_body": text}  # fmt: skip
    return event(topics.REVIEWS, "product.reviewed.v1", product, data, name, at)


def product(name, title, category="Survival", price=10.0, n=0):
    data = {"product_id": name, "title": title, "category": category, "price": price,
            "currency": "EUR", "brand": "Lumora"}  # fmt: skip
    return event(topics.CATALOGUE, "product.catalogued.v1", name, data, f"catalogue-{name}-{n}")


def entry(name, title, text, n=0):
    data = {"knowledge_id": name, "title": title, "text": text, "kind": "faq"}
    return event(topics.KNOWLEDGE, "knowledge.published.v1", name, data, f"entry-{name}-{n}")


def differences(found, expected):
    """A line for each of the first entries in which two mappings differ, and how many there are."""
    wrong = [key for key in {**expected, **found} if found.get(key) != expected.get(key)]
    lines = [
        f"{key}: {found.get(key)!r} for {expected.get(key)!r}"[:300] for key in wrong[:SHOWN_MAX]
    ]
    return [f"{len(wrong)} of {len(expected)} differ", *lines] if wrong else []


class Check:
    """One feature.

    `events(part)`: what is published, in order, initially and in each part. `outcome(shop)`: what
    every run has to have in common with an undisturbed one, or None. `validate(shop, undisturbed)`:
    what is wrong now, in lines; undisturbed is the outcome of that run.
    """

    name = ""
    title = ""

    def events(self, part):
        raise NotImplementedError

    def outcome(self, shop):
        return None

    def validate(self, shop, undisturbed):
        raise NotImplementedError

    def all_events(self):
        return [each for part in (INITIAL, *PARTS) for each in self.events(part)]


class Counts(Check):
    name = "counts"
    title = "item and pair counts equal a naive count of the log, entry by entry"
    size = 1200

    def events(self, part):
        chance = random.Random(f"counts {part}")
        made = []
        for index in range(self.size):
            user, at = f"counts-u{chance.randrange(90)}", 60_000 * (part * self.size + index)
            item = f"counts-{min(chance.randrange(120), chance.randrange(120))}"
            name, session = f"counts-{part}-{index}", f"s{part}{index // 400}"
            roll = chance.random()
            if roll < 0.9:
                made.append(click(name, user, item, at, session))
                continue
            lines = [{"product_id": f"counts-{chance.randrange(120)}"} for _ in range(3)]
            data = {"user_id": user, "session_id": session, "order_id": name, "products": lines}
            made.append(event(topics.CLICKS, "order.completed.v1", user, data, name, at))
        return made

    def counted(self):
        """The events that count once."""
        return self.all_events()

    def validate(self, shop, undisturbed):
        own = f"{self.name}-"
        expected_counts, expected_totals = batch_counts(self.counted())
        counts, totals = held_counts(shop.kafka, PARTITIONS)
        counts = {key: n for key, n in counts.items() if key[1].startswith(own)}
        totals = {key: n for key, n in totals.items() if key[1].startswith(own)}
        return differences(totals, expected_totals) + differences(counts, expected_counts)


class Repeats(Counts):
    name = "repeats"
    title = "an event that is published again, in any part, counts once and is recognised once"
    size = 60

    def fresh(self, part):
        made = []
        for index in range(self.size):
            user, name = f"repeats-u{index % 7}", f"repeats-{part}-{index}"
            item = f"repeats-{index * 5 % 23}"
            made.append(click(name, user, item, 1000 * index, f"s{part}"))
        made += [
            search(f"repeats-s{part}-{index}", f"repeats-u{index}", "red shoes size 42")
            for index in range(5)
        ]
        return made

    def events(self, part):
        made = self.fresh(part)
        again = [each for before in range(part + 1) for each in self.fresh(before)]
        random.Random(part).shuffle(again)
        return made + again

    def counted(self):
        every = [each for part in (INITIAL, *PARTS) for each in self.fresh(part)]
        return [each for each in every if each.topic == topics.CLICKS]

    def validate(self, shop, undisturbed):
        wrong = super().validate(shop, undisturbed)
        expected = {f"repeats-s{part}-{n}": 1 for part in (INITIAL, *PARTS) for n in range(5)}
        found = once(shop, topics.INTENTS, "repeats-s")
        return wrong + differences({cause: len(ids) for cause, ids in found.items()}, expected)


def once(shop, topic, own):
    """Event id of the cause -> id of an output -> its contents: how an output came, and how often
    not alike. Contents are reduced to what does not depend on moving tables or the clock."""
    found = defaultdict(lambda: defaultdict(set))
    for record in shop.records(topic):
        headers = {name: value.decode() for name, value in record.headers}
        cause = headers.get("ce_causationid", "")
        if cause.startswith(own) and record.value is not None:
            found[cause][headers["ce_id"]].add(reduced(topic, json.loads(record.value)))
    return {cause: dict(ids) for cause, ids in found.items()}


def reduced(topic, value):
    if topic == topics.ANSWERS:
        sources = [source["id"] for source in value.get("sources", ())]
        kept = {name: value.get(name) for name in ("answer", "route", "abstained", "cause")}
        return json.dumps(kept | {"sources": sources}, sort_keys=True)
    return json.dumps(value, sort_keys=True)


class Outputs(Check):
    """Outputs of one service, each by its cause: one id, one content, that of undisturbed run."""

    topic = ""
    per_part = 30

    def events(self, part):
        return [self.made(part * self.per_part + index) for index in range(self.per_part)]

    def made(self, number):
        raise NotImplementedError

    def outcome(self, shop):
        found = once(shop, self.topic, f"{self.name}-")
        return {cause: sorted(set().union(*ids.values())) for cause, ids in found.items()}

    def validate(self, shop, undisturbed):
        own = f"{self.name}-"
        causes = {each.id for each in self.all_events() if each.id.startswith(own)}
        found = once(shop, self.topic, own)
        wrong = differences({cause: len(ids) for cause, ids in found.items()},
                            dict.fromkeys(causes, 1))  # fmt: skip
        contents = {(c, name): len(each) for c, ids in found.items() for name, each in ids.items()}
        wrong += differences(contents, dict.fromkeys(contents, 1))
        return wrong + (differences(self.outcome(shop), undisturbed) if undisturbed else [])


class Intents(Outputs):
    name = "intents"
    title = "one intent per search, by id and content as in an undisturbed run"
    topic = topics.INTENTS
    texts = ("red shoes size 42", "where is my order", "I want to return this jacket",
             "headphones under 50 euros", "how do I delete my account", "便宜的手机", "退货政策",
             "terrible service, I want to complain", "gift for my mother", "asdf qwer")  # fmt: skip

    def made(self, number):
        text = self.texts[number % len(self.texts)]
        return search(f"intents-{number}", f"intents-u{number % 13}", text, number)


class Sentiments(Outputs):
    name = "sentiments"
    title = "one sentiment per review, by id and content as in an undisturbed run"
    topic = topics.SENTIMENTS
    texts = ("The quality is great, I love it.", "It broke after two days. Terrible.",
             "It is a lamp.", "Too small, but the colour is lovely.", "质量很好，非常喜欢",
             "太差了，退货", "Never again!", "10/10", "Good value for the price.")  # fmt: skip

    def made(self, number):
        text = self.texts[number % len(self.texts)]
        return review(f"sentiments-{number}", f"sentiments-u{number}",
                      f"sentiments-p{number % 6}", None, text, number)  # fmt: skip


class Answers(Outputs):
    name = "answers"
    title = "one answer per question, by id, text and source as in an undisturbed run"
    topic = topics.ANSWERS
    per_part = 12
    faq = (
        ("returns", "What is your return policy?", "You can return everything within 30 days."),
        ("account", "How do I delete my account?", "Write to us and we delete it within a day."),
        ("shipping", "Do you ship to Switzerland?", "Yes, within four days."),
    )

    def events(self, part):
        first = [entry(f"answers-{name}", *texts) for name, *texts in self.faq]
        return (first if part == INITIAL else []) + super().events(part)

    def made(self, number):
        return question(f"answers-{number}", f"answers-u{number}",
                        self.faq[number % len(self.faq)][1], number)  # fmt: skip


class DeadLetters(Check):
    name = "dead letters"
    title = "each bad record is one dead letter of each service that reads it, with its bytes"
    readers: tuple[tuple[str, str], ...] = (
        (topics.CLICKS, "recommender"), (topics.SEARCHES, "intent"),
        (topics.SEARCHES, "recommender"), (topics.REVIEWS, "sentiment"),
        (topics.QUESTIONS, "intent"), (topics.QUESTIONS, "answers"))  # fmt: skip

    def events(self, part):
        bad = []
        for topic in dict.fromkeys(topic for topic, _ in self.readers):
            for index in range(3):
                key = f"dead-u{index}".encode()
                bad.append((topic, key, f'{{"dead": "{topic} {part} {index}", '.encode()))
                wrong = {"user_id": 7, "dead": f"{topic} {part} {index} typed"}
                bad.append((topic, key, json.dumps(wrong).encode()))
        return bad

    def validate(self, shop, undisturbed):
        wrong = []
        for topic, service in self.readers:
            letters = {}
            for record in shop.records(topics.dead_letters(topic, service)):
                headers = dict(record.headers)
                place = [headers[f"__connect.errors.{name}"] for name in ("partition", "offset")]
                letters.setdefault(tuple(place), record.value)
            found = Counter(letters.values())
            expected = Counter(value for each, _, value in self.all_events() if each == topic)
            wrong += [f"{topic} of {service}: {x}" for x in differences(found, expected)]
        return wrong
