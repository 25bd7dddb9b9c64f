"""Candidates of a list, and what each expert says of them: one compiled pass per list.

Experts, all read from what is kept current click by click:

- neighbours: sum over the distinct recent items i of decay ** age(i) * s(i, j), age in entries
  since i was last there (item-based collaborative filtering with session decay), and neighbours of
  neighbours, s(i, k) * s(k, j), of the newest three items: they reach where an item has few;
- neighbour sessions: vector-session-kNN (Ludewig and Jannach, "Evaluation of session-based
  recommendation algorithms", UMUAI 2018), with the index of VMIS-kNN: a session's similarity is the
  sum over shared items of (length - age) / length; the nearest vote for their items with similarity
  / (1 + age of the newest shared item), times log(sessions / n(j));
- sequences: sequential rules (the same source): what came d places after i in the newest sessions
  with i, of the newest three, votes with 1 / d, halved with each entry since i;
- content: new items that fit what was looked at (content.py), and what fits the user's last search;
- vectors: how alike an item is to the last one, and to the recent ones, by item2vec.py;
- and what an item is: popularity, lately and ever, how often who saw it comes back to it, reviews.

What must not be offered is left out before anything is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..numeric.items import grown
from ..numeric.jit import jit
from ..tables.sessions import HEAT_HALF_LIFE, NO_LINK
from ..types import CLICK, Searched
from .features import PLACES, RAW, TINY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge
    from ..numeric.items import ItemIndex

PLACE_BITS = 12
GATHERED_MAX = 1 << PLACE_BITS  # candidates of one list before the best are chosen
RECENT_MAX = 1024  # recent items of a list
NEW_AGES = 2  # of entries as new as that all neighbours count, of older ones some
RECENT_SESSIONS = 30
RECENCY_HALF_LIFE = 20_000.0  # sessions, of a neighbour session's vote
SEQUENCE_DECAY = 0.5
SEARCH_WEIGHT = 1.0  # of fit to the last search in the score without the blend
PRIOR_SESSIONS, PRIOR_EVENTS = 2.0, 10.0  # added where little was seen
STEPS_FROM, STEPS_WIDE = 3, 10  # neighbours of neighbours: of how many items, how many each
WALKS_LONG = 3  # newest distinct items whose sessions are walked far, and read for sequences
# `why`: what speaks most for an item
NOTHING, NEIGHBOUR, TWO_STEPS, SESSION, ITSELF, CONTENT, SEARCHED = range(7)

_BASE = RAW.index("base")
_LAST, _SECOND = RAW.index("similarity_last"), RAW.index("similarity_second")
_MOST, _CONFIDENCE = RAW.index("similarity_max"), RAW.index("confidence_last")
_COUNT, _VOTES = RAW.index("count_last"), RAW.index("votes")
_STEPS = RAW.index("two_step")
_FOLLOWED, _FOLLOWED_LAST = RAW.index("followed"), RAW.index("followed_last")
_NEXT, _PRECEDED = RAW.index("next_last"), RAW.index("preceded_last")
_RECENT_LAST, _SESSIONS_LAST = RAW.index("recent_last"), RAW.index("sessions_last")
_SESSIONS, _SESSIONS_RECENT = RAW.index("sessions"), RAW.index("sessions_recent")
_POPULARITY, _HEAT, _SILENCE = RAW.index("popularity"), RAW.index("heat"), RAW.index("silence")
_RETURN, _IMMEDIATE = RAW.index("return_rate"), RAW.index("immediate_rate")
_LENGTH, _DISTINCT = RAW.index("length"), RAW.index("distinct")
_TIMES, _RECENCY = RAW.index("times"), RAW.index("recency")
_SENTIMENT, _CATEGORY = RAW.index("sentiment"), RAW.index("same_category")
_FIRST_PLACE, _FIRST_SHARE = RAW.index(PLACES[0]), RAW.index("share_base")
_CONTENT, _SEARCHED = RAW.index("content"), RAW.index("searched")
_VECTOR_LAST, _VECTOR_RECENT = RAW.index("vector_last"), RAW.index("vector_recent")
# Experts that choose candidates; those of `PLACES` first, in their order.
_CHOOSING = np.array([_BASE, _STEPS, _FOLLOWED, _SESSIONS, _CONTENT, _SEARCHED])
_PLACED = len(PLACES)


class Candidates(NamedTuple):
    """Candidates of a batch of lists, list after list, in no order within one."""

    bounds: NDArray[np.int64]  # (lists + 1,) where each list's begin, and the end
    items: NDArray[np.int64]
    raw: NDArray[np.float32]  # (candidates, RAW)
    base: NDArray[np.float64]  # the score without the blend, in full precision
    kept: NDArray[np.float64]  # what reviews multiply its score by
    why: NDArray[np.int64]  # what speaks most for it
    source: NDArray[np.int64]  # the recent item that leads to it
    kind: NDArray[np.int64]  # event class of that neighbour


class CandidateGenerator:
    """Gathers candidates; holds working space only."""

    def __init__(self, settings: RecommenderConfig, items: ItemIndex, knowledge: Knowledge) -> None:
        self._settings, self._items, self._knowledge = settings, items, knowledge
        ages = np.arange(float(RECENT_MAX))
        self._decay = np.power(settings.session_decay, ages)
        self._content_decay = np.power(settings.content_decay, ages)
        # By item: the list that it was last a candidate of, and its place there.
        self._mark: NDArray[np.int64] = np.zeros(1024, np.int64)
        self._found: NDArray[np.int64] = np.zeros(GATHERED_MAX, np.int64)
        self._raw: NDArray[np.float32] = np.zeros((GATHERED_MAX, len(RAW)), np.float32)
        self._base: NDArray[np.float64] = np.zeros(GATHERED_MAX)
        self._lead: NDArray[np.float64] = np.zeros(GATHERED_MAX)
        self._why: NDArray[np.int64] = np.zeros((GATHERED_MAX, 3), np.int64)
        # Sessions met for the list at hand, and where they are by hash: small enough to stay in
        # the cache, which arrays by slot would not.
        most = settings.recent_items_max * max(settings.index_walk_max, settings.old_index_walk_max)
        most = min(most, GATHERED_MAX)
        self._table: NDArray[np.int64] = np.zeros(1 << (2 * most - 1).bit_length(), np.int64)
        self._walked: NDArray[np.int64] = np.zeros(most, np.int64)
        self._nearness: NDArray[np.float64] = np.zeros(most)
        self._newest_age: NDArray[np.int64] = np.zeros(most, np.int64)
        self._lists = 0

    def gather(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        searched: Sequence[Searched],
    ) -> Candidates:
        """Candidates of each list.

        recents: by list, items of the last events, newest last. boughts: by list, never offered.
        sessions: by list, the number of the session that it is for (-1: none): no neighbour of
        its own. searched: by list, items that fit the user's last search, and how well.
        """
        settings, knowledge = self._settings, self._knowledge
        index, content = knowledge.sessions, knowledge.content
        limits = (
            settings.candidates_base_max,
            settings.candidates_two_step_max,
            settings.candidates_followed_max,
            settings.candidates_sessions_max,
            settings.candidates_content_max,
            settings.candidates_searched_max,
        )
        flat_recent, recent_bounds = _flat(recents)
        found_items, found_bounds = _flat([items for items, _ in searched])
        found_fits = np.array([fit for _, fits in searched for fit in fits], np.float64)
        content.prepare(flat_recent)
        self._reserve()
        flat_bought, bought_bounds = _flat(boughts)
        room = len(recents) * sum(limits) + len(flat_recent)
        bounds = np.zeros(len(recents) + 1, np.int64)
        out = Candidates(
            bounds,
            np.empty(room, np.int64),
            np.empty((room, len(RAW)), np.float32),
            np.empty(room),
            np.empty(room),
            np.empty(room, np.int64),
            np.empty(room, np.int64),
            np.empty(room, np.int64),
        )
        similar, catalogue = knowledge.similar_items, knowledge.catalogue
        _gather(
            (flat_recent, recent_bounds, flat_bought, bought_bounds, np.array(sessions, np.int64)),
            (similar.row_of, similar.neighbours, similar.scores, similar.counts, similar.classes),
            (
                knowledge.item_counts.n[CLICK],
                catalogue.blocked(),
                catalogue.category,
                knowledge.sentiment.mean,
            ),
            (index.entries, index.heads, index.heat, index.heat_at, index.returns, index.totals),
            index.newest,
            (
                content.row_of,
                content.neighbours,
                content.fits,
                found_items,
                found_bounds,
                found_fits,
            ),
            (knowledge.vectors.inputs, knowledge.vectors.outputs),
            (self._mark, self._found, self._raw, self._base, self._lead, self._why),
            (self._table, self._walked, self._nearness, self._newest_age),
            self._lists,
            (self._decay, self._content_decay),
            (
                settings.old_neighbours_max,
                settings.index_walk_max,
                settings.old_index_walk_max,
                settings.neighbour_sessions_max,
                settings.new_item_visits,
            ),
            (
                settings.repeat_weight,
                settings.two_step_weight,
                settings.sentiment_weight,
                settings.sentiment_lift,
                settings.content_weight,
            ),
            (settings.offer_current, settings.offer_seen),
            limits,
            out,
        )
        self._lists += len(recents)
        count = int(bounds[-1])
        return Candidates(
            bounds,
            out.items[:count],
            out.raw[:count],
            out.base[:count],
            out.kept[:count],
            out.why[:count],
            out.source[:count],
            out.kind[:count],
        )

    def _reserve(self) -> None:
        knowledge, capacity = self._knowledge, self._items.capacity
        for view in (
            knowledge.similar_items,
            knowledge.item_counts,
            knowledge.catalogue,
            knowledge.sentiment,
            knowledge.sessions,
            knowledge.content,
        ):
            view.reserve()
        if capacity > len(self._mark):
            self._mark = grown(self._mark, capacity)


def _flat(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    bounds = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(each) for each in lists], out=bounds[1:])
    return np.array([item for each in lists for item in each], np.int64), bounds


@jit
def _place(
    item: int,
    stamp: int,
    count: int,
    mark: Any,
    found: Any,
    raw: Any,
    base: Any,
    lead: Any,
    why: Any,
) -> tuple[int, int]:
    """(its place among the candidates or -1 where there is no room, how many there are then)."""
    if mark[item] >> PLACE_BITS != stamp:
        if count == GATHERED_MAX:
            return -1, count
        mark[item] = stamp << PLACE_BITS | count
        found[count] = item
        raw[count, :] = 0.0
        base[count] = lead[count] = 0.0
        why[count, 0] = NOTHING
        count += 1
    return mark[item] & (1 << PLACE_BITS) - 1, count


@jit
def _by_reviews(mean: float, weight: float, lift: float) -> float:
    """What reviews make of a score: the worst take `weight` of it, the best add `lift`."""
    return 1.0 + weight * min(mean, 0.0) + lift * max(mean, 0.0)


@jit
def _point(own: Any, context: Any, weight: Any, is_last: bool, towards: Any) -> None:
    """Add an item's vector, of length `weight`, to where recent items point; (2, dimensions)."""
    square = np.float32(0)
    for n in range(len(own)):
        square += (own[n] + context[n]) ** 2
    if square > 0:
        scale = np.float32(1) / np.sqrt(square)
        for n in range(len(own)):
            along = (own[n] + context[n]) * scale
            towards[1, n] += weight * along
            if is_last:
                towards[0, n] = along


