"""Why a fixed learning rate can diverge late: ‖W_e‖, the effective step of Eq. 12, and sharpness against 2/lr.

Every curve is shown at its drawn rate (median and range over the seeds), and so are, as thin lines, the trials of the
other rates that diverged late: after LATE of the run, when they had long looked fine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overparam_cli.figures.axes import NOTHING, cross, limit, remark, scale_axes, visible
from overparam_cli.figures.compose import Marks, Sheet
from overparam_cli.figures.curves import draw_band, needs_markers
from overparam_cli.figures.labels import DIVERGED_NOTE, curve_label, marks, wrapped
from overparam_cli.figures.looks import Look
from overparam_cli.figures.panels import HIGHEST, Line, Panel, band, singly
from overparam_cli.figures.registry import Draw, Figure, above, has_column
from overparam_cli.figures.style import part_of, scale
from overparam_cli.results.curve import CurveRun
from overparam_cli.results.run import LATE
from overparam_cli.results.trajectory import SMALLEST, Array, Trajectory
from overparam_cli.words import format_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CEILING = 10.0  # a diverging trial is followed to this multiple of the largest value of the drawn rates
DOTS = (0, (1, 3))
THRESHOLD_NOTE = "horizontal dots: 2/lr, above which gradient descent on a quadratic diverges"


@dataclass(frozen=True)
class Strand:
    """The trials of one curve at one learning rate, as one entry of the legend; `late`: not the drawn rate."""

    curve: CurveRun
    lr: float
    label: str
    look: Look
    trials: tuple[Trajectory, ...]
    turn: tuple[int, int] | None  # of its markers, as `draw_band` takes it
    late: bool


@dataclass(frozen=True)
class Quantity:
    """What one pair of axes shows.

    Attributes:
        label: of its axis.
        values: of a trial at its log points; None where it means nothing or was not measured.
        threshold: whether 2/lr belongs to it.
        floored: whether values below the run's floor count as the floor.
    """

    label: str
    values: Callable[[Strand, Trajectory], Array | None]
    threshold: bool = False
    floored: bool = False


def _step(strand: Strand, trial: Trajectory) -> Array | None:
    """η‖W_e‖^(2−2/N) (Eq. 12)."""
    return strand.curve.effective_step(strand.lr, trial.log["norm"])


GAP = Quantity("distance from optimum", lambda _, trial: trial.values, floored=True)
NORM = Quantity(r"$\Vert W_e \Vert$", lambda _, trial: trial.column("norm"))
STEP = Quantity("effective step\n" + r"$\eta\,\Vert W_e\Vert^{2-2/N}$", _step)
SHARPNESS = Quantity("sharpness", lambda _, trial: trial.column("sharpness"), threshold=True)


def _over_iterations(quantity: Quantity, *, bottom: bool = False) -> Draw:
    """What draws one quantity of one run; the lowest of a stack names the iterations."""

    def draw(axes: "Axes", panel: Panel) -> Marks:
        crosses = _draw_quantity(axes, panel, quantity)
        if bottom:
            axes.set_xlabel("iteration")
        notes = [DIVERGED_NOTE] if crosses else []
        return marks(panel, *notes, *([THRESHOLD_NOTE] if quantity.threshold else []))

    return draw


def strands(panel: Panel) -> list[Strand]:
    """What a panel shows: every curve's drawn rate, then its rates that diverged late."""
    found = []
    for place, (name, choice) in enumerate(panel.choices.items()):
        curve, look = choice.curve, panel.looks[name]
        turn = (place, len(panel.choices)) if needs_markers(panel) else None
        label = panel.labels[name]
        lost_late = curve.trials["diverged_at"].astype("float64") >= LATE * panel.run.iterations
        late = sorted({float(lr) for lr in curve.trials["lr"][lost_late]} - {choice.shown})
        if choice.shown is not None:
            trials = tuple(panel.shown(name).values())
            found.append(Strand(curve, choice.shown, curve_label(label, choice), look, trials, turn, late=False))
        for lr in late:
            own = curve.trials["trial_id"][lost_late & (curve.trials["lr"] == lr)]
            trials = tuple(panel.run.trajectory(trial_id) for trial_id in singly([*own], len(panel.run.seeds)))
            found.append(Strand(curve, lr, _late_label(label, late, lr), look, trials, None, late=True))
    return found


