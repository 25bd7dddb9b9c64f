"""What the recommender is: clicks, searches and the catalogue in; lists and tables out. Its own
settings, beside those of every worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec
from shopkeeper.shared.runtime.settings import Setting, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The recommender reads its own tables back: every worker of it needs what all of them count.
TABLES = frozenset(
    {
        topics.SIMILAR_ITEMS,
        topics.ITEM_COUNTS,
        topics.TRENDING,
        topics.SESSION_ITEMS,
        topics.USER_GROUPS,
    }
)

PROFILE_FIELDS = ("age_band", "gender", "region", "language", "occupation")
NO_FIELDS = "none"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "LIST_INTERVAL",
        "0",
        "seconds of event time between two lists of one user at least",
        "number",
        0,
        86_400,
    ),
    Setting(
        "LIST_AGE_MAX",
        "60",
        "seconds; for an older event no list is published, it is only learned",
        "number",
        0,
        1e10,
    ),
    Setting(
        "DECAY_HALF_LIFE",
        "0",
        "hours of event time after which a session counts "
        "half as evidence of what goes together; 0: never (setting or clearing it starts over)",
        "number",
        0,
        1e6,
    ),
    Setting(
        "PRUNING_DELTA",
        "0",
        "pairs of items are dropped from memory where "
        "chance would hide a neighbour with less than this probability; 0: none is (changing "
        "it starts over)",
        "number",
        0,
        0.99,
    ),
    Setting(
        "USER_EVENTS_PER_MINUTE_MAX",
        "300",
        "clicks, adds and orders of one user in a minute of event time; from a faster one, a bot, "
        "nothing is learned for an hour (it still gets lists)",
        "integer",
        1,
        1e9,
    ),
    Setting(
        "PROFILE_FIELDS",
        "region,language",
        "fields of users' profiles that lists may be made from, comma-separated, of age_band, "
        "gender, region, language, occupation; none: of no field",
    ),
    Setting(
        "FAIRNESS_FIELDS",
        "",
        "fields of users' profiles by which metrics compare lists, comma-separated, or none; "
        "empty: those of PROFILE_FIELDS. What is in neither is not kept",
    ),
    Setting(
        "PROFILE_RANKING",
        "off",
        "whether profiles also order the lists of users who have done something",
        "choice",
        choices=("on", "off"),
    ),
    Setting(
        "RULES",
        "",
        "serving rules, a JSON file (see the recommender's README); empty means none",
        "file",
    ),
    Setting(
        "SEARCH",
        "on",
        "whether searches are answered and count in lists",
        "choice",
        choices=("on", "off"),
    ),
    Setting(
        "EXPERIMENT",
        "",
        "JSON, the variants of an A/B test (see its README); empty means none",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class RecommenderSettings:
    """What the environment tells the recommender."""

    list_interval_ms: int
    list_age_ms_max: int
    decay_half_life_hours: float
    pruning_delta: float
    user_events_per_minute_max: int
    profile_fields: tuple[str, ...]
    fairness_fields: tuple[str, ...]
    profile_ranking: bool
    rules_file: str
    search: bool
    experiment: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> RecommenderSettings:
        """Read and check every variable of `SETTINGS`. Raises SettingsError, naming the one."""

        def text(name: str) -> str:
            return _BY_NAME[name].read(environ)

        settings = cls(
            list_interval_ms=int(float(text("LIST_INTERVAL")) * 1000),
            list_age_ms_max=int(float(text("LIST_AGE_MAX")) * 1000),
            decay_half_life_hours=float(text("DECAY_HALF_LIFE")),
            pruning_delta=float(text("PRUNING_DELTA")),
            user_events_per_minute_max=int(text("USER_EVENTS_PER_MINUTE_MAX")),
            profile_fields=_fields(text("PROFILE_FIELDS"), "PROFILE_FIELDS"),
            fairness_fields=_fairness_fields(text),
            profile_ranking=text("PROFILE_RANKING") == "on",
            rules_file=text("RULES"),
            search=text("SEARCH") == "on",
            experiment=text("EXPERIMENT"),
        )
        if settings.decay_half_life_hours and settings.pruning_delta:
            raise SettingsError("DECAY_HALF_LIFE and PRUNING_DELTA exclude each other")
        return settings


def _fields(text: str, name: str) -> tuple[str, ...]:
    """The fields in a comma-separated value, in their order. Raises SettingsError."""
    if text == NO_FIELDS:
        return ()
    given = {word.strip() for word in text.split(",") if word.strip()}
    unknown = sorted(given - {*PROFILE_FIELDS})
    if unknown:
        raise SettingsError(
            f"{name}: {', '.join(unknown)}: no field of a profile; there are "
            f"{', '.join(PROFILE_FIELDS)} (or {NO_FIELDS})"
        )
    return tuple([field for field in PROFILE_FIELDS if field in given])


def _fairness_fields(text: Callable[[str], str]) -> tuple[str, ...]:
    return _fields(text("FAIRNESS_FIELDS") or text("PROFILE_FIELDS"), "FAIRNESS_FIELDS")


SERVICE = ServiceSpec(
    name="recommender",
    consumes=frozenset(
        {topics.CLICKS, topics.SEARCHES, topics.CATALOGUE, topics.ITEM_PAIRS, topics.PROFILES}
    ),
    by_key=frozenset({topics.CLICKS, topics.SEARCHES, topics.PROFILES}),
    tables=TABLES | {topics.CATALOGUE, topics.PRODUCT_SENTIMENT, topics.PREFERENCES},
    publishes=TABLES
    | {
        topics.RECOMMENDATIONS,
        topics.ITEM_PAIRS,
        topics.SEGMENTS,
        topics.PARAMETERS,
        topics.PROFILES,
        topics.PREFERENCES,
        topics.ERASED_USERS,
    },
    app="shopkeeper.services.recommender.app:build",
    settings=SETTINGS,
    check=RecommenderSettings.from_env,
    merging="shopkeeper.services.recommender.processors.merging:MERGE",
    resharding="shopkeeper.services.recommender.processors.resharding:RESHARD",
    evaluate="shopkeeper.services.recommender.evaluation.command:command",
)