@jit
def _cosines(own: Any, context: Any, towards: Any) -> tuple[Any, Any]:
    """Products of an item's vector, made 1 long, with both rows of `towards`."""
    square, last, recent = np.float32(0), np.float32(0), np.float32(0)
    for n in range(len(own)):
        along = own[n] + context[n]
        square += along * along
        last += along * towards[0, n]
        recent += along * towards[1, n]
    if square == 0:
        return np.float32(0), np.float32(0)
    scale = np.float32(1) / np.sqrt(square)
    return last * scale, recent * scale


@jit
def _gather(
    asked: Any,
    similar: Any,
    known: Any,
    index: Any,
    newest: int,
    fitting: Any,
    vectors: Any,
    space: Any,
    session_space: Any,
    lists_before: int,
    decays: Any,
    counts_max: Any,
    weights: Any,
    offer: Any,
    limits: Any,
    out: Any,
) -> None:
    """Fill `out`. Arguments are grouped as `CandidateGenerator.gather` passes them."""
    recents, recent_bounds, boughts, bought_bounds, sessions = asked
    row_of, neighbours, scores, counts, classes = similar
    n, blocked, category, mean = known
    entries, heads, heat, heat_at, returns, totals = index
    mark, found, raw, base, lead, why = space
    table, walked, nearness, newest_age = session_space
    old_max, walk_max, old_walk_max, sessions_max, new_visits = counts_max
    repeat_weight, step_weight, sentiment_weight, sentiment_lift, content_weight = weights
    content_rows, content_items, content_fits, found_items, found_bounds, found_fits = fitting
    inputs, outputs = vectors
    decay, content_decay = decays
    offer_current, offer_seen = offer
    bounds, out_items, out_raw, out_base, out_kept, out_why, out_source, out_kind = out
    slots, width, _ = entries.shape
    near_max = neighbours.shape[1]
    columns = raw.shape[1]
    seeds = np.empty(RECENT_MAX, np.int64)
    ages = np.empty(RECENT_MAX, np.int64)
    visits = np.empty((max(walk_max, old_walk_max), 2), np.int64)
    left_over = np.empty(GATHERED_MAX, np.int64)
    column = np.empty(GATHERED_MAX, np.float32)
    experts = len(limits)
    least_of = np.zeros(experts, np.float32)
    ties_of = np.zeros(experts, np.int64)  # how many as good as the least may stay
    towards = np.zeros((2, inputs.shape[1]), np.float32)  # where the last, all recent items point
    returns_prior = totals[1] / max(totals[0], 1)
    immediate_prior = totals[2] / max(totals[0], 1)
    total = 0

    for number in range(len(sessions)):
        stamp = lists_before + number + 1
        recent = recents[recent_bounds[number] : recent_bounds[number + 1]]
        length = len(recent)
        own = sessions[number]
        bounds[number + 1] = total
        if length == 0 and found_bounds[number] == found_bounds[number + 1]:
            continue
        last = recent[length - 1] if length else -1

        # Distinct recent items, newest first.
        distinct = 0
        for age in range(length):
            item = recent[length - 1 - age]
            at, count = _place(item, stamp, distinct, mark, found, raw, base, lead, why)
            if count > distinct:
                base[at] = lead[at] = repeat_weight * decay[age]
                why[at, 0] = ITSELF if repeat_weight > 0 else NOTHING
                why[at, 1], why[at, 2] = item, 0
                raw[at, _RECENCY] = 1.0 / (1.0 + age)
                seeds[at], ages[at] = item, age
                distinct = count
            raw[at, _TIMES] += 1.0
        count = distinct

        # Neighbours.
        for seed in range(distinct):
            item, age = seeds[seed], ages[seed]
            row = row_of[item]
            if row < 0:
                continue
            for nth in range(near_max if age < NEW_AGES else min(near_max, old_max)):
                other = neighbours[row, nth]
                if other < 0:
                    break
                at, count = _place(other, stamp, count, mark, found, raw, base, lead, why)
                if at < 0:
                    continue
                score = scores[row, nth]
                part = decay[age] * score
                base[at] += part
                if part > lead[at]:
                    lead[at] = part
                    why[at, 0], why[at, 1], why[at, 2] = NEIGHBOUR, item, classes[row, nth]
                raw[at, _VOTES] += 1.0
                raw[at, _MOST] = max(raw[at, _MOST], score)
                if seed == 0:
                    raw[at, _LAST] = score
                    raw[at, _COUNT] = counts[row, nth]
                    raw[at, _CONFIDENCE] = counts[row, nth] / max(n[item], 1)
                elif seed == 1:
                    raw[at, _SECOND] = score

        # Neighbours of neighbours.
        for seed in range(min(distinct, STEPS_FROM)):
            row = row_of[seeds[seed]]
            if row < 0:
                continue
            for nth in range(min(near_max, STEPS_WIDE)):
                between = neighbours[row, nth]
                if between < 0:
                    break
                row_2 = row_of[between]
                if row_2 < 0:
                    continue
                way = decay[ages[seed]] * scores[row, nth]
                for nth_2 in range(min(near_max, STEPS_WIDE)):
                    other = neighbours[row_2, nth_2]
                    if other < 0:
                        break
                    at, count = _place(other, stamp, count, mark, found, raw, base, lead, why)
                    if at < 0:
                        continue
                    raw[at, _STEPS] += way * scores[row_2, nth_2]
                    part = step_weight * way * scores[row_2, nth_2]
                    if part > lead[at]:
                        lead[at] = part
                        why[at, 0], why[at, 1], why[at, 2] = TWO_STEPS, seeds[seed], 0

        # The newest sessions with each recent item: how near they are, and what followed.
        walked_count = 0
        for seed in range(distinct):
            item, age = seeds[seed], ages[seed]
            near = (length - age) / length
            visited = 0
            where = heads[item]
            for _ in range(walk_max if seed < WALKS_LONG else old_walk_max):
                if walked_count == len(walked):
                    break
                session = where // width
                if where < 0 or session <= newest - slots:
                    break
                slot, position = session % slots, where - session * width
                if session != own:
                    visits[visited, 0], visits[visited, 1] = slot, position
                    visited += 1
                    cell = session & len(table) - 1
                    while table[cell] >> PLACE_BITS == stamp:
                        nth = table[cell] & (1 << PLACE_BITS) - 1
                        if walked[nth] == session:
                            nearness[nth] += near
                            break
                        cell = cell + 1 & len(table) - 1
                    else:
                        table[cell] = stamp << PLACE_BITS | walked_count
                        walked[walked_count] = session
                        nearness[walked_count] = near
                        newest_age[walked_count] = age  # seeds come newest first
                        walked_count += 1
                back = entries[slot, position, 1]
                if back == NO_LINK:
                    break
                where -= back
            if visited == 0 or seed >= WALKS_LONG:
                continue
            weight = SEQUENCE_DECAY**age / (visited + PRIOR_SESSIONS)
            share = 1.0 / (visited + PRIOR_SESSIONS)
            share_recent = 1.0 / (min(visited, RECENT_SESSIONS) + PRIOR_SESSIONS)
            for nth in range(visited):
                slot, position = visits[nth, 0], visits[nth, 1]
                for at_position in range(width):
                    other = entries[slot, at_position, 0]
                    if other < 0:
                        break
                    if at_position == position:
                        continue
                    at, count = _place(other, stamp, count, mark, found, raw, base, lead, why)
                    if at < 0:
                        continue
                    if why[at, 0] == NOTHING:
                        why[at, 0], why[at, 1], why[at, 2] = SESSION, item, 0
                    distance = at_position - position
                    if distance > 0:
                        raw[at, _FOLLOWED] += weight / distance
                    if seed == 0:
                        raw[at, _SESSIONS_LAST] += 1.0
                        if nth < RECENT_SESSIONS:
                            raw[at, _RECENT_LAST] += share_recent
                        if distance > 0:
                            raw[at, _FOLLOWED_LAST] += share / distance
                            if distance == 1:
                                raw[at, _NEXT] += share
                        else:
                            raw[at, _PRECEDED] -= share / distance

        # The nearest sessions vote for their items.
        if walked_count:
            least = -1.0
            if walked_count > sessions_max:
                least = np.partition(nearness[:walked_count], walked_count - sessions_max)[
                    walked_count - sessions_max
                ]
            left = sessions_max
            for nth in range(walked_count):
                session, near = walked[nth], nearness[nth]
                if near < least or left == 0:
                    continue
                left -= 1
                slot = session % slots
                vote = near / (1.0 + newest_age[nth])
                newer = 0.5 ** ((newest - session) / RECENCY_HALF_LIFE)
                for position in range(width):
                    other = entries[slot, position, 0]
                    if other < 0:
                        break
                    at, count = _place(other, stamp, count, mark, found, raw, base, lead, why)
                    if at < 0:
                        continue
                    if why[at, 0] == NOTHING:
                        why[at, 0], why[at, 1], why[at, 2] = SESSION, last, 0
                    raw[at, _SESSIONS] += vote
                    raw[at, _SESSIONS_RECENT] += vote * newer

        # New items that fit.
        for seed in range(distinct):
            row = content_rows[seeds[seed]]
            if row < 0:
                continue
            for nth in range(content_items.shape[1]):
                other = content_items[row, nth]
                if other < 0:
                    break
                if n[other] >= new_visits:
                    continue  # it has neighbours of its own by now
                at, count = _place(other, stamp, count, mark, found, raw, base, lead, why)
                if at < 0:
                    continue
                raw[at, _CONTENT] += content_decay[ages[seed]] * content_fits[row, nth]
                if why[at, 0] == NOTHING:
                    why[at, 0], why[at, 1], why[at, 2] = CONTENT, seeds[seed], 0

        # What fits the last search.
        for nth in range(found_bounds[number], found_bounds[number + 1]):
            at, count = _place(found_items[nth], stamp, count, mark, found, raw, base, lead, why)
            if at >= 0:
                raw[at, _SEARCHED] = found_fits[nth]
                why[at, 0], why[at, 1], why[at, 2] = SEARCHED, found_items[nth], 0

        # What must not be offered goes: found is -1 then.
        for bought in boughts[bought_bounds[number] : bought_bounds[number + 1]]:
            at = mark[bought]
            if at >> PLACE_BITS == stamp:
                found[at & (1 << PLACE_BITS) - 1] = -1
        for seed in range(distinct):  # its place is its number
            if not (offer_current if seed == 0 else offer_seen):
                found[seed] = -1

        # Scores that candidates are chosen by.
        kept = 0
        for at in range(count):
            item = found[at]
            if item < 0 or blocked[item]:
                continue
            base[at] += step_weight * raw[at, _STEPS]
            base[at] += content_weight * raw[at, _CONTENT] + SEARCH_WEIGHT * raw[at, _SEARCHED]
            base[at] *= _by_reviews(mean[item], sentiment_weight, sentiment_lift)
            raw[at, _BASE] = base[at]
            if raw[at, _SESSIONS] > 0:
                rarity = max(0.0, np.log((newest + 2.0) / (n[item] + 1.0)))
                raw[at, _SESSIONS] *= rarity
                raw[at, _SESSIONS_RECENT] *= rarity
            left_over[kept] = at
            kept += 1

        # The best by each expert, and all that were seen.
        for expert in range(experts):
            least_of[expert], ties_of[expert] = 0.0, 0
            if kept > limits[expert]:
                for nth in range(kept):
                    column[nth] = raw[left_over[nth], _CHOOSING[expert]]
                least = np.partition(column[:kept], kept - limits[expert])[kept - limits[expert]]
                least_of[expert] = least
                ties_of[expert] = limits[expert] - (column[:kept] > least).sum()
        towards[:] = 0
        for seed in range(distinct):
            weight = np.float32(decay[ages[seed]])
            _point(inputs[seeds[seed]], outputs[seeds[seed]], weight, seed == 0, towards)
        length_recent = np.sqrt((towards[1] * towards[1]).sum())
        first = total
        for nth in range(kept):
            at = left_over[nth]
            good = raw[at, _RECENCY] > 0
            for expert in range(experts):
                value = raw[at, _CHOOSING[expert]]
                if value > least_of[expert]:
                    good = True
                elif value == least_of[expert] and ties_of[expert] > 0:
                    ties_of[expert] -= 1
                    good = True
            if not good:
                continue
            item = found[at]
            for feature in range(columns):
                out_raw[total, feature] = raw[at, feature]
            row_out = out_raw[total]
            row_out[_SENTIMENT] = mean[item]
            row_out[_POPULARITY] = n[item]
            silence = totals[0] - heat_at[item]
            row_out[_HEAT] = heat[item] * 0.5 ** (silence / HEAT_HALF_LIFE)
            row_out[_SILENCE] = silence
            events = returns[item, 0] + PRIOR_EVENTS
            row_out[_RETURN] = (returns[item, 1] + PRIOR_EVENTS * returns_prior) / events
            row_out[_IMMEDIATE] = (returns[item, 2] + PRIOR_EVENTS * immediate_prior) / events
            row_out[_LENGTH] = length
            row_out[_DISTINCT] = distinct
            if last >= 0:
                row_out[_CATEGORY] = category[item] >= 0 and category[item] == category[last]
            row_out[_VECTOR_LAST], along = _cosines(inputs[item], outputs[item], towards)
            row_out[_VECTOR_RECENT] = along / max(length_recent, np.float32(TINY))
            out_items[total] = item
            out_base[total] = base[at]
            out_kept[total] = _by_reviews(mean[item], sentiment_weight, sentiment_lift)
            out_why[total], out_source[total], out_kind[total] = why[at, 0], why[at, 1], why[at, 2]
            total += 1

        # Places and shares by each expert.
        count = total - first
        for expert in range(_PLACED):
            largest = 0.0
            for at in range(count):
                column[at] = -out_raw[first + at, _CHOOSING[expert]]
                largest = max(largest, -column[at])
            order = np.argsort(column[:count])
            for nth in range(count):
                out_raw[first + order[nth], _FIRST_PLACE + expert] = nth
            for at in range(count):
                out_raw[first + at, _FIRST_SHARE + expert] = -column[at] / max(largest, TINY)
        bounds[number + 1] = total


@jit
def best(bounds: Any, scores: Any, order: Any, count: int) -> tuple[Any, Any]:
    """The best of each list that have a score: (places, best first, list after list; (lists,) where
    each list's end).

    bounds: (lists + 1,). scores, order: (candidates,); of equal scores the lower order comes first.
    """
    lists = len(bounds) - 1
    places = np.empty(lists * count, np.int64)
    ends = np.empty(lists, np.int64)
    total = 0
    for number in range(lists):
        first = total
        for at in range(bounds[number], bounds[number + 1]):
            score = scores[at]
            if score <= 0.0:
                continue
            if total - first == count:
                worst = places[total - 1]
                if score < scores[worst] or (score == scores[worst] and order[at] > order[worst]):
                    continue
                total -= 1
            # Insertion: lists are short, and most candidates were passed over above.
            to = total
            while to > first:
                before = places[to - 1]
                if scores[before] > score or (
                    scores[before] == score and order[before] < order[at]
                ):
                    break
                places[to] = before
                to -= 1
            places[to] = at
            total += 1
        ends[number] = total
    return places[:total], ends
