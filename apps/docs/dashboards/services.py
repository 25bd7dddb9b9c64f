"""The dashboard of the services: how much they do, how fast, and with which models."""

from __future__ import annotations

from .model import Dashboard, Panel, Query, Row, Variable

_JOB = 'job=~"$service"'


def quantiles(metric: str, by: str, legend: str, *, of: str = _JOB) -> tuple[Query, ...]:
    """The median and the 99th percentile of a histogram, by these labels."""
    return tuple(
        Query(
            f"histogram_quantile({share}, sum by ({by}, le) "
            f"(rate({metric}_bucket{{{of}}}[$__rate_interval])))",
            f"{name} {legend}",
        )
        for share, name in ((0.5, "p50"), (0.99, "p99"))
    )


WORKERS = Row(
    101,
    "Workers",
    (
        Panel(
            1,
            "Workers up",
            "Workers that answer.",
            (Query(f"sum by (job) (up{{{_JOB}}})", "{{job}}"),),
            kind="stat",
            height=5,
        ),
        Panel(
            2,
            "Restarts, last hour",
            "Processes that began anew under the same address.",
            (
                Query(
                    f"sum by (job) (changes(process_start_time_seconds{{{_JOB}}}[1h]))", "{{job}}"
                ),
            ),
            kind="stat",
            height=5,
        ),
        Panel(
            3,
            "Versions",
            "Workers by the version that they run, and models.",
            (
                Query(f"count by (version) (shopkeeper_build_info{{{_JOB}}})", "{{version}}"),
                Query(
                    f"count by (name, version) (shopkeeper_model_info{{{_JOB}}})",
                    "{{name}} {{version}}",
                ),
            ),
            kind="stat",
            height=5,
        ),
        Panel(
            4,
            "Events consumed a second",
            "By topic.",
            (
                Query(
                    "sum by (job, topic) (rate(shopkeeper_events_consumed_total"
                    f"{{{_JOB}}}[$__rate_interval]))",
                    "{{job}} {{topic}}",
                ),
            ),
            unit="eps",
        ),
        Panel(
            5,
            "Events produced a second",
            "Published and confirmed, by topic.",
            (
                Query(
                    "sum by (job, topic) (rate(shopkeeper_events_produced_total"
                    f"{{{_JOB}}}[$__rate_interval]))",
                    "{{job}} {{topic}}",
                ),
            ),
            unit="eps",
        ),
        Panel(
            6,
            "From event to insight",
            "From an event's time to its confirmed output. While old events are replayed this is"
            " their age.",
            quantiles("shopkeeper_event_age_seconds", "job", "{{job}}"),
            unit="s",
        ),
        Panel(
            7,
            "Time per batch",
            "From a record batch's start until its outputs are confirmed.",
            quantiles("shopkeeper_processing_duration_seconds", "job, topic", "{{job}} {{topic}}"),
            unit="s",
        ),
        Panel(
            8,
            "Records per batch",
            "Mean: batches grow with the load.",
            (
                Query(
                    "sum by (job, topic) (rate(shopkeeper_events_consumed_total"
                    f"{{{_JOB}}}[$__rate_interval])) / (sum by (job, topic) (rate("
                    f"shopkeeper_processing_duration_seconds_count{{{_JOB}}}"
                    "[$__rate_interval])) > 0)",
                    "{{job}} {{topic}}",
                ),
            ),
        ),
        Panel(
            9,
            "Batches a second",
            "Record batches finished, by service.",
            (
                Query(
                    "sum by (job) (rate(shopkeeper_processing_duration_seconds_count"
                    f"{{{_JOB}}}[$__rate_interval]))",
                    "{{job}}",
                ),
            ),
        ),
    ),
)

