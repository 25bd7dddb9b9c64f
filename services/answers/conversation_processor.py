"""One partition of questions that are lines of conversations: the one part of the service that has
a state of its own, what was said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.murmur2 import partitions_of

from .core.dialogue.conversation import Asked, split
from .processors import QuestionProcessor

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event
    from shopkeeper.shared.runtime.api.processor import Sections

    from .core.answerer import Answerer
    from .core.dialogue.conversation import Conversations
    from .core.dialogue.dialogue import Dialogue
    from .core.question import Answer
    from .phrasing.phraser import Phraser
    from .processors import AskedEvent
    from .ratings import Rating

SECTION = "conversations"


class ConversationProcessor(QuestionProcessor):
    """Answers each line from what was said before in its conversation.

    Which conversations are kept follows from the log alone. What is remembered of an answer (the
    product that is spoken of) also rests on the tables as they were when it was given: lines that a
    killed worker answers again are remembered as they are answered then.
    """

    def __init__(
        self,
        partition: int,
        answerer: Answerer,
        clock_ms: Callable[[], int],
        outcomes: Counter[str] | None = None,
        ratings: Counter[Rating] | None = None,
        phraser: Phraser | None = None,
        *,
        dialogue: Dialogue,
        conversations: Conversations,
        may_name: Callable[[str], bool] = lambda product_id: True,
    ) -> None:
        """conversations: of this partition alone."""
        super().__init__(
            partition, answerer, clock_ms, outcomes, ratings, phraser, may_name=may_name
        )
        self._dialogue, self.conversations = dialogue, conversations

    def _answers(self, batch: Sequence[AskedEvent]) -> list[Answer]:
        lines = [
            Asked(asked.question, asked.cause.time_ms, asked.context.get("session_id"))
            for asked in batch
        ]
        return self._dialogue.answer_all(lines, self.conversations)

    def snapshot(self) -> Sections:
        """The conversations."""
        return {SECTION: self.conversations.snapshot()}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        """Without any: of a worker of before there were conversations. Raises ValueError."""
        if SECTION in sections:
            self.conversations.restore(sections[SECTION])


def owner_of_event(event: Event) -> str | None:
    """What places a question: its user, or else its conversation; None: it stays where it is."""
    data = event.data
    return data.user or data.conversation_id or data.session_id or None


def _conversations(before: Mapping[int, Sections], count: int) -> dict[int, Sections]:
    """before: by partition. Conversations go where their key now is."""

    def owners(names: list[str]) -> list[int]:
        found: list[int] = partitions_of([name.encode() for name in names], count).tolist()
        return found

    kept = {number: each[SECTION] for number, each in before.items() if SECTION in each}
    after = split(kept, owners)
    result = {}
    for number in range(count):
        others = {name: part for name, part in before.get(number, {}).items() if name != SECTION}
        result[number] = others | ({SECTION: after[number]} if number in after else {})
    return result


RESHARD = {topics.QUESTIONS: _conversations}  # by topic
