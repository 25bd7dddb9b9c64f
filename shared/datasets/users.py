"""Files of what is known of users, as MovieLens has them: age, gender, occupation and the like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shopkeeper.shared.contracts import topics

from .admission import Admission
from .base import DEFAULTS, BadRow, FormatError, Options, ShopEvent, shown
from .cells import header_key, number
from .identity import RowIds
from .tables import Layout, Row, Sample, find_columns, missing, rows_of, sample_of

FIELDS = ("age_band", "gender", "region", "language", "occupation")
NAMES: Mapping[str, Sequence[str]] = {
    "user_id": ("user_id", "id", "user"),
    "age": ("age",),
    "age_band": ("age_band", "age_group"),
    "gender": ("gender", "sex"),
    "region": ("region", "country"),
    "language": ("language", "locale"),
    "occupation": ("occupation",),
}
AGE_BANDS = (18, 25, 35, 45, 55, 65)  # where each begins but the first
AGE_MAX = 130
GENDERS = {
    **dict.fromkeys(("f", "female", "w", "woman"), "female"),
    **dict.fromkeys(("m", "male", "man"), "male"),
    **dict.fromkeys(("other", "x", "d", "diverse", "nonbinary", "non-binary"), "other"),
}
UNKNOWN = frozenset(("unknown", "u", "n/a", "na", "nan", "null", "?"))
# Files without a header: the cells in order, "" for what is not read. A postal code says where
# somebody lives to a few streets: too much for a group, and enough to name the person.
_U_USER = ("user_id", "age", "gender", "occupation", "")
_USERS_DAT = ("user_id", "gender", "age", "occupation", "")


def read_profiles(path: Path, options: Options = DEFAULTS) -> dict[str, dict[str, str]]:
    """User -> field of FIELDS -> value, of a file with a header (CSV, tabs, JSON lines, RecBole's
    `.user`) or of MovieLens' u.user (pipes) and users.dat (`::`). What is empty is left out.

    Values are those of `user.profiled.v1`: ages become bands, `M` is male. Raises FormatError,
    which names the line.
    """
    sample = sample_of(path, options)
    layout = _layout(path, sample, options)
    found: dict[str, dict[str, str]] = {}
    with rows_of(path, layout, options) as rows:
        for row in rows:
            try:
                if not isinstance(row, Row):
                    assert isinstance(row.cells, BadRow)
                    raise row.cells
                user = row.need_id("user_id")
                if user in found:
                    raise BadRow("user_id", "repeated", f"{shown(user)} is there twice")
                found[user] = _profile(row)
            except BadRow as bad:
                name = layout.columns.get(bad.field, bad.field)
                problem = f"{name}: {bad.problem}" if name else bad.problem
                raise FormatError(
                    f"{path}:{row.line}: {problem}", line=row.line, reason=bad.reason
                ) from None
    return found


def profile_events(path: Path, now_ms: int, options: Options = DEFAULTS) -> Iterator[ShopEvent]:
    """One user.profiled per user of whom anything is said, all of the time of publishing.

    Raises FormatError, also where the decoder would refuse a profile.
    """
    admission, ids = Admission(now_ms), RowIds()
    for user, profile in read_profiles(path, options).items():
        if not profile:
            continue
        data = {"user_id": user, **profile}
        event_id = ids.of(repr(sorted(data.items())))
        event = ShopEvent(topics.PROFILES, "user.profiled.v1", user, data, now_ms, event_id)
        try:
            admission.check(event)
        except BadRow as bad:
            raise FormatError(f"{path}: user {shown(user)}: {bad.problem}") from None
        yield event


def age_band(age: float) -> str:
    """The band of an age: `under_18`, `18_24`, `65_plus`."""
    begun = [each for each in AGE_BANDS if age >= each]
    if not begun:
        return f"under_{AGE_BANDS[0]}"
    if len(begun) == len(AGE_BANDS):
        return f"{begun[-1]}_plus"
    return f"{begun[-1]}_{AGE_BANDS[len(begun)] - 1}"


def _profile(row: Row) -> dict[str, str]:
    profile = {name: found for name in FIELDS if (found := _said(row, name))}
    if gender := profile.get("gender"):
        if gender.lower() not in GENDERS:
            raise BadRow("gender", "wrong_type", f"{shown(gender)} is none of female, male, other")
        profile["gender"] = GENDERS[gender.lower()]
    age = _said(row, "age")
    if age and "age_band" not in profile:
        try:
            years = number(age)
        except ValueError:
            years = -1.0
        if not 0 <= years <= AGE_MAX:
            raise BadRow("age", "out_of_range", f"{shown(age)} is no age in years")
        profile["age_band"] = age_band(years)
    return profile


def _said(row: Row, name: str) -> str:
    # MovieLens has `none` among the occupations.
    found = row.get(name) if name == "occupation" else row.id(name)
    return "" if found.lower() in UNKNOWN else found


def _layout(path: Path, sample: Sample, options: Options) -> Layout:
    columns, places = find_columns(path, sample, NAMES, options)
    if "user_id" in columns and len(columns) > 1:
        keys = {name: [header_key(n) for n in names] for name, names in NAMES.items()}
        return Layout(sample, columns, places, len(sample.names), sample.before + 1, keys)
    first = sample.rows[0] if sample.kind == "delimited" and sample.rows else []
    for shape, gender in ((_U_USER, 2), (_USERS_DAT, 1)):
        if len(first) == len(shape) and first[0].isdecimal() and first[gender].lower() in GENDERS:
            places = {name: place for place, name in enumerate(shape) if name}
            return Layout(sample, {n: n for n in places}, places, len(shape), sample.before)
    if "user_id" in columns:
        wanted = ", ".join(name for name in NAMES if name != "user_id")
        raise FormatError(f"{path}: says nothing of its users but their ids: no column {wanted}")
    error = missing(path, sample, ["user_id"])
    raise FormatError(
        f"{error}; a file of users has a header with user_id and any of "
        f"{', '.join(name for name in NAMES if name != 'user_id')}, or is MovieLens' u.user or "
        "users.dat"
    )
