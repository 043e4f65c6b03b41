"""Why a fixed learning rate can diverge late: ‖W_e‖, the effective step of Eq. 12, and sharpness against 2/lr.

Both figures show every curve at its drawn rate (median and range over the seeds) and, as thin lines, the trials of the
other rates that diverged late: after LATE of the run, when they had long looked fine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from overparam_cli.figures.axes import cross, limit, scale_iterations
from overparam_cli.figures.bands import Course, Points, band
from overparam_cli.figures.captions import curve_label, noted, wrapped
from overparam_cli.figures.compose import Cell, Said, Sheet
from overparam_cli.figures.curves import draw_band
from overparam_cli.figures.figure import Draw, Figure, cell_of, has_column
from overparam_cli.figures.panels import Panel
from overparam_cli.figures.style import MUTED, Look, format_rate
from overparam_cli.results.curve import Choice, CurveRun
from overparam_cli.results.run import LATE, Run
from overparam_cli.results.trajectory import SMALLEST, Array, Trajectory

CEILING = 10.0  # a diverging trial is followed to this multiple of the largest value of the drawn rates
SHEET = Sheet(height=2.2, legends="below")
DOTS = (0, (1, 3))
THRESHOLD_NOTE = "horizontal dots: 2/lr, above which gradient descent on a quadratic diverges"


@dataclass(frozen=True)
class Strand:
    """The trials of one curve at one learning rate, as one entry of the legend."""

    curve: CurveRun
    lr: float
    label: str
    look: Look
    trials: tuple[Trajectory, ...]
    late: bool  # not the drawn rate: here because it diverged late


Values = Callable[[Strand, Trajectory], Array | None]


@dataclass(frozen=True)
class Row:
    """One quantity of a stack.

    Attributes:
        label: of its axis.
        values: of a trial at its logged iterations; None where they mean nothing or were not measured.
        floor: values of the drawn rate below it are drawn at it.
        threshold: whether 2/lr belongs to it.
    """

    label: str
    values: Values
    floor: Callable[[Run], float] = lambda _: SMALLEST
    threshold: bool = False

    def courses(self, strand: Strand) -> list[Course]:
        """Return the trials of a strand as far as they are positive and finite; those that never are left out."""

        def positive(trial: Trajectory) -> Points:
            values = self.values(strand, trial)
            if values is None:
                return np.empty(0), np.empty(0)
            kept = np.isfinite(values) & (values > 0)
            return trial.iterations[kept], values[kept]

        courses = [Course.of(trial, positive) for trial in strand.trials]
        return [course for course in courses if course.values.size]


def _column(name: str) -> Values:
    """Return the reader of a logged column."""
    return lambda _, trial: trial.column(name)


def _effective_step(strand: Strand, trial: Trajectory) -> Array | None:
    """Return η‖W_e‖^(2−2/N), which Eq. 12 says of gradient descent alone."""
    norm = trial.column("norm")
    return None if norm is None else strand.curve.effective_step(strand.lr, norm)


GAP = Row("distance from optimum", lambda _, trial: trial.values, lambda run: run.floor)
NORM = Row(r"$\Vert W_e \Vert$", _column("norm"))
STEP = Row("effective step\n" + r"$\eta\,\Vert W_e\Vert^{2-2/N}$", _effective_step)
SHARPNESS = Row("sharpness", _column("sharpness"), threshold=True)


def _stack(rows: Sequence[Row]) -> Callable[[Panel], list[Cell]]:
    """Return what makes a panel's cell of these quantities, one above the other."""

    def cells(panel: Panel) -> list[Cell]:
        strands = strands_of(panel)
        return [cell_of(panel, *(_drawing(row, strands) for row in rows))]

    return cells


def strands_of(panel: Panel) -> list[Strand]:
    """Return what a panel shows: every curve's drawn rate, then its rates that diverged late."""
    return [strand for name, choice in panel.choices.items() for strand in _strands(panel.looks[name], choice)]


