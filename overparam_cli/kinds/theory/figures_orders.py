"""Panels that show at which power of the learning rate a discrepancy vanishes: Eq. 9, Theorem 1, Observation 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from overparam_cli.figures.style import LOOKS, MUTED, format_rate
from overparam_cli.results.theory_logs import Record

LEGEND: Any = {"fontsize": 7.5, "handlelength": 2.8, "columnspacing": 1.2}


@dataclass(frozen=True)
class OrderPlot:
    """Which column vanishes with the learning rate, what the panels are and what the lines are.

    Attributes:
        column: the discrepancy.
        ylabel: its name on the axis.
        power: of the grey guide.
        facet: the column whose values are the panels.
        head: value of the facet → the panel's head.
        legend: what the labels say.
        lines: the columns that tell the lines of a panel apart.
        label: one line's rows → its label.
        note: a panel's rows → what else there is to say of them.
    """

    column: str
    ylabel: str
    power: int
    facet: str
    head: Callable[[Any], str]
    legend: str
    lines: tuple[str, ...]
    label: Callable[[pd.DataFrame], str]
    note: Callable[[pd.DataFrame], str] = lambda _: ""


def order_panel(plot: OrderPlot, value: Any) -> Callable[[Axes, Record], str]:
    """Return what draws one panel: discrepancy against learning rate, log-log, fitted orders in the legend."""

    def draw(axes: Axes, record: Record) -> str:
        table = record.table[record.table[plot.facet] == value]
        for place, (_, rows) in enumerate(table.groupby(list(plot.lines), sort=False)):
            _draw_line(axes, rows, plot, place)
        axes.set_xscale("log")
        axes.set_yscale("log")
        _draw_guide(axes, table, plot)
        rates = sorted(table["lr"].unique())
        axes.set_xticks(rates, [format_rate(rate) for rate in rates])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("learning rate η")
        axes.set_ylabel(plot.ylabel)
        seeds = table["seed"].nunique()
        ranged = "" if seeds == 1 else f", {seeds} seeds: median and range"
        time = f"t = η·iterations = {table['time'].iloc[0]:g}"
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.19), ncols=2, title=plot.legend, **LEGEND)
        return "\n".join(filter(None, (plot.head(value), f"{time}{ranged}", plot.note(table))))

    return draw


def _draw_line(axes: Axes, rows: pd.DataFrame, plot: OrderPlot, place: int) -> None:
    """Draw the median over the seeds, their range as bars, and the fitted order in the label."""
    look = LOOKS[place % len(LOOKS)]
    values = rows.groupby("lr")[plot.column]
    middle = values.median()
    orders = rows["order"].dropna()
    fitted = f": {orders.median():.2f}" if len(orders) else ""
    axes.errorbar(
        middle.index.to_numpy(),
        middle.to_numpy(),
        yerr=np.stack([middle - values.min(), values.max() - middle]),
        color=look.color,
        linestyle=look.linestyle,
        linewidth=1.2,
        marker=look.marker,
        markerfacecolor="white",
        markersize=4.5,
        elinewidth=0.8,
        label=f"{plot.label(rows)}{fitted}",
    )


def _draw_guide(axes: Axes, table: pd.DataFrame, plot: OrderPlot) -> None:
    """Draw a grey line of the expected power below the curves."""
    rates = np.array([table["lr"].min(), table["lr"].max()])
    lowest = table.loc[table["lr"] == rates[0], plot.column].min()
    if rates[0] == rates[1] or not lowest > 0:
        return
    guide = 0.45 * lowest * (rates / rates[0]) ** plot.power
    axes.plot(rates, guide, color=MUTED, linewidth=3, alpha=0.35, solid_capstyle="butt")
    power = "η" if plot.power == 1 else f"η{'²' if plot.power == 2 else f'^{plot.power}'}"
    spot = (float(np.sqrt(rates.prod())), float(np.sqrt(guide.prod())))
    axes.annotate(f"∝ {power}", spot, xytext=(5, -9), textcoords="offset points", fontsize=8, color=MUTED)


def order_panels(plot: OrderPlot) -> Callable[[Record], Sequence[Callable[[Axes, Record], str]]]:
    """Return what makes the panels of a check: one for each value of the facet."""
    return lambda record: [order_panel(plot, value) for value in record.table[plot.facet].unique()]


def _net(rows: pd.DataFrame) -> str:
    row = rows.iloc[0]
    widths = str(row["widths"]).split("x")
    return f"N = {row['depth']} ({'·'.join(widths)}), k = {row['outputs']}, {_loss(rows)}"


def _loss(rows: pd.DataFrame) -> str:
    return rf"$\ell_{{{rows['loss'].iloc[0][1:]}}}$"


def _decay(value: float) -> str:
    return f"weight decay λ = {value:g}" if value else "no weight decay"


_NETS = "depth (hidden widths), outputs, loss: fitted order in η"
_NET = ("depth", "widths", "outputs", "features", "loss")

BALANCEDNESS = OrderPlot(
    "drift",
    r"largest $\|W_{j+1}^T W_{j+1} - W_j W_j^T\|_F$",
    1,
    "weight_decay",
    _decay,
    _NETS,
    _NET,
    _net,
)
THEOREM1 = OrderPlot(
    "distance",
    r"relative distance of the two $W_e$",
    1,
    "weight_decay",
    _decay,
    _NETS,
    _NET,
    _net,
    lambda rows: f"the flows themselves (Eqs. 6 and 8) end at most {rows['flow_distance'].max():.0e} apart",
)
OBSERVATION1 = OrderPlot(
    "residual",
    r"largest $\|\mathbf{w}^{(t+1)} - (\mathbf{w} - \rho\nabla - \gamma\mathbf{w})\|$",
    2,
    "features",
    lambda d: f"{d} features",
    "fitted order in η",
    ("loss",),
    lambda rows: f"{_loss(rows)} loss",
)
