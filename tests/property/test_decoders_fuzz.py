"""Whatever bytes come from outside: a value, a dead letter or a documented error; nothing else, and
no memory beyond what was sent. FUZZ_EXAMPLES (default 60) says how many inputs each decoder gets.
"""

from __future__ import annotations

import contextlib
import os
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.counting import handovers
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import SKIPS, EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected, Several, Skipped
from shopkeeper.shared.contracts.parsing import ERRORS
from shopkeeper.shared.runtime.api.service import Handovers
from shopkeeper.shared.runtime.state.decoders import HandoverDecoder, RawDecoder

from .damage import damaged, spoiled
from .decoder_cases import CASES
from .decoders import KNOWN_ELSEWHERE, ROOT, TRUSTED, golden, parsing_files, record

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
MEMORY_BYTES_MAX = 64 << 20  # of all that decoding one input takes; inputs have 64 KiB at most
EVERY = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,  # by default the same inputs every time
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
INPUTS = [topic for topic in topics.ALL if topic.default_type]


def inputs_of(messages):
    return st.one_of([damaged(message) for message in messages])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_decoder_takes_anything(case):
    for sound in case.golden:
        case.decode(sound)
        for value in spoiled(sound):
            with contextlib.suppress(*case.allowed):
                case.decode(value)

    @EVERY
    @given(inputs_of(case.golden))
    @example(b"")
    def takes(value):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        with contextlib.suppress(*case.allowed):
            case.decode(value)
        peak = tracemalloc.get_traced_memory()[1] - before
        assert peak < MEMORY_BYTES_MAX, f"{len(value)} bytes took {peak}"

    tracemalloc.start()
    try:
        takes()
    finally:
        tracemalloc.stop()


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ("ce_id", "ce_type", "ce_time", "ce_source", "content-type", "x-shopify-topic", "x")
        ),
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from(
                (b"application/cloudevents+json", b"2026-03-01T09:30:00Z", b"orders/create")
            ),
            st.sampled_from([kind.encode() for topic in INPUTS for kind in topic.types]),
        ),
    ),
    max_size=4,
)


@pytest.mark.parametrize("topic", INPUTS, ids=lambda topic: topic.name)
def test_the_decoder_of_events_gives_every_record_a_verdict(topic):
    events = EventDecoder(topic.name, topic.types, topic.owner or "x", "com.example.shop.")
    told = Handovers("told", handovers.decode_timed)
    decoders = [events, HandoverDecoder(events, told), RawDecoder(topic.name, "raw")]
    messages = [message for kind in topic.types for message in golden(kind)]

    @EVERY
    @given(inputs_of(messages), HEADERS, st.one_of(st.none(), st.binary(max_size=20)))
    def judges(value, headers, key):
        one = record(value, headers, key)
        handed = record(value, [("shopkeeper.handover", b"1"), *headers], key)
        for decoder in decoders:
            verdicts = decoder.decode([one, handed])
            assert len(verdicts) == 2
            for verdict in verdicts:
                assert isinstance(verdict, Event | Rejected | Skipped | Several)
                if isinstance(verdict, Rejected):
                    assert verdict.error in ERRORS[verdict.stage]
                if isinstance(verdict, Skipped):
                    assert verdict.reason in SKIPS

    judges()


def test_no_decoder_is_forgotten():
    covered = {file for case in CASES for file in case.files}
    by_events = {
        "shared/contracts/decoder.py",
        "shared/contracts/parsing.py",
        "shared/contracts/vocabularies/matomo.py",
        "shared/contracts/vocabularies/snowplow.py",
    }
    known = covered | by_events | KNOWN_ELSEWHERE.keys() | TRUSTED.keys()
    assert parsing_files() == known & parsing_files(), "what parses bytes has a case, or a reason"
    assert not {file for file in known if not (ROOT / file).is_file()}
    assert not covered & TRUSTED.keys()
    for test in KNOWN_ELSEWHERE.values():
        assert (ROOT / test).is_file(), test
    unneeded = (KNOWN_ELSEWHERE.keys() | TRUSTED.keys()) - parsing_files()
    assert not unneeded, "nothing is parsed there"
