"""Where a report's numbers come from: commands, versions, settings and digests of the runs; their certified optima."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from overparam_cli.report.grid import Cell, Column, Grid, Value
from overparam_cli.results.record import Record
from overparam_cli.results.run import Run
from overparam_cli.results.schema import MANIFEST

Problem = tuple[str, str, Any, Any, Any]  # data, loss; loss at W = 0, optimum, its lower bound
SCALARS = (str, int, float, bool)
PLAIN = ("config_hash", "dtype", "git", "platform", "device", "threads")  # entries of a manifest, as they are


def overview(runs: Sequence[Run], records: Sequence[Record]) -> Grid:
    """A row a folder: what was called, with which version, on which data."""
    rows = [
        (f"{run.name}/{run.variant}", *_origin(run.manifest), _data(run.dataset), run.manifest.get("config_hash"))
        for run in runs
    ]
    rows += [
        (f"{one.folder.parent.name}/{one.folder.name}", *_origin(one.manifest), _data(one.dataset), None)
        for one in records
    ]
    columns = ("run", Column("made with"), Column("overparam", "version"), Column("data"), Column("settings", "hash"))
    notes = ["settings: a hash of the experiment as it was run; data: name, size, a fingerprint of the numbers"]
    return Grid.of(columns, rows, notes=notes)


def _origin(manifest: Mapping[str, Any]) -> tuple[Value, Value]:
    version = manifest.get("versions", {}).get("overparam")
    git = manifest.get("git")
    return manifest.get("command"), f"{version} ({git})" if version and git else version


def _data(data: Mapping[str, Any] | None) -> str | None:
    if not data:
        return None
    size = f"n = {data['n']:,}, d = {data['d']:,}"
    return ", ".join(filter(None, (str(data["name"]), size, str(data.get("fingerprint") or ""))))


def details(manifest: Mapping[str, Any]) -> Grid:
    """All that a manifest says of how its numbers came about, a line a fact."""
    return Grid.of((Column("what"), Column("value")), list(_facts(manifest)))


def _facts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    yield "command", Cell(manifest.get("command"))
    versions = manifest.get("versions") or {}
    yield "versions", Cell(", ".join(f"{name} {version}" for name, version in versions.items()) or None)
    yield from ((name, Cell(manifest[name])) for name in PLAIN if isinstance(manifest.get(name), SCALARS))
    data = manifest.get("dataset") or {}
    yield from ((f"data: {key}", _cell(value)) for key, value in data.items() if value not in (None, [], ""))
    trial = (manifest.get("config") or {}).get("trial", {})
    yield from ((f"setting: {key}", _cell(value)) for key, value in trial.items())
    for title, table in (("override", manifest.get("overrides")), ("parameter", manifest.get("parameters"))):
        yield from ((f"{title}: {key}", _cell(value)) for key, value in (table or {}).items())
    for name, digest in (manifest.get("files") or {}).items():
        yield f"SHA-256 of {name}", Cell(digest)
    if manifest.get("digest"):
        yield f"digest of {MANIFEST}", Cell(manifest["digest"])


def _cell(value: Any) -> Cell:
    if isinstance(value, list | tuple):
        return Cell(", ".join(map(str, value)))
    return Cell(value if isinstance(value, SCALARS) or value is None else str(value))


def optima(runs: Sequence[Run]) -> Grid | None:
    """A row a problem: the optimal loss, and the interval in which it was proved to lie; None where no run has one."""
    rows: dict[Problem, list[str]] = {}
    for run in runs:
        if (loss := run.optimum.get("loss")) is not None:
            low = run.optimum.get("lower_bound")
            known: Problem = (str(run.dataset["name"]), _losses(run), run.optimum.get("loss_at_zero"), loss, low)
            rows.setdefault(known, []).append(f"{run.name}/{run.variant}")
    if not rows:
        return None
    columns = (
        Column("data"),
        Column("loss"),
        Column("at W = 0", "loss_at_zero", "right"),
        Column("optimum, at most", "optimum", "right"),
        Column("optimum, at least", "lower_bound", "right"),
        Column("width", "width", "right"),
        Column("runs"),
    )
    found = [[*map(_number, (*known, _width(known))), Cell(", ".join(names))] for known, names in rows.items()]
    note = "the optimum is proved to lie between both ends, every rounding paid for; 0 at the lower end proves nothing"
    return Grid.of(columns, found, notes=[note])


def _losses(run: Run) -> str:
    return ", ".join(map(str, run.trials["loss"].unique()))


def _width(known: Problem) -> float | None:
    *_, loss, low = known
    return float(loss) - float(low) if isinstance(loss, float | int) and isinstance(low, float | int) else None


def _number(value: Value) -> Cell:
    return Cell(value, f"{value:.10g}" if isinstance(value, float) else None)
