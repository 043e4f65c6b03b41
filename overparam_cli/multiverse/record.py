"""What came out of a multiverse, on disk: `worlds.csv`, a row for every claim in every world, and its manifest."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli import __version__
from overparam_cli.claims.model import Claim
from overparam_cli.errors import LogError
from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES
from overparam_cli.multiverse.judging import Row
from overparam_cli.multiverse.loading import Asked
from overparam_cli.multiverse.model import Multiverse, described
from overparam_cli.multiverse.tables import COLUMNS
from overparam_cli.multiverse.worlds import claims_of
from overparam_cli.paths import exists
from overparam_cli.results import digests, store
from overparam_cli.results.manifest import MULTIVERSE, read_multiverse_manifest
from overparam_cli.results.schema import SCHEMA

if TYPE_CHECKING:
    import pandas as pd

WORLDS = "worlds.csv"
OUTCOMES = (YES, NO, UNDECIDED, NOT_RUN)  # of the column `holds`


def write(folder: Path, multiverse: Multiverse, asked: Asked, rows: Sequence[Row]) -> Path:
    """Write `worlds.csv` and the manifest; the path of the former. Raises StorageError."""
    content = {
        "schema": SCHEMA,
        "kind": MULTIVERSE,
        "versions": {"overparam": __version__},
        "multiverse": described(multiverse),
        "asked": {axis: list(options) for axis, options in asked.items()},
        "claims": {row.claim.id: row.claim.requirement for row in rows},
        "rows": len(rows),
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
    return row.measured, row.effect, row.claim.requirement, row.outcome, row.verdict, "; ".join(row.notes)


def read(folder: Path, multiverse: Multiverse) -> list[Row]:
    """What was written; raises LogError where it is missing, damaged, changed since, or of another multiverse."""
    path = folder / WORLDS
    if not exists(path):
        raise LogError(f"{path} does not exist: make it with overparam multiverse verify")
    data = store.read_bytes(path)
    axes = [axis.name for axis in multiverse.axes]
    columns = dict.fromkeys([*COLUMNS, *axes], "str") | {"effect": "float64"}
    table = store.parse_table(data, path, columns)
    if changed := digests.changed(read_multiverse_manifest(folder), digests.of({WORLDS: data})):
        raise LogError(f"{folder}: {digests.said(changed)}: make it again with overparam multiverse verify")
    claims = {claim.id: claim for claim in claims_of(multiverse)}
    return [_row(claims, axes, row, path) for row in table.to_dict("records")]


def _row(claims: dict[str, Claim], axes: Sequence[str], row: dict[Any, Any], path: Path) -> Row:
    if row["claim"] not in claims or row["holds"] not in OUTCOMES:
        raise LogError(f"{path} is of another multiverse: make it again with overparam multiverse verify")
    choices = {axis: row[axis] for axis in axes if row[axis]}
    notes = tuple(filter(None, row["notes"].split("; ")))
    return Row(claims[row["claim"]], choices, row["holds"], row["verdict"], row["measured"], row["effect"], notes)
