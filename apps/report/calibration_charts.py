"""Charts of a text model's calibration, from what `shopkeeper evaluate` found."""

from __future__ import annotations

from typing import Any

from .charts import Chart, Series


def charts(title: str, found: dict[str, Any]) -> list[Chart]:
    """The reliability diagram, and accuracy by the share of texts that are answered.

    title: which model on which texts. found: what `calibration.figures` gives.
    """
    bins, surest = found["bins"], found["accuracy_of_surest"]
    return [
        Chart(
            name="reliability",
            title=f"{title}: reliability",
            text="On the dotted line the model is as often right as it says; below it, it boasts. "
            f"Expected calibration error {found['expected_error']:.3f}.",
            kind="lines",
            x_label="confidence, mean of a bin",
            y_label="share that is right",
            x=[each["confidence"] for each in bins],
            series=[Series("accuracy", [each["accuracy"] for each in bins])],
            x_form="share",
            even=True,
        ),
        Chart(
            name="abstention",
            title=f"{title}: abstention",
            text="How often the answers are right, if only the surest texts get one.",
            kind="lines",
            x_label="share of texts answered, the surest first",
            y_label="share of the answers that is right",
            x=[float(share) for share in surest],
            series=[Series("accuracy", list(surest.values()))],
            x_form="share",
        ),
    ]
