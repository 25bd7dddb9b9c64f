"""The dashboard for those who run the shop: what shoppers do, and what they get."""

from __future__ import annotations

from shopkeeper.shared.contracts.events.answers import ABSTENTIONS

from .model import Dashboard, Panel, Query, Row, Variable

_UNANSWERED = f'model="answers",outcome=~"{"|".join(ABSTENTIONS)}"'
_CATEGORY = 'category=~"$category"'


def _by_category(labels: str = _CATEGORY) -> str:
    """Reviews of each category; every sentiment worker shows the same figures."""
    of = f"shopkeeper_category_reviews{{{labels}}}"
    return f"sum by (category) (max by (category, label) ({of}))"


def _share_of_category(label: str) -> str:
    of_label = _by_category(f'{_CATEGORY},label="{label}"')
    return f"{of_label} / ({_by_category()} > 0)"


def _aspects(polarity: str) -> str:
    return (
        "sum by (aspect) (max by (category, aspect, polarity) "
        f'(shopkeeper_category_aspect_reviews{{{_CATEGORY},polarity="{polarity}"}}))'
    )


def _of_exposed(what: str) -> str:
    return (
        f"sum by (variant) (shopkeeper_experiment_users_{what})"
        " / (sum by (variant) (shopkeeper_experiment_users_exposed) > 0)"
    )


SHOPPERS = Row(
    101,
    "What shoppers do",
    (
        Panel(
            1,
            "Clicks, carts and orders a minute",
            "What the recommender has learned from.",
            (
                Query(
                    "60 * sum by (kind) (rate(shopkeeper_interactions_total[$__rate_interval]))",
                    "{{kind}}",
                ),
            ),
        ),
        Panel(
            2,
            "Searches, reviews and questions a minute",
            "Read by the service that reads most of a topic.",
            (
                Query(
                    "60 * max by (topic) (sum by (job, topic) ("
                    'rate(shopkeeper_events_processed_total{topic=~"shop.(searches|reviews|questions).v1"}[$__rate_interval])))',
                    "{{topic}}",
                ),
            ),
        ),
        Panel(
            3,
            "Insights a minute",
            "Lists, intents, sentiments and answers published.",
            (
                Query(
                    "60 * sum by (topic) (rate(shopkeeper_events_produced_total{topic=~"
                    '"personalisation.(recommendations|intents|sentiments|answers).v1"}'
                    "[$__rate_interval]))",
                    "{{topic}}",
                ),
            ),
        ),
    ),
)

EXPERIMENT = Row(
    102,
    "Experiment",
    (
        Panel(
            4,
            "Conversion by variant",
            "Of the users for whom a list was due, those who ordered from one.",
            (Query(_of_exposed("converted"), "{{variant}}"),),
            unit="percentunit",
        ),
        Panel(
            5,
            "Click rate by variant",
            "Of the users for whom a list was due, those who clicked in one.",
            (Query(_of_exposed("clicked"), "{{variant}}"),),
            unit="percentunit",
        ),
        Panel(
            6,
            "Users by variant",
            "For whom a list was due.",
            (Query("sum by (variant) (shopkeeper_experiment_users_exposed)", "{{variant}}"),),
        ),
        Panel(
            7,
            "Difference to the first variant",
            "Estimate and the bounds that hold at all times, by worker: with several, ask"
            " `shopkeeper experiment`.",
            (
                Query(
                    "avg by (variant, outcome, bound) (shopkeeper_experiment_difference_ratio)",
                    "{{variant}} {{outcome}} {{bound}}",
                ),
            ),
            unit="percentunit",
            lowest=None,
            width=16,
        ),
        Panel(
            8,
            "Echoes that count for no variant",
            "Events that name a list which their user cannot have had, and users beyond the cap.",
            (Query("sum by (reason) (shopkeeper_experiment_left_out)", "{{reason}}"),),
        ),
    ),
)

