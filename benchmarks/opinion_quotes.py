"""How often a quote of the opinions route is what answers a question about one review.

    python benchmarks/opinion_quotes.py subjqa/train.jsonl.gz

FILE is SubjQA's: `question`, `context` (a review), `answer` (a span of it, or null). Each question
is asked about a product whose only review is its own. Of the answerable ones: how many the route
answers with a quote, and how often that shares words with the gold span, beside the review's first
sentence, a random one and the one with the most of the question's words (weighted by how rare they
are in the review). Of the others: how many get a quote nevertheless.
"""

from __future__ import annotations

import gzip
import json
import random
import sys

from shopkeeper.services.answers.core.opinions.review_table import ReviewTable
from shopkeeper.services.answers.core.opinions.route import OpinionRoute
from shopkeeper.services.answers.core.opinions.searching import sentences_with
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.services.answers.core.terms import content_terms, terms_of
from shopkeeper.services.sentiment.core import SentimentProcessor
from shopkeeper.services.sentiment.model import load_model
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductReviewed

SHARED_MIN = 0.5  # of the shorter one's content words, to call two texts overlapping
BATCH = 200


def overlaps(quote: str, gold: str) -> bool:
    """Whether a quote has at least half of the span's content words, or the span of the quote's."""
    said, wanted = set(content_terms(quote)), set(content_terms(gold))
    said, wanted = said or set(terms_of(quote)), wanted or set(terms_of(gold))
    return len(said & wanted) >= SHARED_MIN * max(1, min(len(said), len(wanted)))


def main(path: str) -> None:
    """Prints the figures as JSON."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    contexts = {
        context: f"p{n}" for n, context in enumerate(dict.fromkeys(r["context"] for r in rows))
    }
    processor, reviews = SentimentProcessor(0, load_model("", 1)), ReviewTable(len(contexts))
    events = [
        Event(
            "product.reviewed.v1",
            ProductReviewed(product_id=name, review_id=name, review_body=context),
            name.encode(),
            place,
            place,
            name,
            "s",
            "c",
        )
        for place, (context, name) in enumerate(contexts.items())
    ]
    for first in range(0, len(events), BATCH):
        outputs, _ = processor.process(events[first : first + BATCH], 0)
        reviews.apply([(o.key, o.value) for o in outputs if o.topic == topics.REVIEW_DIGESTS])
    route, chance = OpinionRoute(ProductTable(1), reviews), random.Random(0)
    asked = quoted = unanswerable = quoted_wrongly = 0
    right = dict.fromkeys(("route", "first", "random", "words"), 0)
    for row in rows:
        product = contexts[row["context"]]
        answer = route.answer(Question(row["question"], product), "en")
        quotes = [] if answer is None else [s.quote for s in answer.sources if s.kind == "review"]
        if row["answer"] is None:
            unanswerable += 1
            quoted_wrongly += bool(quotes)
            continue
        asked += 1
        if not quotes:
            continue
        quoted += 1
        [digest] = reviews.of(product)
        sentences = [sentence.text for sentence in digest.sentences]
        by_words = sentences_with([digest], content_terms(row["question"]), 0.0)
        others = {
            "route": quotes[0],
            "first": sentences[0],
            "random": chance.choice(sentences),
            "words": by_words[0].text if by_words else sentences[0],
        }
        for name, quote in others.items():
            right[name] += overlaps(quote, row["answer"])
    print(
        json.dumps(
            {
                "answerable": asked,
                "quoted": round(quoted / asked, 3),
                **{name: round(count / quoted, 3) for name, count in right.items()},
                "unanswerable": unanswerable,
                "quoted_there": round(quoted_wrongly / unanswerable, 3),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
