"""docs/privacy.md tells of every topic, as the specifications and the code of erasure have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopkeeper.apps.docs import privacy
from shopkeeper.apps.docs.parameters import replaced
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.topic import CLEANED_BY_US, COMPACTED_DAILY, DAY_MS
from shopkeeper.shared.runtime.operations.erasure.traces import inputs, ours

DOCS = Path(__file__).parents[2] / "docs"
RETENTION_DAYS_MAX = 28  # of what names users: within the month that the GDPR allows


@pytest.mark.parametrize(("name", "language"), [("privacy.md", "en"), ("privacy.zh.md", "zh")])
def test_the_committed_table_is_what_the_specifications_say(name, language):
    text = (DOCS / name).read_text("utf-8")
    assert replaced(text, privacy.PART, privacy.table(language)) == text, (
        "python -m shopkeeper.apps.docs.privacy docs/privacy.md docs/privacy.zh.md"
    )


def test_every_topic_is_told_of_and_no_other():
    told = {topic.name for topic in topics.ALL if not topic.name.endswith(".dlq")}
    assert privacy.OF.keys() == told
    table = privacy.table("en")
    assert all(f"| `{name}` |" in table for name in told)


def test_what_is_erased_how_is_what_the_command_does():
    def by(*how):
        return {topic.name for topic in topics.ALL if privacy.of(topic).erased in how}

    assert by(privacy.COMMAND) | {topics.ERASED_USERS} == {*ours()}
    assert by(privacy.RETENTION, privacy.TOMBSTONE) == {*inputs()}
    assert by(privacy.WORKERS) == {topics.checkpoints(name) for name in topics.SERVICES}


def test_how_long_is_kept_what_names_users_can_be_kept_so():
    """Of each way of erasing, what its topics' configuration must be for it to work."""
    for topic in topics.ALL:
        how = privacy.of(topic).erased
        if how in (privacy.RETENTION, privacy.NUMBER) and topic.cleanup == "delete":
            assert topic.retention_ms is not None, topic.name
            assert topic.retention_ms <= RETENTION_DAYS_MAX * DAY_MS, topic.name
        if how == privacy.TOMBSTONE:
            assert topic.cleanup == "compact", topic.name
            assert topic.config == COMPACTED_DAILY, topic.name
        if how == privacy.COMMAND and topic.cleanup == "compact":
            # A broker deletes records of a topic only where its policy has `delete`.
            assert topic.config == CLEANED_BY_US, topic.name
