"""What the statements about continuous time share: at which power of the learning rate a discrepancy vanishes.

Columns of their tables, lines of their views, and the panels: discrepancy against learning rate, log-log.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overparam_cli.kinds.theory.statement import Draw

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from overparam_cli.results.record import Record

RATE_COLUMNS: Mapping[str, str] = {"lr": "learning rate", "steps": "iterations", "time": "lr·steps"}
NET_COLUMNS: Mapping[str, str] = {
    "depth": "N",
    "widths": "hidden widths",
    "outputs": "k",
    "features": "d",
    "loss": "ℓp loss",
    "weight_decay": "λ",
    "seed": "seed of problem and start",
}
NET_LINES: Mapping[str, str] = {"N": "depth", "widths": "widths", "k": "outputs", "loss": "loss", "λ": "weight_decay"}
LEGEND: Any = {"fontsize": 7.5, "handlelength": 2.8, "columnspacing": 1.2}


def nothing(rows: "pd.DataFrame") -> str:
    """The note of a panel of which there is nothing else to say."""
    return ""


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
    label: Callable[["pd.DataFrame"], str]
    note: Callable[["pd.DataFrame"], str] = nothing

    def panels(self, record: "Record") -> Sequence[Draw]:
        """What draws the panels: one for each value of the facet."""
        return [self.panel(value) for value in record.table[self.facet].unique()]

    def panel(self, value: Any) -> Draw:
        """What draws one panel: discrepancy against learning rate, fitted orders in the legend."""

        def draw(axes: "Axes", record: "Record") -> str:
            from overparam_cli.figures.legends import legend_below
            from overparam_cli.words import format_rate

            table = record.table[record.table[self.facet] == value]
            for place, (_, rows) in enumerate(table.groupby(list(self.lines), sort=False)):
                self._draw_line(axes, rows, place)
            axes.set_xscale("log")
            axes.set_yscale("log")
            self._draw_guide(axes, table)
            rates = sorted(table["lr"].unique())
            axes.set_xticks(rates, [format_rate(rate) for rate in rates])
            axes.set_xticks([], minor=True)
            axes.set_xlabel("learning rate η")
            axes.set_ylabel(self.ylabel)
            seeds = table["seed"].nunique()
            ranged = "" if seeds == 1 else f", {seeds} seeds: median and range"
            time = f"t = η·iterations = {table['time'].iloc[0]:g}"
            legend_below(axes, title=self.legend, columns=2, **LEGEND)
            return "\n".join(filter(None, (self.head(value), f"{time}{ranged}", self.note(table))))

        return draw

    def _draw_line(self, axes: "Axes", rows: "pd.DataFrame", place: int) -> None:
        """Draw the median over the seeds, their range as bars, and the fitted order in the label."""
        from overparam_cli.figures.looks import of_place

        look = of_place(place)
        values = rows.groupby("lr")[self.column]
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
            label=f"{self.label(rows)}{fitted}",
        )

    def _draw_guide(self, axes: "Axes", table: "pd.DataFrame") -> None:
        """Draw a grey line of the expected power below the curves."""
        from overparam_cli.figures.style import MUTED

        rates = np.array([table["lr"].min(), table["lr"].max()])
        lowest = table.loc[table["lr"] == rates[0], self.column].min()
        if rates[0] == rates[1] or not lowest > 0:
            return
        guide = 0.45 * lowest * (rates / rates[0]) ** self.power
        axes.plot(rates, guide, color=MUTED, linewidth=3, alpha=0.35, solid_capstyle="butt")
        power = "η" if self.power == 1 else f"η{'²' if self.power == 2 else f'^{self.power}'}"
        spot = (float(np.sqrt(rates.prod())), float(np.sqrt(guide.prod())))
        axes.annotate(f"∝ {power}", spot, xytext=(5, -9), textcoords="offset points", fontsize=8, color=MUTED)


def net_panels(
    column: str, ylabel: str, note: Callable[["pd.DataFrame"], str] = nothing
) -> Callable[["Record"], Sequence[Draw]]:
    """The panels of a discrepancy of first order along gradient descent on networks: one for each weight decay."""
    return OrderPlot(
        column=column,
        ylabel=ylabel,
        power=1,
        facet="weight_decay",
        head=lambda decay: f"weight decay λ = {decay:g}" if decay else "no weight decay",
        legend="depth (hidden widths), outputs, loss: fitted order in η",
        lines=("depth", "widths", "outputs", "features", "loss"),
        label=_net,
        note=note,
    ).panels


def _net(rows: "pd.DataFrame") -> str:
    row = rows.iloc[0]
    widths = str(row["widths"]).split("x")
    return f"N = {row['depth']} ({'·'.join(widths)}), k = {row['outputs']}, {loss_of(rows)}"


def loss_of(rows: "pd.DataFrame") -> str:
    """The loss of a line's rows, as a formula."""
    return rf"$\ell_{{{rows['loss'].iloc[0][1:]}}}$"
