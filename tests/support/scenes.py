"""Small results folders to be damaged, killed and compared: what commands write, and what must come out the same."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLE = "weight,height,age,price\n" + "".join(
    f"{math.sin(3 * i):.4f},{math.cos(5 * i):.4f},{math.sin(i * i):.4f},{math.sin(3 * i) - math.cos(5 * i) / 2:.4f}\n"
    for i in range(24)
)
LINEAR = """\
name = "small"
title = "A small experiment"
kind = "linear"

[trial]
dataset = "mine.csv"
targets = "price"
loss = "l4"
lr = [1e-2, 1e4]
iterations = 30

[[curves]]
name = "depth-1"
depth = 1

[[curves]]
name = "depth-2"
depth = 2
init_std = 0.1

[analysis]
baseline = "depth-1"
"""
NETWORK = """\
name = "tiny"
title = "A small network experiment"
kind = "cnn"

[trial]
dataset = "digits-simulated:n=5100,n_test=100"
validation = 50
batch = 2
lr = 1e-3
iterations = 4
evaluate_every = 100

[[curves]]
name = "original"

[[curves]]
name = "factored"
depth = 2
dense1_width = 4

[analysis]
baseline = "original"

[plot]
kind = "batch-loss"
"""
LESS = LINEAR.replace('"small"', '"less"').replace('"l4"', '"l2"').replace("30", "6")
STUDY = """\
name = "study"
title = "Two statements"
kind = "theory"
checks = ["claim2", "observation1"]
"""
WORLDS = """\
name = "worlds"
title = "Two scalings"
paper = "-"
kind = "multiverse"
description = "Figure 3 under two scalings."
experiments = ["fig3"]
overrides = { dataset = "mine.csv", targets = ["price"], iterations = 4 }

[[axes]]
name = "features"
[[axes.options]]
name = "zscore"
overrides = { preprocessing = "zscore" }
[[axes.options]]
name = "minmax"
overrides = { preprocessing = "minmax" }
"""
INPUTS = {
    "mine.csv": TABLE,
    "small.toml": LINEAR,
    "less.toml": LESS,
    "tiny.toml": NETWORK,
    "study.toml": STUDY,
    "worlds.toml": WORLDS,
}
RUN = ("run", "small.toml", "--quiet", "--checkpoint-seconds", "0")
VOLATILE = ("digest", "timings", "created", "seconds", "command", "started", "finished", "versions", "machine", "git")


def put_inputs(folder: Path) -> None:
    """The files that the commands of a scene read."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in INPUTS.items():
        (folder / name).write_text(text)


def contents(folder: Path) -> dict[str, Any]:
    """What two runs of the same command must have in common: tables byte for byte, manifests but for their clocks.

    Of figures, only that they are there; checkpoints and locks are nobody's result.
    """
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (
            not path.is_file()
            or path.name == ".lock"
            or path.name in ("checkpoint.pt", "underway.json", "underway.tables")
        ):
            continue
        if path.suffix == ".json":
            found[name] = steady(json.loads(path.read_text()))
        else:
            found[name] = path.read_bytes() if path.suffix in (".csv", ".toml") else "there"
    return found


def steady(value: Any) -> Any:
    """What is read of a JSON file, without its clocks."""
    if isinstance(value, Mapping):
        return {key: steady(entry) for key, entry in value.items() if key not in VOLATILE and "sha" not in key}
    return [steady(entry) for entry in value] if isinstance(value, list) else value


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The files in which two folders differ, in words; "" where they do not."""
    lines = [f"{name} is left over" for name in sorted(one.keys() - other.keys())]
    lines += [f"{name} is lost" for name in sorted(other.keys() - one.keys())]
    lines += [f"{name} differs" for name in sorted(one.keys() & other.keys()) if one[name] != other[name]]
    return "; ".join(lines)


def copy(folder: Path, target: Path) -> Path:
    """The same folder elsewhere, in place of what stood there."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target, symlinks=True)
    return target
