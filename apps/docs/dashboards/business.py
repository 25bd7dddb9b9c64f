"""The dashboard for those who run the shop: what shoppers do, and what they get."""

from __future__ import annotations

from shopkeeper.shared.contracts.events.answers import ABSTENTIONS

from .model import Dashboard, Panel, Query, Row, Variable
from .trust import TRUST

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

BUSINESS = Dashboard(
    "business",
    "Shopkeeper: the shop",
    "What shoppers do, and what they get.",
    (SHOPPERS, EXPERIMENT, REVIEWS, QUESTIONS, TRUST),
    (Variable("category", "Category", "label_values(shopkeeper_category_reviews, category)"),),
    since="now-1h",
)
