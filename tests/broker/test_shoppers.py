"""`shopkeeper shoppers`: the demo's shop and shoppers, on brokers that run already."""

from __future__ import annotations

import asyncio

from shopkeeper.apps.demo import catalogue, faq
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.records import read_topic

from .test_replay_cli import shopkeeper


def test_the_catalogue_and_what_shoppers_do_are_published(kafka):
    done = shopkeeper(kafka, "shoppers", "--rate", "200", "--duration", "3")
    assert done.returncode == 0, done.stderr
    count = {name: len(asyncio.run(read_topic(kafka, name))) for name in topics.BY_NAME}
    assert count[topics.CATALOGUE] == len(catalogue.built_in())
    assert count[topics.KNOWLEDGE] == len(faq.built_in())
    made = int(done.stderr.split()[-2])
    assert made > 10
    fed = (topics.CLICKS, topics.SEARCHES, topics.REVIEWS, topics.QUESTIONS, topics.ORDERS)
    assert sum(count[name] for name in (*fed, topics.PROFILES, topics.PREFERENCES)) == made
