"""Make results/reference/ from a folder of full-length results: what is small enough to be committed, and readable.

    python tools/reference.py results results/reference

Copies manifests, `trials.csv`, tables and figures (PNG) as they are, and of every `log.csv` the rows that tell what the
whole log tells. Then judges the claims by what is to be committed, as `overparam verify --results results/reference`
does, into `claims.json` and `claims.md`; it is an error where the whole logs give another verdict. What the results do
not have stays as it is in the reference folder, so that it can be made experiment by experiment. The outcome is a
results folder itself: `overparam table` and `overparam plot` read it.
"""

import argparse
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.claims.verify import Report, save, verify
from overparam_cli.errors import LogError
from overparam_cli.figures.thinning import corners
from overparam_cli.multiverse.summary import beside
from overparam_cli.report import markdown
from overparam_cli.report.grid import Grid
from overparam_cli.results import digests
from overparam_cli.results.find import run_folders
from overparam_cli.results.reading import Tables, read_tables
from overparam_cli.results.run import Run
from overparam_cli.results.schema import BENCH, LOG, MANIFEST, TRIALS
from overparam_cli.results.store import write_json, write_table
from overparam_cli.results.summary import summarise
from overparam_cli.results.trajectory import Trajectory, log10

KEPT = (MANIFEST, TRIALS, "table.csv", "curves.csv", BENCH)
HEADINGS = (
    "claim",
    "the paper says",
    "where",
    "measured",
    "required",
    "verdict",
    "holds in, of worlds run",
)
TOLERANCES = {"gap": 1e-3, "cross_entropy_mean": 1e-3, "loss_mean": 1e-3, "norm": 1e-2}  # column → decades
Reads = dict[str, set[float]]  # trial → iterations


@contextmanager
def watched() -> Iterator[Reads]:
    """What is read of which trial meanwhile: the rows that a level is first reached at, and those beside a crossing."""
    read: Reads = defaultdict(set)
    owners: dict[int, tuple[Any, str]] = {}  # of a log, which is kept so that no other gets its place
    whole = {name: getattr(Trajectory, name) for name in ("reaches", "crossing", "at")}
    made = Run.trajectory

    def trajectory(run: Run, trial_id: str) -> Trajectory:
        found = made(run, trial_id)
        owners[id(found.log)] = (found.log, trial_id)
        return found

    def noting(name: str) -> Any:
        def call(trial: Trajectory, asked: float) -> Any:
            found = whole[name](trial, asked)
            place = asked if name == "at" else found
            if place is not None and id(trial.log) in owners:
                times = trial.points[0]
                after = int(np.searchsorted(times, place))
                read[owners[id(trial.log)][1]].update(times[max(after - 1, 0) : after + 1])
            return found

        return call

    try:
        Run.trajectory = trajectory  # type: ignore[method-assign]
        for name in whole:
            setattr(Trajectory, name, noting(name))
        yield read
    finally:
        Run.trajectory = made  # type: ignore[method-assign]
        for name, method in whole.items():
            setattr(Trajectory, name, method)


def thin(log: pd.DataFrame, keep: int, read: Reads) -> pd.DataFrame:
    """The rows that tell what the whole log tells.

    Those of about `keep` of the iterations, the same ones for all trials, of tenths of the run, and of measured errors;
    each trial's last, its lowest, those that were read of it, and as many as it takes for a line through those kept to
    be within TOLERANCES of those left out, in decades.
    """
    points = np.array(sorted(log["iteration"].unique()))
    chosen = {*points[:: max(1, round(len(points) / keep))], *points[points * 10 % points[-1] == 0]}
    if "validation_error" in log:
        chosen |= {*log.loc[log["validation_error"].notna(), "iteration"]}
    kept = log["iteration"].isin(chosen).to_numpy(copy=True)
    for trial, places in log.groupby("trial_id", observed=True).indices.items():
        own = log.iloc[places]
        times = own["iteration"].to_numpy(np.float64)
        kept[places] |= np.isin(times, [*read.get(str(trial), ()), times[-1]])
        for name, tolerance in TOLERANCES.items():
            values = own[name].to_numpy(np.float64) if name in own else np.empty(0)
            finite = np.flatnonzero(np.isfinite(values))
            if finite.size:
                kept[places[finite[np.argmin(values[finite])]]] = True
                kept[places[finite]] |= corners(times[finite], log10(values[finite]), tolerance)
    return log[kept]


def describe(folder: Path, whole: Tables) -> None:
    """Let a folder's manifest know its thinned log; raises LogError where the run's files are not what it wrote."""
    if whole.changed:
        raise LogError(f"{folder}: {digests.said(whole.changed)}: it is no reference")
    files = {name: (folder / name).read_bytes() for name in (TRIALS, LOG)}
    content = {**whole.manifest, "thinned": True, "command": _anywhere(str(whole.manifest.get("command", "")))}
    write_json(folder / MANIFEST, digests.seal(content, digests.of(files)))


def _anywhere(command: str) -> str:
    """The command without the folder of the machine on which it ran."""
    return re.sub(r" --results (?:'[^']*'|\S+)", "", command)


def verdicts(claims: dict[str, Any]) -> str:
    """The claims as a Markdown table."""
    rows = []
    for claim in claims["claims"]:
        count = f" {claim['held']}/{claim['of']}" if claim["of"] else ""
        measured = "\n".join(filter(None, (claim["measured"], *claim["notes"])))
        found = claim["multiverse"]
        worlds = f"{found['holds']} of {found['run']}" if found else "—"
        judged = (claim["required"], claim["verdict"] + count, worlds)
        rows.append(map(str, (claim["id"], claim["statement"], claim["where"], measured, *judged)))
    return markdown.render(Grid.of(HEADINGS, rows))


def compare(whole: Report, shipped: Report) -> None:
    """Say where the rows kept measure otherwise than the whole logs; raises LogError where a verdict is another."""
    others = []
    for was, now in zip(whole.everything, shipped.everything, strict=True):
        if was.finding and now.finding and was.finding.measured != now.finding.measured:
            print(
                f"{was.claim.id}: {was.finding.measured}\n  of the rows kept: {now.finding.measured}", file=sys.stderr
            )
        if was.finding and (was.verdict, was.held) != (now.verdict, now.held):
            others.append(was.claim.id)
    if others:
        raise LogError(f"the rows kept give other verdicts on {', '.join(others)}: keep more")


def main() -> None:
    """Judge the whole, copy, thin, and judge again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--keep", type=int, default=50, help="log rows of every trial at the least (default 50)")
    options = parser.parse_args()
    with watched() as read:
        whole = verify(options.results)
        for folder in run_folders(options.results):
            summarise(Run.read(folder))
    for path in sorted(options.results.rglob("*")):
        target = options.reference / path.relative_to(options.results)
        if path.name in KEPT or path.suffix == ".png":
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        elif path.name == LOG:
            write_table(target, thin(read_tables(path.parent).log, options.keep, read))
    for trials in options.results.rglob(TRIALS):
        describe(options.reference / trials.parent.relative_to(options.results), read_tables(trials.parent))
    shipped = beside(verify(options.reference))
    save(shipped, options.reference / "claims.json")
    (options.reference / "claims.md").write_text(verdicts(shipped.as_dict(everything=True)), encoding="utf-8")
    compare(whole, shipped)


if __name__ == "__main__":
    main()
