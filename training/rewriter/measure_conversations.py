"""What a rewriter does for conversations: `PYTHONPATH=src:. python
training/rewriter/measure_conversations.py STATE`.

Prints how many of the conversations in `tests/data` the answers service gets right, by language,
and no row of them: with its rules; with the rewriter in place of what the rules remember (a choice
among offered products stays theirs); with the rewriter only where the rules find no answer; with
nothing remembered at all; and with the product in focus remembered, with and without the rewriter.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from decode import OnnxRewriter
from pieces import plain

from shopkeeper.services.answers.core.dialogue.conversation import Conversation
from shopkeeper.services.answers.core.dialogue.resolving import Ask, Resolver, _without_name
from tests.unit.answers.conversations import LANGUAGES, Said, conversations, failures
from tests.unit.answers.dialogue_shop import Shop
from tests.unit.answers.test_conversations_answered import orders_of

ARMS = (
    "rules",
    "rewriter instead",
    "rewriter where rules find nothing",
    "no memory",
    "rewriter and the product",
    "the product alone",
)


class RewritingResolver(Resolver):
    """Resolves as `arm` says; remembers the last whole question of each conversation."""

    def __init__(self, products, rewriter, arm):
        super().__init__(products)
        self._rewriter, self._arm, self._whole = rewriter, arm, {}
        self.changed = self.used = 0

    def plan(self, question, before):
        plan = super().plan(question, before)
        if not before.turns or id(before) not in self._whole:
            self._whole[id(before)] = question.text
            return plan
        text = question.text
        if self._arm not in ("no memory", "the product alone"):
            focus = plan.product_id if plan.chose else before.product_id
            text = self._rewriter.rewrite(
                [(self._whole[id(before)], self._title(focus, text), text)]
            )[0]
            self._whole[id(before)] = text
        differs = plain(text).replace(" ", "") != plain(question.text).replace(" ", "")
        self.changed += differs
        if plan.chose:
            return plan
        if self._arm != "rewriter where rules find nothing":
            known = before.product_id if "product" in self._arm else question.product_id
            fresh = Conversation(before.time_ms, before.language, before.page, known)
            return super().plan(question._replace(text=text), fresh)
        if plan.several or plan.which or plan.about or plan.joined or not differs:
            return plan
        product = None if before.product_id is None else self._products.get(before.product_id)
        ask = Ask(question._replace(text=text), _without_name(plain(text), product))
        return plan._replace(asks=(*plan.asks, ask))

    def _title(self, product_id, text):
        product = None if product_id is None else self._products.get(product_id)
        if product is None:
            return ""
        chinese = any("\u3400" <= character <= "\u9fff" for character in text)
        return (product.title_zh if chinese else None) or product.title


def main(folder):
    rewriter, told = OnnxRewriter(folder), {}
    for language in LANGUAGES:
        rows = conversations(language)
        right = {}
        for arm in ARMS:
            shop = Shop(orders=orders_of(rows))
            if arm != "rules":
                resolver = RewritingResolver(shop.products, rewriter, arm)
                shop.dialogue._resolver = resolver

            def ask(row, turn, shop=shop):
                answer = shop.say(turn.text, row.id, user=row.user_id, product_id=turn.product_id)
                return Said(answer.text, answer.route)

            wrong = failures(rows, ask)
            right[arm] = {row.id for row in rows} - wrong.keys()
            found = {"right": len(right[arm]), "of": len(rows)}
            found["gained"] = len(right[arm] - right["rules"])
            found["lost"] = len(right["rules"] - right[arm])
            if arm != "rules":
                found["lines changed"] = resolver.changed
            else:
                found["wrong"] = Counter(
                    ("turn 1: " if why.startswith("turn 1") else "later: ")
                    + ("no answer" if ": no answer;" in why else "another answer")
                    for why in wrong.values()
                )
            told[f"{language}, {arm}"] = found
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
