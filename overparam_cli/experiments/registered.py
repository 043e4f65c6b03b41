"""Names in a file that must be known: of data sets, optimisers, initialisations and whatever else has a registry.

Looking them up imports what they name, so that it is done for files of the user's own alone.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from overparam_cli.experiments.datasets import dataset_key, is_table
from overparam_cli.experiments.faults import Faults, Place
from overparam_cli.experiments.key import check_name
from overparam_cli.experiments.keys import kind_keys
from overparam_cli.experiments.kind import kind
from overparam_cli.paths import at_home


def check_names(document: Mapping[str, Any], kind_name: str, source: Path) -> None:
    """Hold every name against its registry; ConfigError says which are not there. What is no name is passed over."""
    faults, images = Faults(), kind(kind_name).trial.images
    for place, where, table in _tables(document, source.name):
        for key, value in table.items():
            for name in value if isinstance(value, list) else [value]:
                described = kind_keys(kind_name).get(key)
                with faults.kept(*place, key):
                    if described is None or not isinstance(name, str) or not name.strip():
                        continue
                    if key == "dataset":
                        dataset_key(taken_from(source, name), where, images=images)
                    elif described.names is not None:
                        check_name(key, name, described.names(), where)
    faults.say()


def _tables(document: Mapping[str, Any], file: str) -> Iterator[tuple[Place, str, Mapping[str, Any]]]:
    """Every table of settings: its place, how messages call it, and what stands in it."""
    variants, curves = document.get("variants", {}), document.get("curves", [])
    found: list[tuple[Place, str, Any]] = [
        ((name,), f"{file} [{name}]", document.get(name)) for name in ("trial", "sweep", "smoke")
    ]
    if isinstance(variants, dict):
        found += [(("variants", name), f"{file} [variants.{name}]", own) for name, own in variants.items()]
    for index, curve in enumerate(curves if isinstance(curves, list) else ()):
        name = curve.get("name", index + 1) if isinstance(curve, dict) else ""
        found.append((("curves", index), f"{file} [[curves]] {name!r}", curve))
    return (one for one in found if isinstance(one[2], dict))


def taken_from(source: Path, dataset: str) -> str:
    """A data set as a file names it: a path is taken from where the file stands, whatever folder the command is in."""
    return os.path.normpath(source.parent / at_home(dataset)) if is_table(dataset) else dataset


def named_from(source: Path, other: str) -> str:
    """Another file as one that stands at `source` names it; the inverse of `taken_from`."""
    try:
        return Path(os.path.relpath(at_home(other), source.parent)).as_posix()
    except ValueError:  # on another drive
        return str(Path(other).resolve())
