"""Which variants that stand side by side in an experiment's folder are of the plan that was run last.

Each variant's manifest describes the plan that it was run in. Where a study was edited between, and only some of its
variants were run again (another loss makes another variant), two that stand beside each other are of different plans,
and only one of them is what the study says now. Then the later manifest has the higher `edition`; all others have none.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import ConfigError, LogError
from overparam_cli.experiments import from_dict
from overparam_cli.experiments.expansion import variants_of
from overparam_cli.results.find import children, is_there
from overparam_cli.results.manifest import read_run_manifest
from overparam_cli.results.schema import MANIFEST
from overparam_cli.results.store import plain

if TYPE_CHECKING:
    from overparam_cli.results.run import Run

EDITION = "edition"
Manifest = Mapping[str, Any]
COUNTS = ("seeds", "loss")  # of which a run has some of all: the others stay what they are


def of(manifest: Manifest) -> int:
    """The edition that a manifest says."""
    return int(manifest.get(EDITION, 0))


def allows(plan: Manifest, other: Manifest) -> bool:
    """Whether the `other` variant's manifest can be of the same study as that of the `plan`.

    It has such a variant, or a panel for it, and the same settings, but for the number of seeds.
    """
    experiment, name = from_dict(plan["config"]), str(other["variant"])
    if name not in (*variants_of(experiment), *experiment.plot.panels):
        return False
    own, theirs = (plain(one["config"])["variants"].get(name) for one in (plan, other))
    changed = own is not None and theirs is not None and own != theirs
    return not changed and _settings(plain(plan["config"])) == _settings(plain(other["config"]))


def _settings(config: Manifest) -> tuple[Any, ...]:
    """What the trials of a study are, whichever of its variants and seeds were run."""
    own = [{key: value for key, value in config[part].items() if key not in COUNTS} for part in ("trial", "forced")]
    return (config["kind"], own, {curve["name"]: curve["settings"] for curve in config["curves"]})


def next_edition(folder: Path, manifest: Manifest) -> int:
    """The edition of what is to be written into a variant's folder: above that of all siblings that are not of it."""
    highest = -1
    for sibling in children(folder.parent):
        with suppress(LogError, ConfigError):  # what is damaged is said by who reads it
            if sibling != folder and is_there(sibling / MANIFEST):
                other = read_run_manifest(sibling)
                highest = max(highest, -1 if allows(manifest, other) else of(other))
    return max(of(manifest), highest + 1)


def older(variants: Sequence[Path]) -> set[Path]:
    """Those of the variants' folders that are not of the plan run last; what cannot be read is passed over."""
    found = dict[Path, Manifest]()
    for folder in variants:
        with suppress(LogError, ConfigError):  # what is damaged is said by who reads it
            if is_there(folder / MANIFEST):
                found[folder] = read_run_manifest(folder)
    return {folder for folder, current in zip(found, _current([*found.values()]), strict=True) if not current}


def last(runs: "Sequence[Run]") -> "tuple[list[Run], list[Run]]":
    """The runs of one folder that are of the plan run last, and those that are not."""
    pairs = list(zip(runs, _current([run.manifest for run in runs]), strict=True))
    return [run for run, current in pairs if current], [run for run, current in pairs if not current]


def _current(manifests: Sequence[Manifest]) -> list[bool]:
    """Of each of the manifests beside each other, whether it is of the plan run last."""
    latest = max(manifests, key=of, default=None)
    if latest is None or of(latest) == 0:
        return [True] * len(manifests)
    return [own is latest or allows(latest, own) for own in manifests]