REVIEWS = Row(
    103,
    "Reviews",
    (
        Panel(
            9,
            "Reviews by category",
            "The 20 outermost categories with the most reviews, the others together.",
            (Query(_by_category(), "{{category}}"),),
            kind="bargauge",
        ),
        Panel(
            10,
            "Positive reviews by category",
            "Share of the reviews of a category's products.",
            (Query(_share_of_category("positive"), "{{category}}"),),
            kind="bargauge",
            unit="percentunit",
            highest=1,
        ),
        Panel(
            11,
            "Negative reviews by category",
            "Share of the reviews of a category's products.",
            (Query(_share_of_category("negative"), "{{category}}"),),
            kind="bargauge",
            unit="percentunit",
            highest=1,
        ),
        Panel(
            12,
            "Aspects praised",
            "Reviews of the chosen categories that praise an aspect.",
            (Query(_aspects("positive"), "{{aspect}}"),),
            kind="bargauge",
        ),
        Panel(
            13,
            "Aspects criticised",
            "Reviews of the chosen categories that criticise an aspect.",
            (Query(_aspects("negative"), "{{aspect}}"),),
            kind="bargauge",
        ),
        Panel(
            14,
            "Sentiment of what arrives, a minute",
            "Reviews and complaints by label.",
            (
                Query(
                    "60 * sum by (outcome) (rate(shopkeeper_predictions_total"
                    '{model="sentiment"}[$__rate_interval]))',
                    "{{outcome}}",
                ),
            ),
            stacked=True,
        ),
    ),
)

QUESTIONS = Row(
    104,
    "Questions and searches",
    (
        Panel(
            15,
            "Unanswered questions",
            "Share of the questions for which a person is offered instead of an answer.",
            (
                Query(
                    f"(sum(rate(shopkeeper_predictions_total{{{_UNANSWERED}}}[5m])) or vector(0))"
                    ' / (sum(rate(shopkeeper_predictions_total{model="answers"}[5m])) > 0)'
                    " or vector(0)",
                    "unanswered",
                ),
            ),
            unit="percentunit",
            highest=1,
        ),
        Panel(
            16,
            "Why unanswered, last hour",
            "`nothing_found` and `confidence`: write an entry; `unknown_attribute`: the catalogue"
            " lacks it. `shopkeeper report` shows the questions.",
            (
                Query(
                    "sum by (outcome) (increase(shopkeeper_predictions_total"
                    f"{{{_UNANSWERED}}}[1h])) or vector(0)",
                    "{{outcome}}",
                ),
            ),
            kind="bargauge",
        ),
        Panel(
            17,
            "Answers rated, last hour",
            "What readers said of answers.",
            (
                Query(
                    "sum by (route, helpful) (increase(shopkeeper_answers_rated_total[1h]))"
                    " or vector(0)",
                    "{{route}} helpful: {{helpful}}",
                ),
            ),
            kind="bargauge",
        ),
        Panel(
            18,
            "What searches and questions want, a minute",
            "Intents by label.",
            (
                Query(
                    "60 * sum by (outcome) (rate(shopkeeper_predictions_total"
                    '{model="intent"}[$__rate_interval]))',
                    "{{outcome}}",
                ),
            ),
            stacked=True,
            width=16,
        ),
        Panel(
            19,
            "How searches ended, a minute",
            "Of those that the recommender answers with a list.",
            (
                Query(
                    "60 * sum by (outcome) (rate(shopkeeper_predictions_total"
                    '{model="encoder",job="recommender"}[$__rate_interval]))',
                    "{{outcome}}",
                ),
            ),
        ),
    ),
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
            (
                Query(
                    "sum by (field, value) (shopkeeper_recommendation_group_hits_total)"
                    " / (sum by (field, value)"
                    " (shopkeeper_recommendation_group_answers_total) > 0)",
                    "{{field}} {{value}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            24,
            "Coverage by group",
            "What share of the items a group was shown at all.",
            (
                Query(
                    "avg by (field, value) (shopkeeper_recommendation_group_coverage_ratio)",
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
    ),
)

BUSINESS = Dashboard(
    "business",
    "Shopkeeper: the shop",
    "What shoppers do, and what they get.",
    (SHOPPERS, EXPERIMENT, REVIEWS, QUESTIONS, TRUST),
    (Variable("category", "Category", "label_values(shopkeeper_category_reviews, category)"),),
    since="now-1h",
)
