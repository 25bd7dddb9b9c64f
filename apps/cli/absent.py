"""What `get` and `ask` say where they have nothing to show, in the reader's language."""

from __future__ import annotations

from typing import IO, Any

import click

from .spoken import spoken

# What it is, then why it may not be there and what to do about it.
USER = "user {key}"
NO_LIST = (
    "A list comes with the user's first click, search or order (not of events older than "
    "LIST_AGE_MAX); `shopkeeper status` shows whether the recommender is behind"
)
PRODUCT = "product {key}"
NOT_NAMED = (
    "Nor is it on {reviews} or {catalogue}: no click together with another product, no review, "
    "no catalogue entry names it"
)
CATEGORY = "category {key}"
NO_REVIEWS = (
    "No product of it has reviews, or the catalogue writes it otherwise: `shopkeeper tail "
    "{topic} --from-start` shows those that there are"
)
SCOPE = "scope {key}"
SCOPES = (
    "There is {everywhere}, and category/NAME for each category of the catalogue that is clicked"
)
NO_WEIGHTS = (
    "nothing on {topic}: a worker says what its ranker weighs after the first lists were clicked, "
    "once a minute at most"
)
NOT_ALL_READ = (
    "{what}: not among the newest records of {topic}; the older ones were not all looked at within "
    "{seconds:g} s"
)
REMOVED = "{what}: was there and has been removed from {topic}"
NOT_THERE = "{what}: not on {topic}. {why}"
NOT_BY_SCHEMA = (
    "the newest record ({topic}/{partition} at {offset}) does not follow its schema: {error}"
)
NO_ANSWER = "no answer within {seconds:g} s: is an answers worker running? (`shopkeeper status`)"
ANSWER_NOT_BY_SCHEMA = "the answer does not follow its schema: {error}"


class SpokenError(click.ClickException):
    """An error in the reader's language, the word before it included."""

    def __init__(self, language: str, english: str, **values: object) -> None:
        super().__init__(spoken(language, english, **values))
        self._language = language

    def show(self, file: IO[Any] | None = None) -> None:
        """To standard error, as click does."""
        if self._language != "zh":
            super().show(file)
            return
        click.echo(f"错误：{self.format_message()}", file=file, err=file is None)
