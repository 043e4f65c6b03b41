"""What a run's manifest and trials say about it: labels, lengths, the gaps that are reported."""

from math import log

from overparam_cli.results.logs import Run
from overparam_cli.results.measure import is_cnn

GAP_FRACTIONS = (1 / 2, 1 / 5, 1 / 10, 1 / 20, 1 / 50, 1 / 100)  # of the gap at W = 0, the same gaps for every curve
LATE = 0.05  # a trial that diverges after this fraction of the run had long looked fine
DESCENT = ("gd", "end-to-end")  # the optimisers whose step Eq. 12 describes


def curve_labels(run: Run) -> dict[str, str]:
    """Return curve → label for the curves that have trials, in the order of the experiment file."""
    present = list(dict.fromkeys(run.trials["curve"]))
    labels = {curve["name"]: curve.get("label") or curve["name"] for curve in run.manifest["config"].get("curves", [])}
    ordered = [curve for curve in labels if curve in present] + [curve for curve in present if curve not in labels]
    return {curve: labels.get(curve, curve) for curve in ordered}


def iterations(run: Run) -> int:
    """Return the iterations that the run's trials were given."""
    return int(run.trials["iterations"].max())


def full_iterations(run: Run) -> int:
    """Return the iterations that the experiment's file asks for, whatever an override made of them."""
    config = run.manifest["config"]
    settings = {**config.get("trial", {}), **config.get("variants", {}).get(run.manifest["variant"], {})}
    return int(settings.get("iterations") or iterations(run))


def depth_of(run: Run, curve: str) -> int:
    """Return the depth of a curve's networks; N of the end-to-end rule."""
    return int(run.trials.loc[run.trials["curve"] == curve, "depth"].iloc[0])


def optimizer_of(run: Run, curve: str) -> str:
    """Return the optimiser of a curve."""
    return str(run.trials.loc[run.trials["curve"] == curve, "optimizer"].iloc[0])


def fixed_gaps(run: Run) -> tuple[float, ...]:
    """Return the levels of the measure whose iterations are reported.

    They are `analysis.gaps`, or GAP_FRACTIONS of the measure at W = 0 (see `zero_gap`).
    """
    given = run.manifest["config"].get("analysis", {}).get("gaps")
    return tuple(float(gap) for gap in given) if given else tuple(zero_gap(run) * share for share in GAP_FRACTIONS)


def zero_gap(run: Run) -> float:
    """Return the measure at W = 0, common to all curves whatever their initialisation.

    For the CNN that is ln k, the cross-entropy of a uniform guess among its k classes.
    """
    if is_cnn(run):
        return log(int(run.manifest["dataset"]["k"]))
    optimum = run.manifest.get("optimum", {})
    if optimum.get("loss_at_zero") is None:
        return float(run.log.loc[run.log["iteration"] == 0, "gap"].median())
    return float(optimum["loss_at_zero"]) - float(optimum["loss"])
