"""Conversations over an `Answerer`: a line is resolved to whole questions, and what was said is
remembered for the next one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.answers import AnswerSource, Handover
from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.personal_data import mask

from ..plain import plain
from ..question import Answer
from ..shop_matters import matters_of
from ..terms import question_ids
from . import phrasing
from .conversation import TURN_CHARACTERS_MAX, TURNS_MAX, Turn
from .resolving import OFFERED_MAX, Plan, Resolver, without_name
from .small_talk import small_talk, wants_person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.shared.domains.pack import Both

    from ..answerer import Answerer
    from ..product_table import ProductTable
    from ..question import Question
    from .conversation import Asked, Conversation, Conversations
    from .resolving import Ask
    from .suggestions import Suggestions

QUESTION_CHARACTERS_MAX = 300  # of what a follow-up goes on from
TITLE_CHARACTERS_MAX = 200
UNKNOWN_PRODUCT = "unknown_product"
UNANSWERED_MAX = 2  # in a row, before a person gets a summary
ABOUT_PRODUCTS = frozenset({"catalogue", "opinions"})  # routes whose questions another product fits


class Dialogue:
    """Answers lines of conversations. Pure but for what it remembers in them."""

    def __init__(
        self,
        answerer: Answerer,
        products: ProductTable,
        suggestions: Suggestions | None = None,
        words: Mapping[str, Both] | None = None,
    ) -> None:
        """products: those that the answerer's routes know. words: as `phrasing` takes them."""
        self._answerer, self._products, self._words = answerer, products, words or {}
        self._resolver, self._suggestions = Resolver(products), suggestions

    def answer_all(self, asked: Sequence[Asked], conversations: Conversations) -> list[Answer]:
        """One answer per line. Lines of one conversation are answered in their order, the first of
        each conversation together, then the second ones, and so on."""
        cells = conversations.of(asked)
        queues: dict[int, list[int]] = {}
        for number, cell in enumerate(cells):
            queues.setdefault(id(cell), []).append(number)
        answers: dict[int, Answer] = {}
        for turn in range(max(map(len, queues.values()), default=0)):
            due = [queue[turn] for queue in queues.values() if turn < len(queue)]
            found = self._round([asked[at].question for at in due], [cells[at] for at in due])
            answers.update(zip(due, found, strict=True))
        return [answers[number] for number in range(len(asked))]

    def _round(
        self, questions: Sequence[Question], conversations: Sequence[Conversation]
    ) -> list[Answer]:
        """One line of each conversation; the answerer is asked once for all."""
        texts = [simplified(normalise(question.text)) for question in questions]
        plans: list[Plan | str | Answer] = []
        for question, text, before in zip(questions, texts, conversations, strict=True):
            if question.product_id is not None and question.product_id != before.page:
                before.page = question.product_id
                _focus(before, question.product_id)
            plans.append(_talk(text) or self._resolver.plan(question, before))
        plans = self._guarded(questions, conversations, plans)
        asks = [ask for plan in plans if isinstance(plan, Plan) for ask in plan.asks]
        found = iter(self._answerer.answer_all([ask.question for ask in asks]))
        answers = []
        for question, before, plan in zip(questions, conversations, plans, strict=True):
            language = _language(question.text, before)
            if isinstance(plan, Answer):
                answer = plan
            elif isinstance(plan, str):
                answer = self._talked(plan, language)
            else:
                tried = [(ask, next(found)) for ask in plan.asks]
                answer = self._chosen(plan, tried, before, language)
            answers.append(self._remembered(question, plan, answer, before, language))
        return answers

    def _guarded(
        self,
        questions: Sequence[Question],
        conversations: Sequence[Conversation],
        plans: Sequence[Plan | str | Answer],
    ) -> list[Plan | str | Answer]:
        """Plans, or the fixed answers of guarded lines. Lines are looked at together with what is
        asked because of them: the encoder is called once."""
        guards = self._answerer.guards
        asked = [a.question.text for p in plans if isinstance(p, Plan) for a in p.asks]
        guards.look_at([*(question.text for question in questions), *asked])
        found = guards.answers(
            [question.text for question in questions],
            [_language(q.text, before) for q, before in zip(questions, conversations, strict=True)],
        )
        return [answer or plan for answer, plan in zip(found, plans, strict=True)]

    def _talked(self, kind: str, language: str) -> Answer:
        if kind == "person":
            said = phrasing.handed_over(language, self._words)
            return Answer(said, 1.0, "person", language)
        said = phrasing.small_talk_answer(kind, language, self._words)
        return Answer(said, 1.0, "smalltalk", language)

    def _chosen(
        self,
        plan: Plan,
        tried: Sequence[tuple[Ask, Answer]],
        before: Conversation,
        language: str,
    ) -> Answer:
        """The answer that counts; notes in the conversation what it was asked for."""
        if plan.chose:
            before.waits = False
        elif not plan.several:
            before.offered, before.words, before.waits = (), "", False
        if plan.joined:
            before.of_product = True
            return _joined([answer for _, answer in tried])
        for ask, answer in tried:
            if answer.text is not None and _fits(ask, answer):
                _focus(before, plan.product_id or answer.product_id)
                before.of_product = plan.of_product or answer.route in ABOUT_PRODUCTS
                before.order_id = next(
                    (each.id for each in answer.sources if each.kind == "order"), None
                )
                if ask.base:
                    told = self._products.get(answer.product_id or "")
                    about = answer.route in ABOUT_PRODUCTS and not ask.must
                    base = without_name(ask.base, told) if about else ask.base
                    before.question = _kept(base or ask.base)
                return answer
            if answer.abstained == UNKNOWN_PRODUCT:
                before.question, before.of_product = _kept(plan.lost), bool(plan.lost)
                return answer  # it is the answer, and no other reading of the line is
        if plan.of_product:
            before.of_product = True
            _focus(before, plan.product_id)
            base = plan.base or (tried[0][0].base if tried else "")
            if base:
                before.question = _kept(base)
        plan = self._opinion_of_several(plan, tried, before)
        if plan.several:
            return self._which_of(plan, before, language)
        if plan.about is not None:
            product = self._products.get(plan.about)
            if product is not None:
                before.question, before.of_product = "", True
                title = self._title(plan.about, language)
                return Answer(
                    phrasing.what_about(title, language),
                    1.0,
                    "clarify",
                    language,
                    (AnswerSource(id=plan.about, kind="product", quote=title, title=title),),
                    product_id=plan.about,
                )
        if plan.which:
            before.waits = True
            which = phrasing.which_product(language, self._words)
            return Answer(which, 1.0, "clarify", language)
        if not plan.of_product:
            _focus(before, plan.product_id)
            kept = plan.lost or next(ask.base for ask, _ in tried if not ask.must)
            before.question, before.of_product = _kept(kept), bool(plan.lost)
        return next(
            (answer for ask, answer in tried if answer.text is None and not ask.route),
            Answer(None, 0.0, "person", language, abstained="confidence"),
        )

    @staticmethod
    def _opinion_of_several(
        plan: Plan, tried: Sequence[tuple[Ask, Answer]], before: Conversation
    ) -> Plan:
        """The plan, with the products that a question for reviewers' opinions names, if several."""
        for ask, answer in tried:
            if not plan.several and answer.abstained == "several_products" and answer.products:
                before.question, before.of_product = _kept(ask.question.text), True
                return plan._replace(several=answer.products)
        return plan

    def _which_of(self, plan: Plan, before: Conversation, language: str) -> Answer:
        offered = plan.several[:OFFERED_MAX]
        before.offered, before.words, before.waits = offered, plan.words, True
        titles = [self._title(product_id, language) for product_id in offered]
        return Answer(
            phrasing.which_of(titles, len(plan.several) > OFFERED_MAX, language),
            1.0,
            "clarify",
            language,
            tuple(
                AnswerSource(id=product_id, kind="product", quote=title, title=title)
                for product_id, title in zip(offered, titles, strict=True)
            ),
        )

    def _title(self, product_id: str, language: str) -> str:
        product = self._products.get(product_id)
        if product is None:
            return ""
        title = (product.title_zh if language == "zh" else None) or product.title
        return plain(title, TITLE_CHARACTERS_MAX)

    def _remembered(
        self,
        question: Question,
        plan: Plan | str | Answer,
        answer: Answer,
        before: Conversation,
        language: str,
    ) -> Answer:
        """The answer as it is given; what the next line, or a person, needs is noted."""
        before.language = language
        said = None if answer.text is None else mask(answer.text)[:TURN_CHARACTERS_MAX]
        turn = Turn(mask(plain(question.text))[:TURN_CHARACTERS_MAX], said)
        before.turns = (*before.turns, turn)[-TURNS_MAX:]
        before.unanswered = before.unanswered + 1 if answer.text is None else 0
        asked_for = plan == "person"
        unknown = answer.abstained == UNKNOWN_PRODUCT
        given_up = unknown or before.unanswered >= UNANSWERED_MAX
        if asked_for or given_up or answer.handover is not None:
            title = None if before.product_id is None else self._title(before.product_id, language)
            handover = Handover(
                reason="requested" if asked_for else "unanswered",
                summary=phrasing.summary(
                    before.turns, title, before.order_id, language, self._words
                ),
                product_id=before.product_id,
                order_id=before.order_id,
            )
            return answer._replace(handover=handover)
        if self._suggestions is None or answer.text is None:
            return answer
        return self._suggestions.added(answer, before.question)


