"""The picture of `overparam bench`: what a trial's iteration costs, over how many trials stand side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.figures.compose import Cell, Head, Marks, compose
from overparam_cli.figures.looks import of_place
from overparam_cli.figures.style import MUTED, PLAIN, Outfit, save, styled
from overparam_cli.kinds.linear import losses
from overparam_cli.kinds.linear.bench import ENGINE, JAX, NAIVE, PEAK, PRODUCTS, WITH_TORCH
from overparam_cli.run.timing import Timing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BY_TRIALS, LEVELS = (ENGINE, WITH_TORCH, *JAX.values(), PRODUCTS), (NAIVE, PEAK)


def draw(
    timings: Sequence[Timing], stem: Path, data: str, formats: Sequence[str], outfit: Outfit = PLAIN
) -> list[Path]:
    """Draw gradient descent at width 1, one panel a loss, into stem.<format>; returns the files.

    Raises StorageError when a file cannot be written.
    """
    plain = [timing for timing in timings if not timing.variant]
    title = "What one iteration of one trial costs"
    with styled(outfit.style):
        cells = [[_cell(plain, loss, data)] for loss in dict.fromkeys(timing.loss for timing in plain)]
        return save(compose(cells, title, legends="below", outfit=outfit), stem, formats)


def _cell(timings: Sequence[Timing], loss: str, data: str) -> Cell:
    own = [timing for timing in timings if timing.loss == loss]

    def panel(axes: "Axes") -> Marks:
        for place, subject in enumerate(BY_TRIALS):
            if found := sorted((t for t in own if t.subject == subject), key=lambda t: t.trials):
                x, y, style = [t.trials for t in found], [t.median for t in found], of_place(place)
                axes.plot(x, y, marker="o", markersize=4, color=style.color, linestyle=style.linestyle, label=subject)
                axes.fill_between(x, [t.low for t in found], [t.high for t in found], color=style.color, alpha=0.15)
        for subject, dashes in zip(LEVELS, ("--", ":"), strict=True):
            if medians := [t.median for t in own if t.subject == subject]:
                axes.axhline(sum(medians) / len(medians), color=MUTED, linestyle=dashes, label=subject)
        axes.set(xscale="log", yscale="log", xlabel="trials side by side", ylabel="µs per trial and iteration")
        return Marks(Head((f"{losses.named(loss).label} · {data} · median and range",)))

    return Cell(panel)
