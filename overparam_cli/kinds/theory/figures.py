"""The theory's figures, from its logs alone. Each check has panels; a check's figure is its panels side by side, and
the figure of an experiment made of checks (Figure 1) those of all its checks.

A new figure is a function that draws one panel and returns its head, and an entry in PANELS.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overparam_cli.figures.compose import Cell, Head, Marks, Sheet
from overparam_cli.figures.compose import compose as assemble
from overparam_cli.figures.plots import FORMATS
from overparam_cli.figures.style import STYLE, save
from overparam_cli.kinds.theory.figures_bound import excess, speedup_against_bound, trajectories
from overparam_cli.kinds.theory.figures_field import curve_and_field, lemma3_values, scaled_integrals
from overparam_cli.kinds.theory.figures_orders import BALANCEDNESS, OBSERVATION1, THEOREM1, order_panels
from overparam_cli.kinds.theory.tables import changes
from overparam_cli.results.logs import MANIFEST, read_manifest
from overparam_cli.results.theory_logs import Record

Draw = Callable[[Axes, Record], str]
WIDTH, HEIGHT = 4.5, 4.1  # of a panel, inches


def draw(
    records: Sequence[Record], stem: Path, formats: Sequence[str] = FORMATS, *, title: str | None = None
) -> list[Path]:
    """Draw the panels of all `records` into one figure, stem.png and so on, and return the files.

    None where the checks have no panels. The title is by default that of the first check.

    Raises ConfigError for an unknown format, StorageError when a file cannot be written.
    """
    panels = [(panel, record) for record in records for panel in panels_of(record)]
    if not panels:
        return []
    with matplotlib.rc_context(STYLE):
        return save(compose(panels, TITLES.get(records[0].check, "") if title is None else title), stem, formats)


def draw_all(records: Sequence[Record], results: Path, name: str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw what stands below `results` under a name: an experiment's one figure, or each check's own."""
    if (results / name / MANIFEST).exists():
        config = read_manifest(results / name)["config"]
        return draw(records, results / name / "figure", formats, title=str(config["title"]))
    return [path for record in records for path in draw([record], record.folder / "figure", formats)]


def panels_of(record: Record) -> Sequence[Draw]:
    """Return what draws the panels of a check; empty where its table says all."""
    return PANELS[record.check](record) if record.check in PANELS else ()


def compose(panels: Sequence[tuple[Draw, Record]], title: str) -> Figure:
    """A figure of the panels: up to three in a row, four in two rows."""
    sheet = Sheet(WIDTH, WIDTH, HEIGHT, most=2 if len(panels) == 4 else 3, padding=0.1)
    return assemble([[cell(panel, record)] for panel, record in panels], title, sheet=sheet, legends="own")


def cell(panel: Draw, record: Record) -> Cell:
    """The axes of one panel; it draws, and returns what stands above it."""
    return Cell(lambda axes: Marks(head(record, panel(axes, record))))


def head(record: Record, text: str) -> Head:
    """What a panel shows and of which data, and as an alert whatever is not the paper's."""
    data = record.manifest["dataset"]
    lines = text.split("\n")
    if data is not None:
        lines.insert(0, f"{data['name']} data · n = {data['n']:,}, d = {data['d']:,}")
    alerts = changes(record)
    if data is not None and data["embedded"]:
        alerts.insert(0, f"{data['name']} data — not the paper’s")
        lines[0] = f"n = {data['n']:,}, d = {data['d']:,}"
    return Head(tuple(lines), "\n".join(textwrap.fill(line, 62) for line in alerts))


PANELS: Mapping[str, Callable[[Record], Sequence[Draw]]] = {
    "lemma3": lambda _: (curve_and_field, lemma3_values),
    "theorem2": lambda record: [scaled_integrals(loss) for loss in record.table["loss"].unique()],
    "balancedness": order_panels(BALANCEDNESS),
    "theorem1": order_panels(THEOREM1),
    "observation1": order_panels(OBSERVATION1),
    "appendix-b-bound": lambda _: (trajectories, speedup_against_bound, excess),
}

TITLES = {
    "lemma3": "Lemma 3: the line integral of the field of a constant gradient along the closed curve Γ",
    "theorem2": "Theorem 2: the line integral of a real loss’s field along Γ, as Γ shrinks to the origin",
    "balancedness": "Eq. 9: drift off balance along gradient descent on the layers",
    "theorem1": "Theorem 1: distance between gradient descent on the layers and the end-to-end rule",
    "observation1": "Observation 1: what an adaptive rate and a momentum term leave of a step of w = w₁w₂",
    "appendix-b-bound": "Section 7 and Appendix B: acceleration on two points against the bound y₁/4ε₁",
}
