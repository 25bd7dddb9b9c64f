from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.counting.learned import Learned

items = st.integers(0, 5)
taught = st.lists(st.tuples(items, st.lists(items, max_size=3)), max_size=8)


@given(taught=taught, hidden=st.sets(items))
def test_only_keeps_what_a_loop_over_events_keeps(taught, hidden):
    learned, wanted = Learned(), []
    for offset, (item, prior) in enumerate(taught):
        learned.new += [offset, 1, item, 7, len(prior)]
        learned.prior += prior
        learned.seen += [offset, 3, item]
        if item not in hidden:
            wanted.append((offset, item, [other for other in prior if other not in hidden]))
    kept = learned.only(lambda found: ~np.isin(found, list(hidden)))

    offsets, classes, named, hours, counts, _ = kept.new_columns().tolist()
    assert offsets == [offset for offset, _, _ in wanted]
    assert named == [item for _, item, _ in wanted]
    assert counts == [len(prior) for _, _, prior in wanted]
    assert set(classes) <= {1}
    assert set(hours) <= {7}
    assert kept.prior_column().tolist() == [each for _, _, prior in wanted for each in prior]
    assert kept.seen_columns()[2].tolist() == named
