"""The keys of an experiment file beside those of trials: what each takes, and what it means.

Checking, `overparam new` and the documentation read these declarations.
"""

import re
from collections.abc import Mapping
from typing import Any

from overparam_cli.checks import choice, finite, flag, integer, positive, positives, text, texts
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.key import Key
from overparam_cli.experiments.model import Plot
from overparam_cli.experiments.names import experiment_name

LEAST, MOST = 1.0, 100.0  # inches of a figure
STYLES = ("screen", "paper", "slides")
SELECTIONS = ("final-gap", "lowest-gap", "area", "iterations-to-gap")


def interval(value: Any) -> tuple[float, float]:
    """Two finite numbers, the lower one first."""
    if not isinstance(value, list | tuple) or len(value) != 2 or not finite(value[0]) < finite(value[1]):
        raise ValueError("must be [lower, upper]")
    return (finite(value[0]), finite(value[1]))


def color(value: Any) -> int | str:
    """A number that curves of one colour share, or a colour written out."""
    if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value):
        return value.lower()
    try:
        return int(integer(0)(value))
    except ValueError:
        raise ValueError("must be a number that curves of one colour share, from 0, or a colour as '#d55e00'") from None


def inches(value: Any) -> tuple[float, ...]:
    """A width, or a width and a height."""
    items = value if isinstance(value, list | tuple) else (value,)
    try:
        numbers = tuple(map(finite, items))
    except ValueError:
        numbers = ()
    if len(numbers) not in (1, 2) or not all(LEAST <= number <= MOST for number in numbers):
        raise ValueError(f"must be a width, or [width, height], each from {LEAST:g} to {MOST:g} inches")
    return numbers


def heading(value: Any) -> str | bool:
    """A title, or whether there is one."""
    if isinstance(value, bool):
        return value
    try:
        return text(value)
    except ValueError:
        raise ValueError("must be a text, true or false") from None


HEAD: Mapping[str, Key] = {
    "name": Key(experiment_name, "of its results folder"),
    "title": Key(text, "above its figures and tables"),
    "paper": Key(text, "where in the paper it stands, if it does", default="-"),
    "description": Key(text, "what it is, in a sentence", default=""),
}
CURVE: Mapping[str, Key] = {
    "label": Key(text, "in legends and tables; its name by default", default=None),
    "color": Key(
        color, "a number that curves of one colour share, or a colour: '#d55e00'; by its depth by default", default=None
    ),
    "linestyle": Key(
        choice("solid", "dashed", "dotted", "dashdot"),
        "solid, dashed, dotted or dashdot; by its optimiser by default",
        default=None,
        words=True,
    ),
}
ANALYSIS: Mapping[str, Key] = {
    "baseline": Key(text, "curve that speedups are over", default=None),
    "selection": Key(choice(*SELECTIONS), f"rule that chooses learning rates: {', '.join(SELECTIONS)}"),
    "target_gap": Key(positive, "gap to reach, with selection = iterations-to-gap", default=None),
    "gaps": Key(positives, "gaps to report the iterations to; shares of the gap at W = 0 by default", default=()),
}
PLOT: Mapping[str, Key] = {
    "kind": Key(choice("convergence", "batch-loss"), "what the figure shows: convergence or batch-loss"),
    "panels": Key(texts, "variants, a panel each; all by default"),
    "titles": Key(texts, "of the panels, as many as there are"),
    "curves": Key(texts, "curves that are drawn; all by default", listed=",", words=True),
    "xlabel": Key(text, "below the axis"),
    "ylabel": Key(text, "beside the axis"),
    "yscale": Key(choice("log", "linear"), "log or linear"),
    "xlim": Key(interval, "ends of the axis of iterations, lower and upper", listed=","),
    "ylim": Key(interval, "ends of the axis of the loss, lower and upper", listed=","),
    "log_x": Key(flag, "iterations on a log axis, from the first that was logged"),
    "title": Key(heading, "text above the figure, or false for none; the experiment's own by default", words=True),
    "size": Key(inches, "inches of a figure: its width, or width and height", listed=",x"),
    "style": Key(choice(*STYLES), f"sizes of axes, text and lines: {', '.join(STYLES)}", words=True),
}
ASKED = ("curves", "log_x", "xlim", "ylim", "title", "size", "style")  # of PLOT, also options of commands that draw


TOGETHER = ("xlim", "ylim")  # keys that not every value of another one goes with


def check_together(plot: Plot, where: str, key: str) -> None:
    """Refuse ends of a log axis that it cannot have; ConfigError."""
    ends, log = (plot.xlim, plot.log_x) if key == "xlim" else (plot.ylim, plot.yscale == "log")
    if log and ends and ends[0] <= 0:
        raise ConfigError(f"{where}: {key} = {list(ends)}: a log axis has no place for {ends[0]:g}")