def _strands(look: Look, choice: Choice) -> list[Strand]:
    """Return the strands of one curve."""
    curve, strands = choice.curve, []
    if choice.shown is not None:
        drawn = tuple(curve.logs(choice.shown).values())
        strands.append(Strand(curve, choice.shown, curve_label(choice), look, drawn, late=False))
    trials = curve.trials[curve.trials["diverged_at"].astype("float64") >= LATE * curve.run.iterations]
    rates = sorted(set(trials["lr"]) - {choice.shown})
    for lr in rates:
        own = tuple(curve.run.trajectory(trial) for trial in trials["trial_id"][trials["lr"] == lr])
        strands.append(Strand(curve, lr, _late_label(curve.label, rates, lr), look, own, late=True))
    return strands


def _late_label(label: str, late: Sequence[float], lr: float) -> str:
    """Return the legend's entry for the late-diverging rates of a curve: one for all of them, at the first."""
    if lr != late[0]:
        return "_"
    return wrapped(f"{label} ({f'lr {format_rate(lr)}' if len(late) == 1 else f'{len(late)} other rates'}, diverged)")


def _drawing(row: Row, strands: Sequence[Strand]) -> Draw:
    """Return what draws one quantity of one run."""

    def draw(axes: Axes, panel: Panel) -> Said:
        run, notes = panel.run, (THRESHOLD_NOTE,) * row.threshold
        shown = [(strand, row.courses(strand)) for strand in strands]
        steady = [_draw_strand(axes, strand, courses, row.floor(run), run.iterations) for strand, courses in shown]
        axes.set(xlabel="iteration", ylabel=row.label)
        courses = [(strand.look, course) for strand, own in shown for course in own]
        if not courses:
            axes.text(0.5, 0.5, "gradient descent only", transform=axes.transAxes, color=MUTED, ha="center")
            axes.set_yticks([])
            return noted(panel, *notes)
        axes.set_yscale("log")
        scale_iterations(axes, run.iterations)
        thresholds = [_draw_threshold(axes, strand) for strand, own in shown if own] if row.threshold else []
        values = [*(course.values for _, course in courses), np.array(thresholds)]
        limit(axes, values, CEILING * max(steady) if max(steady) > SMALLEST else np.inf)
        lost = [(look, course) for look, course in courses if course.end < run.iterations]
        for look, course in lost:
            cross(axes, course.end, float(course.values[-1]), look)
        return noted(panel, *notes, crosses=bool(lost))

    return draw


def _draw_strand(axes: Axes, strand: Strand, courses: Sequence[Course], floor: float, end: int) -> float:
    """Draw a strand: the drawn rate as a band, each trial of another as a thin line of its own, named once.

    Returns the greatest value to which the axis must reach: the drawn median's, and none for the others.
    """
    if not strand.late:
        drawn = band(courses, floor, end)
        draw_band(axes, drawn, strand.look, strand.label)
        return float(np.max(drawn.median[np.isfinite(drawn.median)], initial=0.0))
    style: dict[str, Any] = {"color": strand.look.color, "linewidth": 0.8, "zorder": 2.5}
    for place, course in enumerate(courses):
        axes.plot(course.iterations, course.values, label="_" if place else strand.label, **style)
    return 0.0


def _draw_threshold(axes: Axes, strand: Strand) -> float:
    """Draw 2/lr of a strand, and return it."""
    threshold = 2 / strand.lr
    line = axes.axhline(threshold, color=strand.look.color, linewidth=1.0, linestyle=DOTS, zorder=1)
    line.set_gid("threshold")
    return threshold


NORMS = Figure("norms", _stack([NORM, STEP]), "norm and effective step", SHEET, has_column("norm"))
STABILITY = Figure("stability", _stack([GAP, STEP, SHARPNESS]), "stability", SHEET, has_column("sharpness"))