def _late_label(label: str, late: Sequence[float], lr: float) -> str:
    """The legend's entry for the late-diverging rates of a curve: one for all of them, at the first."""
    rates = f"lr {format_rate(lr)}" if len(late) == 1 else f"{len(late)} other rates"
    said = wrapped(f"{label} ({rates}, diverged)")
    return said if lr == late[0] else part_of(said)


def _draw_quantity(axes: "Axes", panel: Panel, quantity: Quantity) -> bool:
    """Draw one quantity of one run; return whether a trial diverged."""
    end, floor = panel.run.iterations, panel.floor if quantity.floored else SMALLEST
    drawn = [(strand, _lines(strand, quantity, end)) for strand in strands(panel)]
    if panel.plot.log_x:
        axes.set_xscale("log")
    steady = [_draw_strand(axes, strand, lines, floor) for strand, lines in drawn]
    axes.set_ylabel(quantity.label)
    shown = [(line, strand.look) for strand, lines in drawn for line in lines]
    if not shown:
        unsaid = all(quantity.values(strand, trial) is None for strand, _ in drawn for trial in strand.trials)
        remark(axes, "gradient descent only" if unsaid else NOTHING)
        axes.set_yticks([])
        return False
    axes.set_yscale("log")
    scale_axes(axes, end, panel.plot)
    thresholds = [_draw_threshold(axes, strand) for strand, lines in drawn if lines] if quantity.threshold else []
    values = [*(visible(line.iterations, line.values, panel.plot) for line, _ in shown), np.array(thresholds)]
    limit(axes, values, CEILING * max(steady) if max(steady) > SMALLEST else np.inf)
    stopped = [
        (line, strand)
        for strand, lines in drawn
        for line in singly([one for one in lines if one.stopped], len(panel.run.seeds))
    ]
    for line, strand in stopped:
        cross(axes, float(line.iterations[-1]), float(line.values[-1]), strand.look, strand.label)
    return bool(stopped)


def _lines(strand: Strand, quantity: Quantity, end: int) -> list[Line]:
    """The finite and positive points of every trial of a strand that has some."""
    lines = []
    for trial in strand.trials:
        values = quantity.values(strand, trial)
        if values is None:
            continue
        kept = np.isfinite(values) & (values > 0)
        if kept.any():
            times = trial.iterations[kept]
            lines.append(Line(times, values[kept], trial.lost and bool(times[-1] < end), trial.going))
    return lines


def _draw_strand(axes: "Axes", strand: Strand, lines: Sequence[Line], floor: float) -> float:
    """Draw the drawn rate as a band, each trial of another rate as a thin line of its own, which the legend names once.

    Returns the largest value that the axis owes it: of the band's median; a late-diverging rate has none.
    """
    if not strand.late:
        values = band(lines, floor)
        draw_band(axes, values, strand.look, strand.label, strand.turn)
        return float(np.max(values.median[np.isfinite(values.median)], initial=0.0))
    for place, line in enumerate(lines):
        label = strand.label if place == 0 else "_"
        axes.plot(
            line.iterations, line.values, color=strand.look.color, linewidth=0.8 * scale(), label=label, zorder=2.5
        )
    return 0.0


def _draw_threshold(axes: "Axes", strand: Strand) -> float:
    """Draw 2/lr and return it."""
    threshold = min(2 / strand.lr, HIGHEST)
    line = axes.axhline(threshold, color=strand.look.color, linewidth=scale(), linestyle=DOTS, zorder=1)
    line.set_gid("threshold")
    return threshold


LOW = Sheet(height=2.2)  # of each of several axes above each other
FIGURES = (
    Figure(
        "norms",
        above(_over_iterations(NORM), _over_iterations(STEP, bottom=True)),
        "norm and effective step",
        has_column("norm"),
        "below",
        LOW,
    ),
    Figure(
        "stability",
        above(_over_iterations(GAP), _over_iterations(STEP), _over_iterations(SHARPNESS, bottom=True)),
        "stability",
        has_column("sharpness"),
        "below",
        LOW,
    ),
)
