"""Groups of users who behave alike: principal components of behaviour vectors, then online K-means.

Both are learned batch by batch (`methods`). When the components turn, centres are carried over:
back into the space of behaviour by the old ones, down again by the new. So a centre moves only as
far as its users did, and what is kept by a group's id goes on meaning the same. A centre that
hardly anybody is near is put elsewhere, as a group with a new id; one that has wandered, with its
users, further from where it got its id than another's home is from there, gets a new id too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from .methods import Components, first_centres, moved, nearest, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT_VERSION = 1
SEED = 1
STARTS = 4  # of the first centres, the best is kept
FIRST_USERS_PER_GROUP = 16  # before there are groups
MEMORY_USERS = 20_000  # what is older fades: about so many users make up components and centres
EMPTY_SHARE = 0.02  # of the fair share of users; a group with less is given up


class GroupModel(msgspec.Struct, frozen=True):
    """What is needed to tell a user's group; read only.

    A group's score is behaviour @ weights + offsets, the nearest centre's the largest: half its
    squared distance, what all groups share left out. Published as msgpack.
    """

    format_version: int
    width: int  # of a behaviour vector
    ids: list[int]
    weights: bytes  # float32 (width, groups)
    offsets: bytes  # float32 (groups,)

    def tables(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        """(weights, offsets, ids), as arrays. Raises ValueError if they do not fit together."""
        if self.format_version != FORMAT_VERSION:
            raise ValueError(f"user groups of format {self.format_version}")
        count = len(self.ids)
        weights = np.frombuffer(self.weights, np.float32).reshape(self.width, count)
        offsets = np.frombuffer(self.offsets, np.float32)
        if (
            len(offsets) != count
            or not np.isfinite(weights).all()
            or not np.isfinite(offsets).all()
        ):
            raise ValueError("not a model of user groups")
        return weights, offsets, np.array(self.ids, np.int64)


class UserGroups:
    """Learns components and centres from samples of behaviour vectors.

    width: of a vector. components: kept of it; 0 clusters the vectors as they are. Holds
    `FIRST_USERS_PER_GROUP * groups` vectors at most, until there are groups; then none.
    """

    def __init__(self, width: int, groups: int, components: int) -> None:
        self.width, self.groups, self.components = width, groups, min(components, width)
        self.ids: NDArray[np.int64] = np.zeros(0, np.int64)  # of the groups; none before they are
        self.users = 0  # learned from
        self._next_id = 0
        self._first: list[NDArray[np.float64]] = []  # vectors, until there are enough
        # PCA's state
        self._mean: NDArray[np.float64] = np.zeros(width)
        self._variance: NDArray[np.float64] = np.zeros(width)
        self._axes: NDArray[np.float64] = np.eye(width)[: self.components or width]
        self._singular: NDArray[np.float64] = np.zeros(self.components)
        self._seen = 0
        # K-means's
        self._centres: NDArray[np.float64] = np.zeros((0, len(self._axes)))
        self._weights: NDArray[np.float64] = np.zeros(0)  # users of each centre
        self._homes: NDArray[np.float64] = np.zeros((0, width))  # where each got its id

    def learn(self, vectors: NDArray[np.floating]) -> None:
        """Take a sample of users in. vectors: (users, width)."""
        x = np.array(vectors, np.float64).reshape(-1, self.width)
        x = x[np.isfinite(x).all(axis=1)]  # one user of none would make all of them none
        if not len(x):
            return
        self.users += len(x)
        if not len(self.ids):
            self._first.append(x)
            x = np.concatenate(self._first)
            if len(x) < FIRST_USERS_PER_GROUP * self.groups or len(x) < self.components:
                return
            self._first = []
            self._turn(x)
            self._begin(self.reduced(x))
            return
        self._turn(x)
        self._move(self.reduced(x))

    def reduced(self, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """(users, components) of (users, width)."""
        found: NDArray[np.float64] = (vectors - self._mean) @ self._axes.T
        return found

    def restored(self, reduced: NDArray[np.float64]) -> NDArray[np.float64]:
        """(users, width), as near as components can tell, of (users, components)."""
        found: NDArray[np.float64] = reduced @ self._axes + self._mean
        return found

    def model(self) -> GroupModel | None:
        """What tells groups, as of now; None before there are any."""
        if not len(self.ids):
            return None
        weights = self._axes.T @ self._centres.T
        offsets = -self._mean @ weights - 0.5 * (self._centres**2).sum(axis=1)
        return GroupModel(
            FORMAT_VERSION,
            self.width,
            self.ids.tolist(),
            weights.astype(np.float32).tobytes(),
            offsets.astype(np.float32).tobytes(),
        )

    def _turn(self, x: NDArray[np.float64]) -> None:
        """Take users into the components; centres stay where they are among the users.

        LAPACK's decomposition fails to converge for a rare matrix, and would for the same sample
        after every restart: the components then stay as they are, and the next sample turns them.
        """
        if not self.components:
            return
        held = self.restored(self._centres)
        kept = min(self._seen, MEMORY_USERS)
        faded = np.sqrt(kept / self._seen) if self._seen else 1.0
        before = Components(self._mean, self._variance, self._axes, self._singular * faded, kept)
        try:
            after = turned(before, x, self.components)
        except np.linalg.LinAlgError:
            return
        self._mean, self._variance, self._axes, self._singular, self._seen = after
        self._centres = self.reduced(held)

    def _begin(self, reduced: NDArray[np.float64]) -> None:
        self._centres = first_centres(reduced, self.groups, STARTS, SEED)
        near = nearest(reduced, self._centres)
        self._weights = np.bincount(near, minlength=self.groups).astype(np.float64)
        self.ids = self._new_ids(self.groups)
        self._homes = self.restored(self._centres)

    def _move(self, reduced: NDArray[np.float64]) -> None:
        self._centres = moved(self._centres, self._weights, reduced)
        near = nearest(reduced, self._centres)
        self._weights = self._weights + np.bincount(near, minlength=self.groups)
        self._weights *= min(1.0, MEMORY_USERS / self._weights.sum())
        self._give_up(reduced)
        self._rename()

    def _give_up(self, reduced: NDArray[np.float64]) -> None:
        """Of the groups with hardly any users, put the smallest where this sample is worst told."""
        smallest = int(self._weights.argmin())
        fair = self._weights.sum() / self.groups
        if self._weights[smallest] >= EMPTY_SHARE * fair:
            return
        away = ((reduced[:, None, :] - self._centres) ** 2).sum(axis=2).min(axis=1)
        self._centres[smallest] = reduced[away.argmax()]
        self._weights[smallest] = fair / 4  # few: it finds its place soon; enough not to go at once
        self._settle(np.array([smallest]))

    def _rename(self) -> None:
        """New ids for groups that are no longer what they were."""
        now = self.restored(self._centres)
        between = ((self._homes[:, None, :] - self._homes) ** 2).sum(axis=2)
        np.fill_diagonal(between, np.inf)
        wandered = np.flatnonzero(((now - self._homes) ** 2).sum(axis=1) > between.min(axis=1))
        if len(wandered):
            self._settle(wandered)

    def _settle(self, places: NDArray[np.intp]) -> None:
        """These centres are at home where they are, under new ids."""
        self.ids = self.ids.copy()
        self.ids[places] = self._new_ids(len(places))
        self._homes = self._homes.copy()
        self._homes[places] = self.restored(self._centres[places])

    def _new_ids(self, count: int) -> NDArray[np.int64]:
        self._next_id += count
        return np.arange(self._next_id - count, self._next_id)

    # -- the model as bytes

    def snapshot(self) -> bytes:
        """Everything that `restore` needs to go on as if nothing had been."""
        first = np.concatenate(self._first) if self._first else np.zeros((0, self.width))
        return msgspec.msgpack.encode(
            _State(
                format_version=FORMAT_VERSION,
                width=self.width,
                groups=self.groups,
                components=self.components,
                users=self.users,
                next_id=self._next_id,
                seen=self._seen,
                ids=self.ids.tolist(),
                first=first.tobytes(),
                parts=[part.tobytes() for part in self._parts()],
            )
        )

    def restore(self, packed: bytes) -> bool:
        """Replace the state by a snapshot; False, and no change, if it is of another shape."""
        state = msgspec.msgpack.decode(packed, type=_State)
        if (state.format_version, state.width, state.groups, state.components) != (
            FORMAT_VERSION,
            self.width,
            self.groups,
            self.components,
        ) or len(state.parts) != len(self._parts()):
            return False
        parts = [np.frombuffer(part).copy() for part in state.parts]
        self._mean, self._variance, axes, self._singular, centres, self._weights, homes = parts
        self._axes = axes.reshape(self._axes.shape)
        self._centres = centres.reshape(-1, len(self._axes))
        self._homes = homes.reshape(-1, self.width)
        self.users, self._next_id, self._seen = state.users, state.next_id, state.seen
        self.ids = np.array(state.ids, np.int64)
        first = np.frombuffer(state.first).reshape(-1, self.width).copy()
        self._first = [first] if len(first) else []
        return True

    def _parts(self) -> tuple[NDArray[np.float64], ...]:
        return (
            self._mean,
            self._variance,
            self._axes,
            self._singular,
            self._centres,
            self._weights,
            self._homes,
        )


class _State(msgspec.Struct, frozen=True):
    format_version: int
    width: int
    groups: int
    components: int
    users: int
    next_id: int
    seen: int
    ids: list[int]
    first: bytes  # float64, as are the parts
    parts: list[bytes]