def _talk(text: str) -> str | None:
    """What is no question to be looked up."""
    return "person" if wants_person(text) else small_talk(text)


def _language(text: str, before: Conversation) -> str:
    """Of a line; a name or a number is in the conversation's."""
    found = detect(text)
    if before.language == "zh" and found != "zh" and len(text.split()) <= OFFERED_MAX:
        return "zh"
    return found


def _focus(conversation: Conversation, product_id: str | None) -> None:
    """A product that is spoken of from here on, if one is."""
    if product_id is not None and product_id != conversation.product_id:
        conversation.before, conversation.product_id = conversation.product_id, product_id


def _kept(base: str) -> str:
    return mask(base)[:QUESTION_CHARACTERS_MAX]


def _fits(ask: Ask, answer: Answer) -> bool:
    """Whether an answer to a question of two lines has to do with the newer one."""
    if ask.route and answer.route != ask.route:
        return False
    if not ask.must:
        return True
    asked_for = matters_of(ask.must)
    if asked_for and all(asked_for.isdisjoint(_matters(source)) for source in answer.sources):
        return False  # "how much is shipping?" after a question about returns
    if _ASKS_NUMBER.search(simplified(normalise(ask.must))):
        return any(_DIGIT.search(source.quote) for source in answer.sources)
    wanted = set(question_ids(ask.must).tolist())
    said = " ".join(f"{source.title or ''} {source.quote}" for source in answer.sources)
    return not wanted.isdisjoint(question_ids(said).tolist())


def _matters(source: AnswerSource) -> frozenset[str]:
    return matters_of(f"{source.title or ''} {source.quote}")


# A line that asks for an amount of what was spoken of: "from what amount?", 要几天.
_ASKS_NUMBER = re.compile(
    r"^(?!.*\bit\b)(?:and |but |so )*(?:from |until |up to |at |for |after |within )?(?:what|which"
    r"|how) (?:amount|sum|price|value"
    r"|number|percentage|much|many|long|soon|high|days)\b[^.?!]{0,20}\W*$"
    r"|^[^,。?]{0,4}(?:多少钱|几天|多久|多少天|多长时间|几成|多少)[^,。?]{0,6}\W*$"
)
_DIGIT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|ten|fourteen|thirty)\b|[一二两三四五六七十百]"
)


def _joined(answers: Sequence[Answer]) -> Answer:
    """Several answers as one."""
    told = [answer for answer in answers if answer.text is not None]
    if not told:
        return answers[0]
    first = told[0]
    gap = "" if first.language == "zh" else " "
    return first._replace(
        text=gap.join(answer.text or "" for answer in told),
        confidence=min(answer.confidence for answer in told),
        sources=tuple(source for answer in told for source in answer.sources),
        product_id=None,
    )
