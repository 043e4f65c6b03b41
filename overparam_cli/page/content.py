"""What a report says, as values."""

from dataclasses import dataclass, field

from overparam_cli.figures.spec import Picture
from overparam_cli.report.grid import Grid


@dataclass(frozen=True)
class Chapter:
    """What stands under one name below the results folder: an experiment, statements of the theory, a multiverse.

    Attributes:
        key: its name in the page.
        lead: lines below its title.
        alerts: what must not be overlooked.
        details: tables that are shown when they are asked for.
    """

    key: str
    title: str
    lead: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    grids: tuple[Grid, ...] = ()
    details: tuple[tuple[str, Grid], ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole report.

    Attributes:
        faults: what is damaged, or could not be shown; everything else is.
        verdicts: a table of claims for each name of runs that was asked for.
        tallies: verdict → number of claims, the same.
    """

    title: str
    folder: str
    command: str
    faults: tuple[str, ...] = ()
    verdicts: tuple[tuple[str, Grid], ...] = ()
    tallies: tuple[dict[str, int], ...] = ()
    chapters: tuple[Chapter, ...] = ()
    multiverses: tuple[Chapter, ...] = ()
    optima: Grid | None = None
    missing: Grid | None = None
    made: Grid | None = None
    versions: dict[str, str] = field(default_factory=dict)
