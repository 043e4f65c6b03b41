"""`compare`: two results beside each other, in settings and numbers."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.api.result import Result
from overparam_cli.errors import ConfigError
from overparam_cli.paths import at_home, is_folder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from overparam_cli.results.comparison import Comparison as Pair
    from overparam_cli.results.run import Run

Compared = str | os.PathLike[str] | Result


class Comparison:
    """Two results, variant by variant; curves are compared by name, each at its chosen learning rate.

    Attributes:
        pairs: the variants that both have, as the package compares them.
    """

    def __init__(self, pairs: "Sequence[Pair]") -> None:
        """What `compare` found."""
        self.pairs = tuple(pairs)

    @cached_property
    def settings(self) -> "pd.DataFrame":
        """A row a setting, data or machine in which they differ; `curves` are those that it is about, all if empty."""
        import pandas as pd

        from overparam_cli.results.comparison import ALL

        rows = [
            (pair.first.variant, own.setting, "" if own.curves == (ALL,) else ", ".join(own.curves), *own.values)
            for pair in self.pairs
            for own in pair.differences
        ]
        return pd.DataFrame(rows, columns=["variant", "setting", "curves", "first", "second"])

    @cached_property
    def numbers(self) -> "pd.DataFrame":
        """A row a curve that both have: `lr_` and `final_` of each, `ratio` and `speedup` of the second to the first.

        `alike` is how many trials both have run with the same numbers, to the last bit.
        """
        import pandas as pd

        from overparam_cli.report.comparison import numbers_grid
        from overparam_cli.report.json import records

        grids = {pair.first.variant: numbers_grid(pair) for pair in self.pairs}
        rows = [{"variant": variant, **row} for variant, grid in grids.items() for row in records(grid)]
        names = [column.name for grid in grids.values() for column in grid.columns]
        return pd.DataFrame(rows, columns=["variant", *dict.fromkeys(names)])

    @property
    def overlays(self) -> "list[Run]":
        """A run for each variant with the curves of both; raises ConfigError where they are of different problems."""
        from overparam_cli.results.comparison import overlay

        return [overlay(pair) for pair in self.pairs]

    def plot(self, figure: str = "figure") -> "Figure":
        """Draw both into one figure; raises ConfigError as `overlays`."""
        from overparam_cli.figures.plots import drawn

        return drawn(self.overlays, figure)

    def as_dicts(self) -> list[dict[str, Any]]:
        """What `overparam compare --json` prints."""
        from overparam_cli.report.comparison import as_dict

        return [as_dict(pair) for pair in self.pairs]

    def _repr_html_(self) -> str:
        """The tables of `overparam compare`, for a notebook; all text is escaped."""
        from overparam_cli.report.comparison import grids
        from overparam_cli.report.html import render

        return "".join(render(grid) for pair in self.pairs for grid in grids(pair))

    def __repr__(self) -> str:
        return f"<overparam.Comparison {'; '.join(' and '.join(pair.names) for pair in self.pairs)}>"


def compare(first: Compared, second: Compared, *, results: str | os.PathLike[str] = "results") -> Comparison:
    """Set two results beside each other, as `overparam compare` does: in what their settings and numbers differ.

    Each is a `Result`, a name below `results` (fig3@wide), or the path of a folder (elsewhere/fig3).

    Raises LogError where nothing has finished under a name, ConfigError where there is nothing to compare.
    """
    from overparam_cli.results.comparison import compare as compared

    folder = at_home(Path(results))
    return Comparison(compared(_runs(first, folder), _runs(second, folder)))


def _runs(given: Compared, results: Path) -> "list[Run]":
    """The runs of a result, of one name below `results`, or of a folder; raises LogError, ConfigError."""
    from overparam_cli.results.names import found_by_name

    if isinstance(given, Result):
        return list(given.runs)
    path = at_home(Path(given))
    name, folder = (path.name, path.parent) if is_folder(path) and len(path.parts) > 1 else (os.fspath(given), results)
    found = found_by_name([name], folder)
    found.check()
    if len(found.runs) != 1:
        what = "is theory" if not found.runs else f"stands for {', '.join(found.runs)}"
        raise ConfigError(f"{given} {what}: compare two experiments with trials, one folder each")
    return next(iter(found.runs.values()))
