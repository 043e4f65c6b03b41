"""`manifest.json`: what the numbers of a run are, and where and how they were made."""

import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from overparam_cli import __version__
from overparam_cli.data import SAME, Dataset
from overparam_cli.experiments import config_hash, to_dict
from overparam_cli.paths import exists
from overparam_cli.results.plans import PLAN, listed, shown_of
from overparam_cli.results.schema import SCHEMA
from overparam_cli.results.store import plain

if TYPE_CHECKING:
    from overparam_cli.run.plan import Job


def describe_dataset(dataset: Dataset, preprocessing: str, labels: str = SAME) -> dict[str, Any]:
    """What the problem is and how to tell whether another run had the same; of one's own table, what was made of it."""
    own = {"features": list(dataset.feature_names), "notes": list(dataset.notes)} if dataset.own else {}
    return {
        "name": dataset.name,
        "embedded": dataset.embedded,
        "source": dataset.source,
        "n": dataset.n,
        "d": dataset.d,
        "k": dataset.k,
        "targets": list(dataset.target_names),
        "fingerprint": dataset.fingerprint,
        "preprocessing": preprocessing,
        **({} if labels == SAME else {"label_preprocessing": labels}),
        **own,
    }


def describe_machine(device: torch.device) -> dict[str, Any]:
    """Versions, device and threads: what may change the last digits, and the timings."""
    return {
        "versions": dict(versions()),
        "git": git_revision(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({platform.machine()})",
        "threads": torch.get_num_threads(),
    }


@cache
def versions() -> Mapping[str, str]:
    """Of this package, Python, and the packages that compute."""
    packages = ("torch", "numpy", "scipy", "pandas", "matplotlib")
    own = {"overparam": __version__, "python": platform.python_version()}
    return own | {package: version(package) for package in packages}


@cache
def git_revision() -> str | None:
    """The commit this package runs from, with a + when the checkout has changes; None outside a checkout."""
    here = Path(__file__).resolve().parents[2]
    if not exists(here / ".git"):
        return None
    try:
        call = ["git", "-C", str(here), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
        return subprocess.run(call, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def describe_plan(job: "Job") -> dict[str, Any]:
    """What was asked for: the experiment as it was run, and which trials those are."""
    return {
        "schema": SCHEMA,
        "experiment": job.experiment.name,
        "variant": job.variant,
        "name": job.name,
        "full_length": job.full_length,
        "overrides": plain(job.overrides),
        "config_hash": config_hash(job.experiment),
        "config": to_dict(job.experiment),
        "command": job.command or shlex.join(["overparam", *sys.argv[1:]]),
        "planned": len(job.trials),
        PLAN: listed(shown_of((*job.trials, *job.again))),
    }
