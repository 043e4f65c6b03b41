"""What the tests in test_goldens_*.py hold the package against, and how those files are made.

    python tests/support/goldens.py        writes tests/goldens/ anew, after a change that is meant

The numbers were written by the first version of the package, before it was rebuilt by subject. Floats are compared
with a tolerance: the last bits of a product differ between processors and library versions.
"""

import gzip
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from click.testing import CliRunner

from overparam_cli.cli.main import cli

ROOT = Path(__file__).parents[2]
GOLDENS = ROOT / "tests" / "goldens"
REFERENCE = ROOT / "results" / "reference"
SMOKE = ("fig2", "fig4-left", "fig5-left", "fig5-right", "fig1")
# Depth 8 from the identity at the rate 0.01 leaps to fourteen times its first gap at iteration 201. Whether it then
# overflows or falls onto 0, where it stays, hangs on the last bits: processors were seen to do either.
UNSTEADY = ["45541470519e83db"]
ROWS = (0, 1, 10, 100)  # iterations of a log that are kept, beside each trial's last


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def run_smoke(results: Path) -> None:
    for name in SMOKE:
        how = ("--quiet", "--threads", "1", "--kernel", "torch")  # whether a compiler was there is not to matter
        first = ("--set", "decay_on=factors") if name == "fig5-right" else ()  # as the first version read the paper
        invoke("run", name, "--smoke", *how, *first, "--name", "golden", "--results", str(results))


def draw_reference(folder: Path) -> None:
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("*.png", "*.md"))
    invoke("plot", "--results", str(folder), "--format", "svg", "--quiet")


def tables(results: Path) -> Iterator[Path]:
    """Every table of the smoke runs."""
    yield from sorted(path for path in results.rglob("*.csv"))


def completed_rows(path: Path) -> pd.DataFrame:
    """A table of a smoke run; of a training log the rows of completed trials: when a trial that diverges ceases to be
    finite hangs on the last bits."""
    table = read(path)
    if path.name != "log.csv":
        return table
    trials = read(path.with_name("trials.csv"))
    completed = trials.loc[trials["status"] == "completed", "trial_id"]
    return table[table["trial_id"].isin(completed)].reset_index(drop=True)


def kept_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a log that are kept; another table is kept whole, but for how trials diverged."""
    if "iteration" in table:
        last = table.groupby("trial_id")["iteration"].transform("max")
        return table[table["iteration"].isin(ROWS) | (table["iteration"] == last)].reset_index(drop=True)
    if "status" not in table:
        return table
    outcome = ["diverged_at", "best_loss", "best_gap"]
    return table.assign(**{name: table[name].where(table["status"] == "completed") for name in outcome})


def read(path: Path) -> pd.DataFrame:
    """A table, without the trials that are not compared."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return table[~table["trial_id"].isin(UNSTEADY)].reset_index(drop=True) if "trial_id" in table else table


def key_tree(value: Any) -> Any:
    """A manifest without its values: keys in their order."""
    if isinstance(value, Mapping):
        return {key: key_tree(item) for key, item in value.items()}
    return type(value).__name__ if isinstance(value, bool | list) else "value"


def manifests(results: Path) -> dict[str, Any]:
    found = {}
    for path in sorted(results.rglob("manifest.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        found[path.relative_to(results).as_posix()] = key_tree(content)
    return found


def drawing(path: Path) -> tuple[str, list[float]]:
    """An SVG as its text without numbers, and its numbers."""
    text = path.read_text(encoding="utf-8")
    pattern = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
    body = re.sub(r'(?:id|xlink:href|clip-path)="[^"]*"', "", text)  # hashes of what is drawn
    body = re.sub(r"\s*<dc:source>[^<]*</dc:source>", "", body)  # and of the logs, whose last bits are a processor's
    return re.sub(pattern, "0", body), [float(number) for number in re.findall(pattern, body)]


def pack(structure: str, numbers: list[float]) -> bytes:
    content = json.dumps({"structure": structure, "numbers": [round(number, 1) for number in numbers]})
    return gzip.compress(content.encode(), mtime=0)


def unpack(path: Path) -> tuple[str, list[float]]:
    content = json.loads(gzip.decompress(path.read_bytes()))
    return content["structure"], content["numbers"]


def drawings(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.svg"))}


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def make() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        smoke, reference = Path(temporary) / "smoke", Path(temporary) / "reference"
        run_smoke(smoke)
        counts = {}
        for path in tables(smoke):
            name, table = path.relative_to(smoke), completed_rows(path)
            counts[name.as_posix()] = len(table)
            (GOLDENS / "smoke" / name).parent.mkdir(parents=True, exist_ok=True)
            kept_rows(table).to_csv(GOLDENS / "smoke" / name, index=False, lineterminator="\n")
        write(GOLDENS / "rows.json", counts)
        write(GOLDENS / "manifests.json", manifests(smoke))
        draw_reference(reference)
        for name, path in drawings(reference).items():
            packed = GOLDENS / "figures" / f"{name}.json.gz"
            packed.parent.mkdir(parents=True, exist_ok=True)
            packed.write_bytes(pack(*drawing(path)))
        write(GOLDENS / "versions.json", {"matplotlib": matplotlib.__version__})


if __name__ == "__main__":
    make()
