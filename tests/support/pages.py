"""Reports, as tests open them."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from support.claim_logs import write_run
from support.program import program
from support.synthetic_runs import START, Curve, Trial


def falling(power: float) -> Callable[[np.ndarray], np.ndarray]:
    """A gap that falls as a power of the iterations: curved on any axes."""
    return lambda t: START / (1 + np.asarray(t, dtype=float) / 10) ** power


def lost() -> Trial:
    return Trial(lambda t: START * 2.0 ** (np.asarray(t, dtype=float) / 10), diverged_at=100)


def study(label: str, power: float) -> Curve:
    """Three rates with three seeds, of which the second is the best and the third diverges."""
    rates = {1e-3: 0.6 * power, 1e-2: power}
    trials = {lr: [Trial(falling(own * (1 + 0.1 * seed))) for seed in range(3)] for lr, own in rates.items()}
    return Curve({**trials, 10.0: [lost() for _ in range(3)]}, label=label)


def write_study(folder: Path) -> Path:
    """A results folder with a run of two curves, one with a label that is no markup."""
    curves = {"depth-1": study("one <layer>", 0.8), "depth-2": study("two layers", 1.2)}
    write_run(folder / "results", curves, "own", "l4", iterations=3000)
    return folder / "results"


def written(results: Path, *arguments: str) -> tuple[int, Path, str]:
    """Exit code of the command, the file that it writes, and what it says on standard error."""
    path = results.parent / "report.html"
    path.unlink(missing_ok=True)
    code, out, err = program("report", *arguments, "--results", str(results), "--output", str(path))
    assert code or out == f"{path}\n"
    return code, path, err


def figures(page: str) -> dict[str, Any]:
    """The data of every figure of a report, by its name."""
    (packed,) = re.findall(r'id="figures-packed">([^<]*)<', page)
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return found
