"""What a report lacks, why, and the command that makes it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from overparam_cli.claims.evaluation import command_for
from overparam_cli.claims.model import NOT_RUN
from overparam_cli.claims.verify import Report
from overparam_cli.errors import LogError
from overparam_cli.experiments import available
from overparam_cli.multiverse.loading import BUILT_IN
from overparam_cli.report.grid import Column, Grid
from overparam_cli.report.status import status_grid
from overparam_cli.results.find import contents, is_there
from overparam_cli.results.manifest import MULTIVERSE, read_manifest
from overparam_cli.results.names import Found
from overparam_cli.results.schema import MANIFEST

SOUND = ("complete", "figures", "results", "no run")  # states of a folder that lack nothing
Row = tuple[str, str, str | None]


def grid(results: Path, names: Sequence[str], found: Found, judged: Sequence[Report]) -> Grid | None:
    """A row for everything that is missing; None where nothing is."""
    rows = [*_claims(judged), *((note, "", None) for note in found.notes)]
    if not names:
        rows += [*_folders(results), *_experiments(results, found), *_worlds(results)]
    rows = list(dict.fromkeys(rows))
    columns = (Column("missing"), Column("why"), Column("command"))
    return Grid.of(columns, rows) if rows else None


def _claims(judged: Sequence[Report]) -> Iterator[Row]:
    for report in judged:
        for one in report.asked:
            if one.verdict == NOT_RUN:
                yield f"a verdict on {one.claim.id}", "; ".join(one.notes), one.command


def _folders(results: Path) -> Iterator[Row]:
    """What `status` says of folders that are not complete."""
    for name, state, _, note in status_grid(results).rows:
        if state.value not in SOUND:
            yield f"{name.value}: {state.value}", str(note.value), None


def _worlds(results: Path) -> Iterator[Row]:
    """Multiverses of files of the user's own, whose figures need their file."""
    for folder in contents(results):
        with suppress(LogError):
            own = folder.name not in BUILT_IN and is_there(folder / MANIFEST)
            if own and read_manifest(folder).get("kind") == MULTIVERSE:
                yield f"the figures of {folder.name}", "they need its file", "overparam multiverse plot FILE"


def _experiments(results: Path, found: Found) -> Iterator[Row]:
    """Experiments of the paper that have not been run at all under their own names."""
    for one in available():
        if one.kind != "group" and one.name not in {*found.runs, *found.records}:
            yield f"{one.name}: {one.title}", "not run", command_for([one.name], results)
