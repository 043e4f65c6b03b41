"""What is the paper's: its data sets and its claims. The one place that says whether numbers are of the paper's data.

A module of facts, low in the house: whoever reports numbers asks here.
"""

from collections.abc import Mapping
from typing import Any

from overparam_cli.words import count

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


def is_own(dataset: Mapping[str, Any]) -> bool:
    """Whether a run's data are the user's, or a set that the paper does not use."""
    return not dataset.get("embedded") and not of_the_paper(str(dataset.get("name")))


def length(iterations: int, full: int, dataset: Mapping[str, Any]) -> str:
    """ "1,000 of 1,000,000 iterations" for a run shorter than its experiment's file asks for.

    On data of the user's own the file's length means nothing, and is not said.
    """
    if is_own(dataset) or iterations >= full:
        return count(iterations, "iteration")
    return f"{iterations:,} of {count(full, 'iteration')}"


def shortcomings(dataset: Mapping[str, Any]) -> tuple[str, ...]:
    """Why numbers from these data may not bear a verdict on the paper; empty where they may, as far as data go."""
    return (not_the_papers(dataset),) if is_stand_in(dataset) or (dataset and is_own(dataset)) else ()


def not_the_papers(dataset: Mapping[str, Any]) -> str:
    """How it is said of data that are others than the paper's."""
    return f"{dataset.get('name')} data, not the paper's"


CLAIMS: Mapping[str, str] = {  # in the paper's order: id → the module in which it is defined
    "rule-emulates-depth": "overparam_cli.claims.fig2",
    "rule-emulates-plateau": "overparam_cli.claims.fig2",
    "width-negligible": "overparam_cli.claims.fig2",
    "deeper-faster-fixed-lr": "overparam_cli.claims.fig2",
    "l2-depth-hinders": "overparam_cli.claims.depth",
    "l2-depth-behind": "overparam_cli.claims.depth",
    "l4-depth-accelerates": "overparam_cli.claims.depth",
    "cost-of-depth": "overparam_cli.claims.depth",
    "beats-adagrad": "overparam_cli.claims.optimizers",
    "beats-adadelta": "overparam_cli.claims.optimizers",
    "adagrad-slower-than-gd": "overparam_cli.claims.optimizers",
    "blog-one-scalar": "overparam_cli.claims.optimizers",
    "adam-beats-depth": "overparam_cli.claims.optimizers",
    "adam-plus-depth": "overparam_cli.claims.optimizers",
    "depth4-plateau": "overparam_cli.claims.depth",
    "depth8-stuck": "overparam_cli.claims.depth",
    "identity-immediate": "overparam_cli.claims.depth",
    "identity-accelerates": "overparam_cli.claims.depth",
    "cnn-parameters": "overparam_cli.claims.cnn",
    "cnn-accelerates": "overparam_cli.claims.cnn",
    "cnn-orders-of-magnitude": "overparam_cli.claims.cnn",
    "cnn-batch-loss-factors": "overparam_cli.claims.cnn_batch_loss",
    "cnn-batch-loss-names": "overparam_cli.claims.cnn_batch_loss",
    "cnn-batch-loss-product": "overparam_cli.claims.cnn_batch_loss",
    "cnn-best-lr": "overparam_cli.claims.cnn",
    "cnn-init-insensitive": "overparam_cli.claims.cnn",
    "cnn-init-new-only": "overparam_cli.claims.cnn_init_new",
    "fig3-axes": "overparam_cli.claims.fig3_axes",
    "lemma3": "overparam_cli.kinds.theory.lemma3",
    "theorem2": "overparam_cli.kinds.theory.theorem2",
    "balancedness": "overparam_cli.kinds.theory.balancedness",
    "theorem1": "overparam_cli.kinds.theory.theorem1",
    "claim1": "overparam_cli.kinds.theory.claims12",
    "claim2": "overparam_cli.kinds.theory.claims12",
    "observation1": "overparam_cli.kinds.theory.observation1",
    "appendix-b-bound": "overparam_cli.kinds.theory.appendix_b",
}
