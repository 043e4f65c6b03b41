"""What came out of a multiverse, on disk: `worlds.csv`, a row for every claim in every world, and its manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli import __version__
from overparam_cli.claims.model import Claim
from overparam_cli.errors import LogError
from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES
from overparam_cli.multiverse.judging import FIRST_PASS, Row, trials_digest
from overparam_cli.multiverse.loading import Asked
from overparam_cli.multiverse.model import Multiverse, described
from overparam_cli.multiverse.tables import COLUMNS, TRIALS
from overparam_cli.multiverse.worlds import claims_of
from overparam_cli.paths import exists
from overparam_cli.results import digests, store
from overparam_cli.results.manifest import MULTIVERSE, read_multiverse_manifest
from overparam_cli.results.schema import SCHEMA, WORLDS

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = (YES, NO, UNDECIDED, NOT_RUN)  # of the column `holds`
OTHER_TRIALS = "judged by other trials than are run now"


def write(folder: Path, multiverse: Multiverse, asked: Asked, rows: Sequence[Row], kept: int = 0) -> Path:
    """Write `worlds.csv` and the manifest; the path of the former. `kept` of the rows are `earlier`'s.

    Raises StorageError.
    """
    content = {
        "schema": SCHEMA,
        "kind": MULTIVERSE,
        "versions": {"overparam": __version__},
        "multiverse": described(multiverse),
        "asked": {axis: list(options) for axis, options in asked.items()},
        "claims": {row.claim.id: row.claim.requirement for row in rows},
        "rows": len(rows),
        "kept": kept,
    }
    digests.write(folder, store.plain(content), {WORLDS: store.render(_table(multiverse, rows))})
    return folder / WORLDS


def _table(multiverse: Multiverse, rows: Sequence[Row]) -> "pd.DataFrame":
    """Columns: the claim, every axis (empty where it does not count for the claim), and what came out."""
    import pandas as pd

    axes = [axis.name for axis in multiverse.axes]
    content = [(row.claim.id, *(row.choices.get(axis, "") for axis in axes), *_outcome(row)) for row in rows]
    return pd.DataFrame(content, columns=[COLUMNS[0], *axes, *COLUMNS[1:]])


def _outcome(row: Row) -> tuple[str | float, ...]:
    notes = "; ".join(row.notes)
    return row.measured, row.effect, row.claim.requirement, row.outcome, row.verdict, notes, row.trials


def read(folder: Path, multiverse: Multiverse) -> list[Row]:
    """What was written; raises LogError where it is missing, damaged, changed since, or of another multiverse."""
    path = folder / WORLDS
    if not exists(path):
        raise LogError(f"{path} does not exist: make it with overparam multiverse verify")
    data = store.read_bytes(path)
    axes = [axis.name for axis in multiverse.axes]
    header = data.partition(b"\n")[0].decode(errors="replace").strip().split(",")
    known = [name for name in COLUMNS if name != TRIALS or TRIALS in header]  # files of earlier revisions lack it
    columns = dict.fromkeys([*known, *axes], "str") | {"effect": "float64"}
    table = store.parse_table(data, path, columns)
    if changed := digests.changed(read_multiverse_manifest(folder), digests.of({WORLDS: data})):
        raise LogError(f"{folder}: {digests.said(changed)}: make it again with overparam multiverse verify")
    claims = {claim.id: claim for claim in claims_of(multiverse)}
    return [_row(claims, axes, row, path) for row in table.to_dict("records")]


def earlier(folder: Path, multiverse: Multiverse, rows: Sequence[Row]) -> tuple[list[Row], int]:
    """`rows`, those of worlds that have not been run as `worlds.csv` has them, with a note where trials were others.

    So are those that a first pass judged here, and whole runs before. And how many of them these are.

    Raises LogError as `read`, and where it was judged by other requirements, or under options of other content.
    """
    known = {_key(row): row for row in read(folder, multiverse) if row.outcome != NOT_RUN or row.trials}
    before = read_multiverse_manifest(folder)
    found = [_better(multiverse, row, known.get(_key(row), row)) for row in rows]
    kept = [new for old, new in zip(rows, found, strict=True) if old is not new]
    was, now = _content(before["multiverse"]), _content(store.plain(described(multiverse)))
    needed = {choice for row in kept for choice in (("", ""), *row.choices.items())}
    changed = {" ".join(filter(None, choice)) or "overrides" for choice in needed if was.get(choice) != now[choice]}
    changed |= {row.claim.id for row in kept if before["claims"].get(row.claim.id) != row.claim.requirement}
    if changed:
        raise LogError(
            f"{folder / WORLDS} was judged before a change of {', '.join(sorted(changed))}: leave out --keep, or run "
            "these worlds again"
        )
    return found, len(kept)


def _better(multiverse: Multiverse, row: Row, before: Row) -> Row:
    """What is judged now; what was before where that is of no runs, or of a first pass and this of whole runs."""
    return _kept(multiverse, before) if not row.trials or (_short(row) and not _short(before)) else row


def _short(row: Row) -> bool:
    return any(note.startswith(FIRST_PASS) for note in row.notes)


def _kept(multiverse: Multiverse, row: Row) -> Row:
    """A row as it was written, with a note where it was judged by other trials; of old files that is not known."""
    if not row.trials:
        return row
    others = row.trials != trials_digest(multiverse, row.claim, row.choices)
    notes = [note for note in row.notes if note != OTHER_TRIALS]
    return replace(row, notes=(*notes, *([OTHER_TRIALS] if others else [])))


def _key(row: Row) -> tuple[str, frozenset[tuple[str, str]]]:
    return row.claim.id, frozenset(row.choices.items())


def _content(description: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """(axis, option) → what it changes and how it is read; under ("", "") what holds in all worlds."""
    options = {
        (axis["name"], option["name"]): {key: option.get(key, {}) for key in ("overrides", "reading", "instead")}
        for axis in description["axes"]
        for option in axis["options"]
    }
    return {("", ""): description["overrides"], **options}


def _row(claims: dict[str, Claim], axes: Sequence[str], row: dict[Any, Any], path: Path) -> Row:
    if row["claim"] not in claims or row["holds"] not in OUTCOMES:
        raise LogError(f"{path} is of another multiverse: make it again with overparam multiverse verify")
    choices = {axis: row[axis] for axis in axes if row[axis]}
    notes = tuple(filter(None, row["notes"].split("; ")))
    outcome = row["holds"], row["verdict"], row["measured"], row["effect"], notes, row.get(TRIALS, "")
    return Row(claims[row["claim"]], choices, *outcome)
