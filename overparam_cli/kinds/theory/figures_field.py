"""Panels of Section 6: Figure 1's curve and field, Lemma 3's integral, Theorem 2's limit on the real loss."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from overparam_cli.figures.style import LOOKS, Look
from overparam_cli.results.theory_logs import Record

FRAME = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
ARROWHEAD = Path([(-1.0, -0.55), (1.0, 0.0), (-1.0, 0.55), (-0.6, 0.0), (-1.0, -0.55)])  # pointing right
SUPERSCRIPTS = "¹²³⁴"
SPREAD = 0.62  # width over which the markers of one depth are set side by side


def curve_and_field(axes: Axes, record: Record) -> str:
    """Draw Γ_{r,R} with its four pieces and the integral along each, on the field F_e; return the panel's head."""
    facts = record.manifest["curves"]
    field = record.series("field")
    axes.quiver(
        field["x"], field["y"], field["u"], field["v"], color="#a8a8a8", angles="xy", scale=46, width=0.0032, zorder=1
    ).set_gid("field")
    for place, integral in enumerate(facts["pieces"]):
        _draw_piece(axes, record, place, float(integral))
    r, R = float(facts["r"]), float(facts["R"])
    for x, name in ((-R, "−R·e"), (-r, "−r·e"), (r, "r·e"), (R, "R·e")):
        axes.plot([x], [0], "o", color="black", markersize=3.5, zorder=5)
        axes.annotate(
            name, (x, 0), xytext=(0, -6), textcoords="offset points", ha="center", va="top", fontsize=8, bbox=FRAME
        )
    axes.plot([0], [0], "+", color="black", markersize=7)
    axes.set_xlim(-1.3 * R, 1.3 * R)
    axes.set_ylim(-0.55 * R, 1.3 * R)
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.set_xlabel(r"along $\mathbf{e}$")
    axes.set_ylabel(r"across $\mathbf{e}$")
    total = sum(map(float, facts["pieces"]))
    return (
        rf"$\Gamma_{{r,R}}$ in the field $F_{{\mathbf{{e}}}}$ with N = {facts['depth']}, r = {r:g}, R = {R:g};"
        f"\n∫F along each piece as written, ∮F = {signed(total)}"
    )


def _draw_piece(axes: Axes, record: Record, place: int, integral: float) -> None:
    """Draw one piece in its own colour and dash pattern, with its direction, its name and the integral along it."""
    look, points = LOOKS[place], record.series(f"gamma{place + 1}")
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    (line,) = axes.plot(x, y, color=look.color, linestyle=look.linestyle, linewidth=2.4, zorder=3)
    line.set_gid(f"gamma{place + 1}")
    at = len(x) // 3
    heading = np.degrees(np.arctan2(y[at + 1] - y[at - 1], x[at + 1] - x[at - 1]))
    arrow = MarkerStyle(ARROWHEAD).rotated(deg=float(heading))
    axes.plot(x[at], y[at], marker=arrow, color=look.color, markersize=12, markeredgewidth=0, zorder=4)
    half = len(x) // 2
    name = f"Γ{SUPERSCRIPTS[place]}  {signed(integral)}"
    offset = (0, 10)  # above the line, for the two arcs and the two segments
    axes.annotate(
        name,
        (x[half], y[half]),
        xytext=offset,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=8.5,
        color=look.color,
        bbox=FRAME,
        zorder=6,
    )


def signed(value: float) -> str:
    """Return a number with its sign, as a formula has it."""
    return f"{value:+.3f}".replace("-", "−")


