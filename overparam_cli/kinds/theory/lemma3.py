"""Lemma 3 (App. A.4) and Figure 1: the line integral of F_e along the closed curve Γ_{r,R}."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import Finding, claim
from overparam_cli.claims.tables import EXACT, judge_errors
from overparam_cli.kinds.theory.common import DEPTHS, Array, Row
from overparam_cli.kinds.theory.field import (
    constant_field,
    curve_points,
    field_on_grid,
    gamma,
    lemma3_closed_form,
    line_integral,
    orthonormal_pair,
)
from overparam_cli.kinds.theory.parameters import Seed, at_least
from overparam_cli.kinds.theory.statement import Curves, Effort, Statement
from overparam_cli.kinds.theory.view import View, count, largest, last

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from overparam_cli.results.record import Record

# Of the drawn field and curve: N = 3 is the least depth for which the integral is not zero.
DRAWN_DEPTH, INNER, OUTER = 3, 0.5, 1.0
GRID, MARGIN = 21, 1.25  # arrows a side; the field is drawn a little beyond the curve
SPREAD = 0.62  # width over which the markers of one depth are set side by side
FRAME = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
ARROWHEAD = [(-1.0, -0.55), (1.0, 0.0), (-1.0, 0.55), (-0.6, 0.0), (-1.0, -0.55)]  # pointing right


def compute(
    depths: Sequence[int] = DEPTHS,
    radii: Sequence[tuple[float, float]] = ((0.1, 1.0), (0.5, 1.0), (0.99, 1.0), (1e-4, 1e-2), (0.5, 20.0)),
    dimensions: Sequence[Annotated[int, at_least(2)]] = (2, 3, 128),
    seed: Seed = 0,
) -> list[Row]:
    """∮ F_e along Γ_{r,R} by quadrature against Lemma 3, for random unit vectors e.

    The error is relative to the closed form. At N = 2 that is zero (the pieces cancel), and the error is relative to
    the sum of the pieces' absolute values. The `scale` column is what was divided by.
    """
    rows: list[Row] = []
    rng = np.random.default_rng(seed)
    for d in dimensions:
        e, tangent = orthonormal_pair(rng.standard_normal(d), rng)
        for N in depths:
            for r, R in radii:
                pieces, _ = line_integral(constant_field(e, N), gamma(e, tangent, r, R))
                closed, value = lemma3_closed_form(N, r, R), float(pieces.sum())
                scale = abs(closed) if N > 2 else float(np.abs(pieces).sum())
                rows.append({"depth": N, "dimension": d, "r": r, "R": R, "quadrature": value, "closed_form": closed})
                rows[-1] |= {"scale": scale, "relative_error": abs(value - closed) / scale}
    return rows


def effort(
    depths: Sequence[int], radii: Sequence[tuple[float, float]], dimensions: Sequence[int], **_: object
) -> Effort:
    """Some thousand points of a curve, each a few vectors of length d."""
    curves = len(depths) * len(radii)
    return Effort(curves * sum(5e-3 + 6e-6 * d for d in dimensions), 8 * 8 * max(dimensions))


def curve_and_field(rows: Sequence[Row]) -> Curves:
    """Γ_{r,R} in the plane and F_e on a grid, e = (1, 0), with the integral along each of the four pieces."""
    e, tangent = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    path = gamma(e, tangent, INNER, OUTER)
    integrals, _ = line_integral(constant_field(e, DRAWN_DEPTH), path)
    series: dict[str, Sequence[Array]] = {
        f"gamma{place}": (*piece.T,) for place, piece in enumerate(curve_points(path, 61), start=1)
    }
    x, y, F = field_on_grid(lambda _: e, DRAWN_DEPTH, MARGIN * OUTER, GRID)
    columns, lines = np.meshgrid(x, y)
    series["field"] = columns.ravel(), lines.ravel(), F[..., 0].ravel(), F[..., 1].ravel()
    return series, {"depth": DRAWN_DEPTH, "r": INNER, "R": OUTER, "pieces": integrals.tolist()}


def draw_curve(axes: "Axes", record: "Record") -> str:
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
        f"\n∫F along each piece as written, ∮F = {_signed(total)}"
    )


def _draw_piece(axes: "Axes", record: "Record", place: int, integral: float) -> None:
    """Draw one piece in its own colour and dash pattern, with its direction, its name and the integral along it."""
    from matplotlib.markers import MarkerStyle
    from matplotlib.path import Path

    from overparam_cli.figures.looks import LOOKS

    look, points = LOOKS[place], record.series(f"gamma{place + 1}")
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    (line,) = axes.plot(x, y, color=look.color, linestyle=look.linestyle, linewidth=2.4, zorder=3)
    line.set_gid(f"gamma{place + 1}")
    at = len(x) // 3
    heading = np.degrees(np.arctan2(y[at + 1] - y[at - 1], x[at + 1] - x[at - 1]))
    arrow = MarkerStyle(Path(ARROWHEAD)).rotated(deg=float(heading))
    axes.plot(x[at], y[at], marker=arrow, color=look.color, markersize=12, markeredgewidth=0, zorder=4)
    half = len(x) // 2
    axes.annotate(
        f"Γ{'¹²³⁴'[place]}  {_signed(integral)}",
        (x[half], y[half]),
        xytext=(0, 10),  # above the line, for the two arcs and the two segments
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=8.5,
        color=look.color,
        bbox=FRAME,
        zorder=6,
    )


def _signed(value: float) -> str:
    """A number with its sign, as a formula has it."""
    return f"{value:+.3f}".replace("-", "−")


def draw_values(axes: "Axes", record: "Record") -> str:
    """Draw ∮F_e over R^{3−2/N} − r^{3−2/N} for every curve of the table, and Lemma 3's constant for each depth."""
    from overparam_cli.figures.looks import of_place

    table = record.table
    size = table["R"] ** (3 - 2 / table["depth"]) - table["r"] ** (3 - 2 / table["depth"])
    measured, closed = table["quadrature"] / size, table["closed_form"] / size
    radii = list(dict.fromkeys(zip(table["r"], table["R"], strict=True)))
    for place, (r, R) in enumerate(radii):
        rows = (table["r"] == r) & (table["R"] == R)
        shift = SPREAD * ((place + 0.5) / len(radii) - 0.5)
        look = of_place(place + 1)
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


