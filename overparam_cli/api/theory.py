"""`theory`: the paper's theorems checked numerically, as data frames, figures and verdicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.api.quietly import shown
from overparam_cli.api.result import verdicts
from overparam_cli.api.running import RESULTS, PathLike
from overparam_cli.api.studies import as_typed
from overparam_cli.errors import ConfigError
from overparam_cli.paths import at_home

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from overparam_cli.results.record import Record


class Theory:
    """Checks of the theory that have been computed.

    Attributes:
        records: check → its folder as the package reads it, in the order asked for.
        folders: of the checks, in that order.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read the folders of checks; raises LogError."""
        from overparam_cli.results.record import Record

        self.folders = tuple(folders)
        self.records: dict[str, Record] = {record.check: record for record in map(Record.read, folders)}

    @property
    def checks(self) -> tuple[str, ...]:
        """Their names: lemma3, theorem2, …"""
        return tuple(self.records)

    def table(self, check: str | None = None) -> "pd.DataFrame":
        """All rows that a check computed; without a name, of the only one. Raises ConfigError."""
        return self._one(check).table.copy()

    def plot(self, check: str | None = None) -> "Figure":
        """Draw a check; without a name, the only one. Raises ConfigError, also for one whose table says all."""
        from overparam_cli.figures.style import for_notebooks, styled
        from overparam_cli.kinds.theory import find_statement
        from overparam_cli.kinds.theory.figures import compose, panels_of

        record = self._one(check)
        panels = [(panel, record) for panel in panels_of(record)]
        if not panels:
            raise ConfigError(f"{record.check} has no figure: its table says all")
        with styled():
            return for_notebooks(compose(panels, find_statement(record.check).title))

    def verify(self) -> "pd.DataFrame":
        """A row a claim about these checks: what is required, what was measured, the verdict."""
        folder = self.folders[0].parent
        found = verdicts(folder.parent, [folder.name])
        return found[found["claim"].isin(self.checks)].reset_index(drop=True)

    def _one(self, check: str | None) -> "Record":
        name = self.checks[0] if check is None and len(self.checks) == 1 else check
        if name not in self.records:
            raise ConfigError(f"there is no check {name!r}: choose one of {', '.join(self.checks)}")
        return self.records[name]

    def _repr_html_(self) -> str:
        """The tables of `overparam theory`, for a notebook; all text is escaped."""
        from overparam_cli.kinds.theory.tables import grid
        from overparam_cli.report.html import render

        return "".join(render(grid(record)) for record in self.records.values())

    def __repr__(self) -> str:
        return f"<overparam.Theory {', '.join(self.checks)}>"


def theory(
    *checks: str,
    results: PathLike = RESULTS,
    name: str | None = None,
    dataset: str | None = None,
    progress: bool = False,
    data_dir: PathLike | None = None,
    offline: bool = False,
    **parameters: Any,
) -> Theory:
    """Check the paper's theorems numerically, as `overparam theory` does in the same folders; all without names.

    `parameters` are those of the checks, as `--set` takes them (`depths=[2, 3, 16]`); `dataset` is the problem of the
    checks that need one.

    Raises ConfigError for an unknown check or parameter, the errors of the data, BusyError, StorageError.
    """
    from overparam_cli.kinds.theory.running import run_study
    from overparam_cli.kinds.theory.study import plan_checks
    from overparam_cli.run.settings import Settings
    from overparam_cli.run.stop import stop_requests

    given = {key: as_typed(key, value) for key, value in parameters.items() if value is not None}
    asked = given | ({"dataset": dataset} if dataset else {})
    try:
        study = plan_checks(checks, asked, results=at_home(Path(results)), name=name)
    except ConfigError as error:
        raise ConfigError(str(error).replace("--set ", "arguments: ").replace("--", "arguments: ")) from None
    where = None if data_dir is None else at_home(Path(data_dir))
    settings = Settings(data_dir=where, offline=offline, quiet=not progress)
    with shown(1, progress=progress) as display, stop_requests():
        return Theory([*run_study(study, settings, display)])
