"""The row of the shop's dashboard on coverage and fairness."""

from __future__ import annotations

from .model import Panel, Query, Row

GROUP = "shopkeeper_recommendation_group"


def group_hits(of: str) -> str:
    """Share of next clicks in the last list, by group of users. of: matcher of the field."""
    return (
        f"sum by (field, value) ({GROUP}_hits_total{{{of}}})"
        f" / (sum by (field, value) ({GROUP}_answers_total{{{of}}}) > 0)"
    )


TRUST = Row(
    105,
    "Coverage and fairness",
    (
        Panel(
            20,
            "What of the catalogue is shown",
            "Coverage, and how unevenly items are shown: 0 is all alike.",
            (
                Query("avg(shopkeeper_catalogue_coverage_ratio)", "coverage"),
                Query("avg(shopkeeper_exposure_gini_ratio)", "Gini"),
            ),
            unit="percentunit",
            highest=1,
        ),
        Panel(
            21,
            "Next clicks in the last list",
            "By how many entries the user had: a group that falls behind is served worse.",
            (Query("avg by (history) (shopkeeper_hit_ratio)", "{{history}} entries"),),
            unit="percentunit",
        ),
        Panel(
            22,
            "More popular than their readers",
            "Popularity lift of lists, and their novelty in bits.",
            (
                Query("avg(shopkeeper_popularity_lift_ratio)", "popularity lift"),
                Query("avg(shopkeeper_novelty_bits)", "novelty, bits"),
            ),
            lowest=None,
        ),
        Panel(
            23,
            "Next clicks in the last list, by group",
            "Groups of a profile's fields (FAIRNESS_FIELDS).",
            (Query(group_hits('field!="behaviour"'), "{{field}} {{value}}"),),
            unit="percentunit",
        ),
        Panel(
            24,
            "Coverage by group",
            "What share of the items a group was shown at all.",
            (
                Query(
                    "avg by (field, value)"
                    ' (shopkeeper_recommendation_group_coverage_ratio{field!="behaviour"})',
                    "{{field}} {{value}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            25,
            "Who decides the order",
            "By how much each expert moves the blend's scores.",
            (Query("avg by (expert) (shopkeeper_ranker_expert_share_ratio)", "{{expert}}"),),
            unit="percentunit",
            stacked=True,
            highest=1,
        ),
        Panel(
            26,
            "Where the next click was in lists",
            "Mean reciprocal rank by the base order and by the blend.",
            (Query("avg by (order) (shopkeeper_ranker_reciprocal_rank_ratio)", "{{order}}"),),
        ),
        Panel(
            27,
            "Fallbacks a minute",
            "Lists that no evidence about their user made.",
            (
                Query(
                    "60 * sum by (reason) (rate(shopkeeper_fallbacks_total[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
        ),
        Panel(
            28,
            "Users too fast for a person, events a minute",
            "Others learn nothing from these.",
            (Query("60 * sum(rate(shopkeeper_events_too_fast_total[5m]))", "events"),),
        ),
        Panel(
            29,
            "What of the catalogue the last 20,000 places showed",
            "Unlike coverage since the start, it can fall. 0 before the first 20,000.",
            (Query("avg(shopkeeper_coverage_window_ratio)", "coverage of a window"),),
            unit="percentunit",
            highest=1,
        ),
        Panel(
            30,
            "Places in lists, by kind of product",
            "Price band, brand, age: beside the share of the catalogue and of clicks.",
            (
                Query(
                    "avg by (kind, value) (shopkeeper_exposure_share_ratio)", "{{kind}} {{value}}"
                ),
                Query(
                    "avg by (kind, value) (shopkeeper_catalogue_share_ratio)",
                    "{{kind}} {{value}}, of the catalogue",
                ),
                Query(
                    "avg by (kind, value) (shopkeeper_clicks_share_ratio)",
                    "{{kind}} {{value}}, of clicks",
                ),
            ),
            unit="percentunit",
            highest=1,
        ),
        Panel(
            31,
            "Next clicks in the last list, by behaviour",
            "Groups of users who behave alike (online K-means), by their place in the model.",
            (Query(group_hits('field="behaviour"'), "group {{value}}"),),
            unit="percentunit",
        ),
        Panel(
            32,
            "Lists and coverage, by behaviour",
            "Each group's share of these lists, and of the items that it was shown at all.",
            (
                Query(
                    f'sum by (value) ({GROUP}_lists_total{{field="behaviour"}})'
                    f" / ignoring (value) group_left sum({GROUP}_lists_total"
                    '{field="behaviour"})',
                    "lists of group {{value}}",
                ),
                Query(
                    f'avg by (value) ({GROUP}_coverage_ratio{{field="behaviour"}})',
                    "coverage of group {{value}}",
                ),
            ),
            unit="percentunit",
        ),
    ),
)