def lemma3_values(axes: Axes, record: Record) -> str:
    """Draw ∮F_e over R^{3−2/N} − r^{3−2/N} for every curve of the table, and Lemma 3's constant for each depth."""
    table = record.table
    size = table["R"] ** (3 - 2 / table["depth"]) - table["r"] ** (3 - 2 / table["depth"])
    measured, closed = table["quadrature"] / size, table["closed_form"] / size
    radii = list(dict.fromkeys(zip(table["r"], table["R"], strict=True)))
    for place, (r, R) in enumerate(radii):
        rows = (table["r"] == r) & (table["R"] == R)
        shift = SPREAD * ((place + 0.5) / len(radii) - 0.5)
        look = LOOKS[(place + 1) % len(LOOKS)]
        axes.plot(
            table["depth"][rows] + shift,
            measured[rows],
            look.marker,
            color=look.color,
            markerfacecolor="white",
            markersize=5,
            label=f"r = {r:g}, R = {R:g}",
            zorder=3,
        )
    depths = np.array(sorted(table["depth"].unique()))
    constants = [float(closed[table["depth"] == N].iloc[0]) for N in depths]
    axes.hlines(constants, depths - 0.45, depths + 0.45, color="black", linewidth=1.6, label="Lemma 3: 2N/(3−2/N) − 2")
    axes.set_xticks(depths)
    axes.set_xlabel("depth N")
    axes.set_ylabel(r"$\oint_\Gamma F_{\mathbf{e}}\,/\,(R^{3-2/N} - r^{3-2/N})$")
    axes.legend(loc="upper left")
    dimensions = ", ".join(f"{d}" for d in sorted(table["dimension"].unique()))
    worst = table["relative_error"].max()
    return f"quadrature against Lemma 3, dimensions {dimensions};\nlargest relative difference {worst:.0e}"


def scaled_integrals(loss: str) -> Any:
    """Return the panel of one loss: ∮F/R^{3−2/N} of the real loss as R → 0, against its limit."""

    def draw(axes: Axes, record: Record) -> str:
        table = record.table[record.table["loss"] == loss]
        table = table[table["r_over_R"] == table["r_over_R"].iloc[0]]
        depths = sorted(table["depth"].unique())
        # The least, a middle one and the greatest: all would say the same.
        chosen = sorted({depths[0], depths[len(depths) // 2], depths[-1]}, reverse=True)
        for place, N in enumerate(chosen):
            rows = table[table["depth"] == N].sort_values("R")
            _draw_depth(axes, rows, int(N), LOOKS[place + 1])
        axes.set_xscale("log")
        axes.set_yscale("log")
        low, high = table["scaled_integral"].min(), table["scaled_integral"].max()
        room = high * (high / low) ** 0.4  # for the legend, above the lines
        axes.set_ylim(10 ** np.floor(np.log10(0.7 * low)), 10 ** np.ceil(np.log10(room)))
        axes.set_xlabel("outer radius R")
        axes.set_ylabel(r"$\oint_\Gamma F\,/\,R^{3-2/N}$")
        axes.legend(loc="upper left")
        return rf"$\ell_{{{loss[1:]}}}$ loss, r/R = {table['r_over_R'].iloc[0]:g}; dashed: the limit for R → 0" + (
            _approach(table)
        )

    return draw


def _draw_depth(axes: Axes, rows: Any, N: int, look: Look) -> None:
    """Draw one depth's scaled integrals and its limit."""
    limit = float(rows["limit"].iloc[0])
    axes.axhline(limit, color=look.color, linestyle=(0, (4, 2)), linewidth=1.0, zorder=2)
    axes.plot(
        rows["R"],
        rows["scaled_integral"],
        color=look.color,
        linewidth=1.2,
        marker=look.marker,
        markerfacecolor="white",
        markersize=5,
        label=f"N = {N}: limit {limit:.4g}",
        zorder=3,
    )


def _approach(table: Any) -> str:
    """Return how the integrals approach the limit, in words."""
    orders = table["order"].dropna()
    if orders.empty:
        return f"\nrelative distance from it at most {table['relative_deviation'].max():.0e}"
    nearest = table[table["R"] == table["R"].min()]["relative_deviation"].max()
    least = table["R"].min()
    return f"\nrelative distance ∝ R to the power {orders.median():.2f}; {nearest:.0e} at R = {least:.0e}"