MODELS = Row(
    102,
    "Models",
    (
        Panel(
            10,
            "Model latency",
            "One batch of texts through features and ONNX.",
            quantiles("shopkeeper_inference_duration_seconds", "model", "{{model}}"),
            unit="s",
        ),
        Panel(
            11,
            "Texts per model call",
            "Median and 99th percentile.",
            quantiles("shopkeeper_inference_batch_size", "model", "{{model}}"),
        ),
        Panel(
            12,
            "Predictions a second",
            "By model and outcome.",
            (
                Query(
                    "sum by (model, outcome) (rate(shopkeeper_predictions_total"
                    f"{{{_JOB}}}[$__rate_interval]))",
                    "{{model}} {{outcome}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            13,
            "Abstentions, last hour",
            "Share of texts out of every label's scope.",
            (
                Query(
                    f"job_model:shopkeeper_abstention:ratio_rate1h{{{_JOB}}}", "{{job}} {{model}}"
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            14,
            "Texts passed on to a Transformer, last hour",
            "Share of texts that the n-grams were unsure of.",
            (Query(f"job_model:shopkeeper_escalated:ratio_rate1h{{{_JOB}}}", "{{job}} {{model}}"),),
            unit="percentunit",
        ),
        Panel(
            15,
            "Drift of texts",
            "Population stability index: above 0.25 recent texts are not what they were. No series"
            " where too few texts are compared.",
            (
                Query(
                    f"max by (model, language, feature) (shopkeeper_text_drift_psi{{{_JOB}}})",
                    "{{model}} {{language}} {{feature}}",
                ),
            ),
        ),
        Panel(
            28,
            "Texts that drift compares",
            "Fewer than 500 recent ones, or 1,000 in the reference, are too few.",
            (
                Query(
                    f"sum by (model, language, window) (shopkeeper_text_drift_texts{{{_JOB}}})",
                    "{{model}} {{language}} {{window}}",
                ),
            ),
        ),
        Panel(
            16,
            "Newer files in use",
            "1 while the files of a model or of rules as they are now are used, 0 while they are"
            " refused.",
            (
                Query(
                    f"min by (job, model, kind) (shopkeeper_last_reload_successful{{{_JOB}}})",
                    "{{job}} {{model}} {{kind}}",
                ),
            ),
            highest=1,
        ),
        Panel(
            17,
            "Entries found by words alone",
            "Knowledge whose vectors are still to be made.",
            (Query("sum by (instance) (shopkeeper_entries_without_vectors)", "{{instance}}"),),
        ),
    ),
)

GATEWAY = Row(
    103,
    "Gateway",
    (
        Panel(
            18,
            "Requests a second",
            "By route.",
            (
                Query(
                    "sum by (route) (rate(shopkeeper_gateway_requests_total[$__rate_interval]))",
                    "{{route}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            19,
            "Answers by status, a second",
            "5xx: the broker does not confirm, or a fault.",
            (
                Query(
                    "sum by (status) (rate(shopkeeper_gateway_requests_total[$__rate_interval]))",
                    "{{status}}",
                ),
            ),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            20,
            "Time to an answer",
            "From a request's arrival to its answer's first byte.",
            quantiles(
                "shopkeeper_gateway_request_duration_seconds", "route", "{{route}}", of='route!=""'
            ),
            unit="s",
        ),
        Panel(
            21,
            "Open streams",
            "Of server-sent events.",
            (Query("sum by (instance) (shopkeeper_gateway_streams)", "{{instance}}"),),
        ),
        Panel(
            22,
            "Streams that came back, a minute",
            "By whether nothing was missed.",
            (
                Query(
                    "60 * sum by (outcome) (rate(shopkeeper_gateway_resumes_total[5m]))",
                    "{{outcome}}",
                ),
            ),
        ),
        Panel(
            23,
            "Requests refused, a minute",
            "They came too often (GATEWAY_USER_RATE, GATEWAY_KEY_RATE).",
            (Query("60 * sum(rate(shopkeeper_gateway_refused_total[5m]))", "refused"),),
        ),
    ),
)

RESOURCES = Row(
    104,
    "Memory, processor, state",
    (
        Panel(
            24,
            "Memory",
            "Resident, by process.",
            (Query(f"process_resident_memory_bytes{{{_JOB}}}", "{{job}} {{instance}}"),),
            unit="bytes",
        ),
        Panel(
            25,
            "Processor",
            "Cores in use, by process.",
            (
                Query(
                    f"rate(process_cpu_seconds_total{{{_JOB}}}[$__rate_interval])",
                    "{{job}} {{instance}}",
                ),
            ),
        ),
        Panel(
            26,
            "State",
            "Entries of each table.",
            (
                Query(
                    f"sum by (job, table) (shopkeeper_state_entries{{{_JOB}}})",
                    "{{job}} {{table}}",
                ),
            ),
        ),
        Panel(
            27,
            "Evictions a minute",
            "Entries forgotten at a limit.",
            (
                Query(
                    "60 * sum by (job, table) (rate(shopkeeper_state_evictions_total"
                    f"{{{_JOB}}}[5m]))",
                    "{{job}} {{table}}",
                ),
            ),
        ),
    ),
)

SERVICES = Dashboard(
    "services",
    "Shopkeeper: services",
    "How much the workers do, how fast, and with which models.",
    (WORKERS, MODELS, GATEWAY, RESOURCES),
    (Variable("service", "Service", "label_values(shopkeeper_build_info, job)"),),
)