LEMMA3 = Statement(
    "lemma3",
    says="∮F_e = (2N/(3−2/N) − 2)(R^{3−2/N} − r^{3−2/N})",
    where="App. A.4, Lemma 3",
    compute=compute,
    effort=effort,
    columns={
        "depth": "N",
        "dimension": "d",
        "r": "inner radius",
        "R": "outer radius",
        "quadrature": "∮F_e by quadrature",
        "closed_form": "Lemma 3's value",
        "scale": "closed form; at N = 2, where that is 0, the sum of the pieces' absolute integrals",
        "relative_error": "|quadrature − closed form| / scale",
    },
    view=View(
        {"N": "depth"},
        {
            "curves": count,
            "r, R": lambda rows: f"{rows['r'].iloc[-1]:g}, {rows['R'].iloc[-1]:g}",
            "closed form": last("closed_form"),
            "quadrature": last("quadrature"),
            "largest relative error": largest("relative_error"),
        },
    ),
    title="Lemma 3: the line integral of the field of a constant gradient along the closed curve Γ",
    panels=lambda _: (draw_curve, draw_values),
    curves=curve_and_field,
)


@claim(
    "lemma3",
    says=LEMMA3.says,
    where="App. A.4",
    measures="relative error of quadrature, N = 2…8, several r, R, dimensions",
    requires=f"≤ {EXACT:.0e}",
    reads=("theory/lemma3",),
)
def requirement(table: TableEvidence) -> Finding:
    """Largest relative error of the quadrature against the closed form: ≤ 1e-10, N = 2 … 8.

    At N = 2 the closed form is 0, and the table's error is relative to the sum of the pieces' absolute integrals.
    """
    table.require("depth", set(DEPTHS))
    return judge_errors(table, ("relative_error",), "relative error")
