"""Manifests, read and checked: the one place that says what a reader may rely on.

A manifest says more than is checked here, and one of an earlier version less. What is checked is what is read: a
wrong type, or an experiment that is none, is damage, and is said once, when the folder is read.
"""

import json
import re
from pathlib import Path
from typing import Any

from overparam_cli import texts
from overparam_cli.checks import (
    Check,
    choice,
    each,
    each_value,
    entries,
    finite,
    flag,
    integer,
    mapping,
    optional,
    text,
)
from overparam_cli.errors import LogError
from overparam_cli.experiments import from_dict
from overparam_cli.experiments.kind import kind
from overparam_cli.results import apart, digests, store
from overparam_cli.results.find import is_there
from overparam_cli.results.schema import MANIFEST, SCHEMA

THEORY = "theory"  # `kind` in the manifests of statements, and of the experiments made of them
MULTIVERSE = "multiverse"  # `kind` in the manifest of what came out of one
ANEW = "restore it, or move its folder away and run again"


def _matching(pattern: str, what: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"must be {what}")
        return value

    return check


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _experiment(value: Any) -> Any:
    from_dict(value)
    return value


ids = each_value(_matching(r"\S+( \S+)*|", "ids with blanks between them"))
sha256 = _matching(r"[0-9a-f]{64}", "a SHA-256")
count = integer(0)

DATASET = entries(
    need={"name": text, "n": integer(1), "d": integer(1)},
    may={"k": integer(1), "embedded": flag, "fingerprint": text, "targets": each(_words), "source": _words},
)
OPTIMUM = entries(need={"loss": finite}, may={"lower_bound": optional(finite), "loss_at_zero": optional(finite)})
APART = entries(need={"file": text, "sha256": sha256, "entries": each(text)})
SEAL = {"files": each_value(sha256), "replacing": each_value(sha256), "digest": sha256}
RUN = entries(
    need={"experiment": text, "variant": text, "config": _experiment, "dataset": DATASET},
    may={
        "name": text,
        "full_length": flag,
        "overrides": optional(mapping),
        "optimum": OPTIMUM,
        "planned": count,
        "edition": count,
        "plan": ids,
        "earlier": each(entries(need={"plan": ids})),
        "timings": each(mapping),
        "adopted": each_value(text),
        "accepted": each_value(optional(sha256)),
        "thinned": flag,  # whether the log keeps some of its rows alone, as tools/reference.py leaves it
        **SEAL,
    },
)
STATEMENT = entries(
    need={
        "check": text,
        "statement": text,
        "where": text,
        "columns": each_value(entries({"dtype": choice("bool", "int64", "float64", "str")}, {"meaning": _words})),
        "rows": count,
        "curves": optional(mapping),
    },
    may={
        "parameters": mapping,
        "changed": optional(mapping),
        "dataset": optional(DATASET),
        "full_length": flag,
        **SEAL,
    },
)
MADE_OF_STATEMENTS = entries(need={"config": _experiment, "folders": each(text)}, may=SEAL)
BENCH = entries(need={"dataset": text}, may=SEAL)
OUTCOMES = entries(need={"multiverse": mapping, "claims": mapping, "rows": count}, may=SEAL)


def read_manifest(folder: Path, remedy: str = ANEW) -> dict[str, Any]:
    """Any folder's manifest; raises LogError when it is missing, no JSON, or of another schema.

    `remedy` is what to do about one that is damaged.
    """
    path = folder / MANIFEST
    while True:
        data = _bytes(path)
        try:
            return apart.taken_in(folder, _parsed(folder, data, remedy))
        except LogError:
            if _bytes(path) == data:
                raise
        # A run has written another plan while this was read.


def _bytes(path: Path) -> bytes:
    if not is_there(path):
        raise LogError(
            f"{path} does not exist, so {path.parent} is not a run folder: restore it, or move the folder away and run "
            "again"
        )
    return store.read_bytes(path)


def _parsed(folder: Path, data: bytes, remedy: str) -> dict[str, Any]:
    """What stands in a manifest's own file."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(texts.read(data))
    except (ValueError, RecursionError) as error:
        raise _damaged(folder, str(error), remedy) from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        raise LogError(f"{path} has schema {found}, this version reads {SCHEMA}: move its folder away and run again")
    if digests.APART in manifest:
        try:
            APART(manifest[digests.APART])
        except ValueError as error:
            raise _damaged(folder, f"{digests.APART} {error}", remedy) from error
    return manifest


def read_run_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder with trials; raises LogError as `read_manifest`, and where an entry is not right."""
    manifest = _checked(folder, RUN)
    judged_by = kind(from_dict(manifest["config"]).kind).levels[0].column
    if judged_by == "gap" and "optimum" not in manifest:
        raise _damaged(folder, "it must have optimum")
    return manifest


def read_statement_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a statement's folder; raises LogError as `read_manifest`, and where an entry is not right."""
    manifest = read_manifest(folder)
    if manifest.get("kind") != THEORY:
        raise LogError(f"{folder} holds no check of the theory: name another folder")
    return _checked(folder, STATEMENT)


def read_study_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an experiment made of statements; raises LogError as `read_statement_manifest`."""
    manifest = read_manifest(folder)
    if manifest.get("kind") != THEORY:
        raise LogError(f"{folder} holds no check of the theory: name another folder")
    return _checked(folder, MADE_OF_STATEMENTS)


def read_bench_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the benchmark; raises LogError as `read_manifest`, and where an entry is not right."""
    return _checked(folder, BENCH)


def read_multiverse_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a multiverse's outcomes; raises LogError as `read_manifest`, and where an entry is not right."""
    return _checked(folder, OUTCOMES, "make it again with overparam multiverse verify")


def _checked(folder: Path, shape: Check, remedy: str = ANEW) -> dict[str, Any]:
    manifest = read_manifest(folder, remedy)
    try:
        shape(manifest)
    except ValueError as error:
        raise _damaged(folder, str(error), remedy) from error
    return manifest


def _damaged(folder: Path, reason: str, remedy: str = ANEW) -> LogError:
    line = " ".join(reason.split())
    return LogError(f"{folder / MANIFEST} is damaged ({line}): {remedy}")
