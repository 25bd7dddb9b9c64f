"""Corrected labels before they are written: of one text or of a file's rows, checked and masked."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from shopkeeper.shared.text.correction_table import CorrectedLabel, unusable
from shopkeeper.shared.text.corrections import readable
from shopkeeper.shared.text.labelled import BadFile, read_rows
from shopkeeper.shared.text.normalisation import TEXT_CHARACTERS_MAX
from shopkeeper.shared.text.personal_data import mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FAULTS_SHOWN = 10
_FIELDS = ("task", "text", "label", "by", "note")


class NotUsable(ValueError):
    """A correction that no worker could use; the message says why and what is possible."""


class Prepared(NamedTuple):
    """A record of the topic of corrections."""

    key: str
    said: CorrectedLabel

    @property
    def value(self) -> bytes:
        return msgspec.json.encode(self.said)


def key_of(task: str, text: str) -> str:
    """The name of the correction of a text: one for all spellings that workers take for the same,
    so that a second correction replaces the first."""
    return f"{task}/{hashlib.sha256(readable([text])[0].encode()).hexdigest()[:16]}"


def prepared(said: CorrectedLabel, labels: Mapping[str, Sequence[str]]) -> Prepared:
    """The record of a correction, personal data masked. labels: of each task.

    Raises NotUsable.
    """
    if said.task not in labels:
        what = f"task {said.task!r} is none of" if said.task else "it has no task, one of"
        raise NotUsable(f"{what} {', '.join(labels)}")
    for field in _FIELDS:
        try:
            getattr(said, field).encode()
        except UnicodeEncodeError:
            raise NotUsable(f"its {field} is no valid Unicode") from None
    if reason := unusable(said, labels[said.task]):
        raise NotUsable(reason)
    kept = msgspec.structs.replace(said, text=mask(said.text[:TEXT_CHARACTERS_MAX]))
    return Prepared(key_of(said.task, said.text), kept)


def of_file(
    path: Path, given: CorrectedLabel, labels: Mapping[str, Sequence[str]]
) -> list[Prepared]:
    """The records of a file: CSV with a header or JSON lines, `text` and `label`; `task`, `by` and
    `note` where a row has them, else those of `given`.

    A file with one bad row gives none. Raises BadFile, naming the rows, and OSError.
    """
    found: dict[str, tuple[int, Prepared]] = {}
    faults: list[str] = []
    for number, row in enumerate(read_rows(path), start=1):
        try:
            one = prepared(_said(row, given), labels)
        except NotUsable as error:
            faults.append(f"row {number}: {error}")
            continue
        first = found.setdefault(one.key, (number, one))
        if first[1].said.label != one.said.label:
            faults.append(
                f"row {number}: {one.said.label!r} for the text that row {first[0]} calls "
                f"{first[1].said.label!r}"
            )
    if faults:
        more = f"\nand {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        listed = "\n".join(faults[:FAULTS_SHOWN])
        raise BadFile(f"{path}: nothing is written, as some rows cannot be used\n{listed}{more}")
    return [one for _, one in found.values()]


def _said(row: Mapping[str, object], given: CorrectedLabel) -> CorrectedLabel:
    values = {field: row.get(field) for field in _FIELDS}
    for field in ("text", "label"):
        if values[field] is None:
            raise NotUsable(f"it has no `{field}`")
    for field, value in values.items():
        if value is not None and not isinstance(value, str):
            raise NotUsable(f"its `{field}` is no text")
    said = {field: value for field, value in values.items() if value}
    return msgspec.structs.replace(given, **said)
