"""What is the paper's: its data sets and its claims. The one place that says whether a run is about the paper's data.

A module of facts, low in the house: whoever reports numbers asks here.
"""

from collections.abc import Mapping
from typing import Any

DATA_SETS: Mapping[str, str] = {  # of the paper's own experiments
    "ethanol": "Figures 2 to 5 left",
    "two-points": "Section 7 and Appendix B",
    "mnist": "Figure 5 right",
}
REGRESSION = "ethanol"  # the problem that the cost of an iteration is timed on


def of_the_paper(dataset: str) -> bool:
    """Whether the paper's own experiments use a data set, given by its name, perhaps with options behind a colon."""
    return dataset.partition(":")[0] in DATA_SETS


def is_stand_in(dataset: Mapping[str, Any]) -> bool:
    """Whether a run's data (the manifest's `dataset`) are embedded in the package and stand in for the paper's."""
    return bool(dataset.get("embedded")) and not of_the_paper(str(dataset.get("name")))


def shortcomings(dataset: Mapping[str, Any]) -> tuple[str, ...]:
    """Why numbers from these data may not bear a verdict on the paper; empty where they may, as far as data go."""
    return (f"{dataset.get('name')} data, not the paper's",) if is_stand_in(dataset) else ()
