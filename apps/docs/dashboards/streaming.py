"""The dashboard of streaming: lag, rebalances, recovery, dead letters, brokers, alerts."""

from __future__ import annotations

from .model import Dashboard, Panel, Query, Row, Variable

_JOB = 'job=~"$service"'

GLANCE = Row(
    101,
    "At a glance",
    (
        Panel(
            1,
            "Lag",
            "Log end minus committed offset, all partitions.",
            (
                Query(
                    f"sum by (job) (job:shopkeeper_consumer_lag_messages:sum{{{_JOB}}})", "{{job}}"
                ),
            ),
            kind="stat",
            width=6,
            height=5,
        ),
        Panel(
            2,
            "Brokers answer",
            "1 while every broker that a worker needs answers.",
            (Query(f"min by (job) (shopkeeper_broker_up{{{_JOB}}})", "{{job}}"),),
            kind="stat",
            width=6,
            height=5,
        ),
        Panel(
            3,
            "Dead letters, last hour",
            "Records set aside: `shopkeeper dlq list`.",
            (
                Query(
                    f"sum by (job) (increase(shopkeeper_dlq_events_total{{{_JOB}}}[1h]))", "{{job}}"
                ),
            ),
            kind="stat",
            width=6,
            height=5,
        ),
        Panel(
            4,
            "Alerts",
            "That fire now, but for the one that always does.",
            (
                Query(
                    'sum by (alertname) (ALERTS{alertstate="firing",'
                    'alertname!="ShopkeeperWatchdog"}) or vector(0)',
                    "{{alertname}}",
                ),
            ),
            kind="stat",
            width=6,
            height=5,
        ),
    ),
)

LAG = Row(
    102,
    "Lag and progress",
    (
        Panel(
            5,
            "Lag by partition",
            "No series while a broker is lost: nobody knows it then.",
            (
                Query(
                    f"max by (job, topic, partition) (shopkeeper_consumer_lag_messages{{{_JOB}}})",
                    "{{job}} {{topic}}/{{partition}}",
                ),
            ),
            width=12,
        ),
        Panel(
            6,
            "Seconds since a batch finished",
            "With lag: the worker stalls. Without: nobody sends anything.",
            (
                Query(
                    "time() - max by (job, instance) "
                    f"(shopkeeper_last_progress_timestamp_seconds{{{_JOB}}} > 0)",
                    "{{job}} {{instance}}",
                ),
            ),
            unit="s",
            width=12,
        ),
        Panel(
            7,
            "Clicks that the shop sends, a second",
            "Nothing at all for a while means that a producer has stopped.",
            (
                Query(
                    "sum by (topic) (rate(shopkeeper_events_consumed_total"
                    '{topic=~"shop.+",job=~"$service"}[5m]))',
                    "{{topic}}",
                ),
            ),
            unit="eps",
            width=12,
        ),
        Panel(
            8,
            "Series by service",
            "How many a service exports. One that falls tells of metrics that have vanished.",
            (Query('count by (job) ({__name__=~"shopkeeper_.+",job=~"$service"})', "{{job}}"),),
            width=12,
        ),
    ),
)

ASSIGNMENT = Row(
    103,
    "Rebalances, recovery, checkpoints",
    (
        Panel(
            9,
            "Rebalances",
            "Assignments within five minutes.",
            (
                Query(
                    f"sum by (job) (increase(shopkeeper_rebalances_total{{{_JOB}}}[5m]))", "{{job}}"
                ),
            ),
        ),
        Panel(
            10,
            "Recovery",
            "How long the last one took.",
            (
                Query(
                    f"max by (job) (shopkeeper_recovery_duration_seconds{{{_JOB}}})",
                    "{{job}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            11,
            "Checkpoint topics",
            "What they hold beside the size of the state.",
            (
                Query(
                    f"sum by (job) (shopkeeper_checkpoint_log_bytes{{{_JOB}}})",
                    "{{job}} topic",
                ),
                Query(
                    f"sum by (job) (shopkeeper_checkpoint_size_bytes{{{_JOB}}})",
                    "{{job}} state",
                ),
            ),
            unit="bytes",
        ),
    ),
)

BOOKS = Row(
    104,
    "What became of records",
    (
        Panel(
            12,
            "Dead letters a minute",
            "By service and topic.",
            (
                Query(
                    f"60 * sum by (job, topic) (rate(shopkeeper_dlq_events_total{{{_JOB}}}[5m]))",
                    "{{job}} {{topic}}",
                ),
            ),
        ),
        Panel(
            13,
            "Dead letters by error, last hour",
            "What was wrong with them.",
            (
                Query(
                    "sum by (stage, error) (increase(shopkeeper_events_failed_total"
                    f"{{{_JOB}}}[1h])) or vector(0)",
                    "{{stage}} {{error}}",
                ),
            ),
            kind="bargauge",
        ),
        Panel(
            14,
            "Share dead-lettered",
            "Of the records consumed.",
            (
                Query(
                    "sum by (job, topic) (rate(shopkeeper_dlq_events_total"
                    f"{{{_JOB}}}[5m])) / (sum by (job, topic) "
                    f"(rate(shopkeeper_events_consumed_total{{{_JOB}}}[5m])) > 0)"
                    " or vector(0)",
                    "{{job}} {{topic}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            15,
            "Skipped a minute",
            "Valid, but not for this worker.",
            (
                Query(
                    "60 * sum by (job, reason) (rate(shopkeeper_events_skipped_total"
                    f"{{{_JOB}}}[5m])) or vector(0)",
                    "{{job}} {{reason}}",
                ),
            ),
        ),
        Panel(
            16,
            "Repeats dropped a minute",
            "Ids that were seen before.",
            (
                Query(
                    "60 * sum by (job, topic) (rate(shopkeeper_duplicates_skipped_total"
                    f"{{{_JOB}}}[5m]))",
                    "{{job}} {{topic}}",
                ),
            ),
        ),
        Panel(
            17,
            "Records lost, batches left out",
            "What retention took before it was read, and what of a table could not be decoded.",
            (
                Query(
                    f"sum by (job, topic) (shopkeeper_records_lost_total{{{_JOB}}})",
                    "lost: {{job}} {{topic}}",
                ),
                Query(
                    f"sum by (job, topic) (shopkeeper_batches_left_out_total{{{_JOB}}})"
                    " or vector(0)",
                    "left out: {{job}} {{topic}}",
                ),
            ),
        ),
    ),
)

MONITORING = Row(
    105,
    "The monitoring itself",
    (
        Panel(
            18,
            "Alerts that could not be sent, a minute",
            "From Prometheus to Alertmanager.",
            (
                Query(
                    "60 * sum(rate(prometheus_notifications_errors_total[5m])) or vector(0)",
                    "errors",
                ),
                Query(
                    "60 * sum(rate(prometheus_notifications_dropped_total[5m])) or vector(0)",
                    "dropped",
                ),
            ),
        ),
        Panel(
            19,
            "Alertmanagers known",
            "0: alerts fire and nobody is told.",
            (Query("max(prometheus_notifications_alertmanagers_discovered)", "known"),),
        ),
        Panel(
            20,
            "Targets that do not answer",
            "Of every job.",
            (Query("sum by (job) (1 - up)", "{{job}}"),),
        ),
    ),
)

STREAMING = Dashboard(
    "streaming",
    "Shopkeeper: streaming",
    "Lag, rebalances, recovery, dead letters, brokers, alerts.",
    (GLANCE, LAG, ASSIGNMENT, BOOKS, MONITORING),
    (Variable("service", "Service", "label_values(shopkeeper_build_info, job)"),),
)
