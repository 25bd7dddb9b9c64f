"""One partition of questions: from the questions' topic, or from the search box by way of the
intent service. Keeps nothing; what is answered from are tables that every worker holds whole."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from shopkeeper.shared.contracts import searched_questions, topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.answers import ANSWER_GIVEN, AnswerGiven
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.outputs import encode, headers_of, output_id
from shopkeeper.shared.contracts.withdrawals import withdrawal
from shopkeeper.shared.runtime.api.processor import Stateless

from .core.question import Question
from .ratings import Rating, rating_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .core.answerer import Answerer
    from .core.opinions.review_table import Swept
    from .core.orders.table import OrderTable
    from .core.question import Answer
    from .phrasing.phraser import Phraser

SEARCHED_QUESTION = "searched-question"
SOURCE = b"shopkeeper/answers"
ASKED, RATED = "question.asked.v1", "answer.rated.v1"
WANTED = frozenset({ASKED, RATED})
KNOWLEDGE_WANTED = frozenset({"knowledge.published.v1"})
ORDERS_WANTED = frozenset({"order.updated.v1"})
CONFIDENCE_DIGITS = 4
MODEL = Model("answers", "1")  # BM25 and the grammar of attributes; counted up as they change


class AskedEvent(NamedTuple):
    """A question and what its answer repeats of it. cause: what the headers say caused it."""

    question: Question
    id: str
    cause: Event
    key: bytes | None
    subject: str
    context: dict[str, Any]


class QuestionProcessor(Stateless):
    """Answers each question once, placed by its key: answers stay in the order of the questions.
    Counts what readers say of answers."""

    def __init__(
        self,
        partition: int,
        answerer: Answerer,
        clock_ms: Callable[[], int],
        outcomes: Counter[str] | None = None,
        ratings: Counter[Rating] | None = None,
        phraser: Phraser | None = None,
        *,
        may_name: Callable[[str], bool] = lambda product_id: True,
    ) -> None:
        """clock_ms: Unix milliseconds, for the latency. outcomes: counts how questions ended.
        ratings: counts which answers helped. phraser: may say answers in other words; None: nobody
        does. may_name: whether a product may stand in an answer, as of now."""
        self._partition, self._answerer, self._clock_ms = partition, answerer, clock_ms
        self._outcomes = Counter[str]() if outcomes is None else outcomes
        self._ratings = Counter[Rating]() if ratings is None else ratings
        self._phraser, self._may_name = phraser, may_name

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """One answer per question."""
        batch: list[AskedEvent] = []
        rejected: list[Rejected] = []
        for event in events:
            if event.type == RATED:
                self._ratings[rating_of(event.data)] += 1
                continue
            asked = self._asked(event)
            if isinstance(asked, Rejected):
                rejected.append(asked)
            else:
                batch.append(asked)
        closed = self._answerer.guards.closed
        answers = [
            closed(asked.question.text, answer)
            for asked, answer in zip(batch, self._answers(batch), strict=True)
        ]
        if self._phraser is not None:
            questions = [asked.question for asked in batch]
            answers = self._phraser.phrase_all(questions, answers)
        outputs = [self._output(a, answer) for a, answer in zip(batch, answers, strict=True)]
        return outputs, rejected

    def _answers(self, batch: Sequence[AskedEvent]) -> list[Answer]:
        return self._answerer.answer_all([asked.question for asked in batch])

    def _asked(self, event: Event) -> AskedEvent | Rejected:
        data = event.data
        product_id = self._nameable(data.product_id)
        return AskedEvent(
            question=Question(
                data.question,
                product_id,
                data.user_id,
                data.anonymous_id,
                data.conversation_id,
            ),
            id=output_id(
                topics.QUESTIONS, self._partition, event.offset, ANSWER_GIVEN, event.ordinal
            ),
            cause=event,
            key=event.key if event.key is not None else (data.user.encode() or None),
            subject=data.user or event.id,
            context={
                "user_id": data.user_id,
                "anonymous_id": data.anonymous_id,
                "session_id": data.session_id,
                "product_id": product_id,
                "conversation_id": data.conversation_id,
            },
        )

    def _nameable(self, product_id: str | None) -> str | None:
        """None of a product that no answer may name: who asks on its page asks about none."""
        return product_id if product_id is None or self._may_name(product_id) else None

    def _output(self, asked: AskedEvent, answer: Answer) -> Output:
        self._outcomes[answer.abstained or answer.route] += 1
        handover = answer.handover
        if handover is not None:  # what was spoken of before may have turned sensitive since
            product_id = self._nameable(handover.product_id)
            handover = msgspec.structs.replace(handover, product_id=product_id)
        given = AnswerGiven(
            answer=answer.text,
            confidence=round(answer.confidence, CONFIDENCE_DIGITS),
            route=answer.route,
            language=answer.language,
            model=MODEL,
            latency_ms=max(0, self._clock_ms() - asked.cause.time_ms),
            cause=asked.cause.id,
            event_type=asked.cause.type,
            sources=answer.sources,
            abstained=answer.abstained,
            phrased_by=answer.phrased_by,
            local_answer=answer.local_text,
            handover=handover,
            next=answer.next,
            products=answer.products,
            **asked.context,
        )
        key = asked.key
        if answer.route == "orders" and asked.question.user_id is not None:
            key = asked.question.user_id.encode()  # whatever the question lay under
        return Output(
            topic=topics.ANSWERS,
            key=key,
            value=encode(given),
            headers=headers_of(ANSWER_GIVEN, asked.id, asked.subject, asked.cause, SOURCE),
            partition=self._partition if key is None else None,
        )


class SearchedQuestionProcessor(QuestionProcessor):
    """Answers questions that were typed into the search box."""

    def _asked(self, event: Event) -> AskedEvent | Rejected:
        try:
            said = searched_questions.decode(event.data or b"")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Rejected(event.offset, "decode", "corrupt_question", "no searched question")
        cause = Event(
            type="products.searched.v1",
            data=None,
            key=event.key,
            offset=event.offset,
            time_ms=said.time_ms,
            id=said.event_id,
            source="",
            correlation_id=said.correlation_id,
            traceparent=said.traceparent,
        )
        return AskedEvent(
            question=Question(said.text, user_id=said.user_id, anonymous_id=said.anonymous_id),
            id=said.id,
            cause=cause,
            key=event.key,
            subject=said.user_id or said.anonymous_id or said.event_id,
            context={
                "user_id": said.user_id,
                "anonymous_id": said.anonymous_id,
                "session_id": said.session_id,
            },
        )


class KnowledgeProcessor(Stateless):
    """Checks shop.knowledge.v1: every worker reads it whole, as a table, and skips what it cannot
    use; here one of them dead-letters it. Keeps nothing."""

    def __init__(
        self,
        sweep: Callable[[], list[Swept]] = list,
        vectors: Callable[[int], list[Output]] = lambda now_ms: [],
    ) -> None:
        """sweep: names the reviews that are to be withdrawn; of one partition only, so that one
        worker does it. vectors: what this partition's worker is to change on the topic of
        vectors."""
        self._sweep, self._vectors = sweep, vectors
        self._withdrawn: dict[Swept, None] = {}  # their digests go next

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Nothing to do with a good record."""
        return [], []

    def on_timer(self, now_ms: int) -> list[Output]:
        """Withdraws what erased users wrote, keeps vectors that were made.

        First the shop's topic says so, for the sentiment service to count it out; the digest, which
        is what is known of the author, goes only once that is confirmed.
        """
        swept = self._sweep()
        outputs = [
            Output(topics.REVIEW_DIGESTS, each.key, None, [])
            if each in self._withdrawn
            else Output(
                topics.REVIEWS, *withdrawal(each.product_id, each.review_id, each.erased_ms)
            )
            for each in swept
        ]
        self._withdrawn = dict.fromkeys(swept)
        return outputs + self._vectors(now_ms)


class OrdersProcessor(Stateless):
    """Checks shop.orders.v1, as `KnowledgeProcessor` its topic. That of the first partition also
    has the topic forget the orders of erased users, in every partition: an original stays where its
    producer put it."""

    def __init__(self, partition: int, partition_count: int, orders: OrderTable) -> None:
        self._partition, self._partition_count, self._orders = partition, partition_count, orders

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Nothing to do with a good record."""
        return [], []

    def on_timer(self, now_ms: int) -> list[Output]:
        """Tombstones of orders that the worker's table may not hold."""
        if self._partition != 0:
            return []
        return [
            Output(topics.ORDERS, order_id.encode(), None, [], partition)
            for order_id in self._orders.take_condemned()
            for partition in range(self._partition_count)
        ]
