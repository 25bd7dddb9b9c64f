"""Wherever a bad rule stands among others, its line is the one that is named."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.intent.rules import intent_rules
from shopkeeper.shared.text.rules import RulesError

LABELS = ("one", "two", "three", "out_of_scope")
FILLER = st.lists(
    st.sampled_from(["", "# note", "  # [intent.routes]", '# one = "nowhere"']), max_size=4
)
ROUTES = [f'{label} = "answer"' for label in LABELS]
BAD = [
    ('"four" = "answer"', "is no intent"),
    ("four = 'answer'  # one", "is no intent"),
    ('four="answer"', "is no intent"),
]


@given(
    FILLER,
    st.lists(st.sampled_from(ROUTES), unique=True),
    st.sampled_from(BAD),
    st.booleans(),
    st.data(),
)
def test_the_line_of_a_bad_route(filler, routes, bad, dotted, data):
    rule, said = bad
    lines = ["[intent]", "abstain_below = 0.5", *filler]
    header = "[intent.routes]"
    body = [*routes]
    at = data.draw(st.integers(0, len(body)))
    body.insert(at, rule)
    body = [f"routes.{line}" for line in body] if dotted else [header, *body]
    spread = [each for line in body for each in [*data.draw(FILLER), line]]
    lines += spread
    wanted = next(n for n, line in enumerate(lines, 1) if line.endswith(rule))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rules.toml")
        path.write_text("\n".join(lines), "utf-8")
        with pytest.raises(RulesError, match=said) as caught:
            intent_rules(path, LABELS)
    assert f"line {wanted}: " in str(caught.value)
