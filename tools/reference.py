"""Make results/reference/ from a folder of full-length results: what is small enough to be committed, and readable.

    python tools/reference.py results results/reference

Copies manifests, `trials.csv`, tables and figures (PNG) as they are, thins every `log.csv`, and writes the verdicts,
which are those of the whole logs, as `claims.json` and `claims.md`. What the results do not have stays as it is in the
reference folder, so that it can be made experiment by experiment. The outcome is a results folder itself: `overparam
table` and `overparam plot` read it.
"""

import argparse
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from overparam_cli.claims.verify import load, verify
from overparam_cli.errors import LogError
from overparam_cli.report import markdown
from overparam_cli.report.grid import Grid
from overparam_cli.results import digests
from overparam_cli.results.reading import Tables, read_tables
from overparam_cli.results.schema import LOG, MANIFEST, TRIALS
from overparam_cli.results.store import write_json, write_table

KEPT = (MANIFEST, TRIALS, "table.csv", "curves.csv", "bench.csv")
HEADINGS = ("claim", "the paper says", "where", "measured", "required", "verdict")


def thin(log: pd.DataFrame, keep: int) -> pd.DataFrame:
    """The rows at about `keep` of the logged iterations, the same ones for all trials, and every trial's last row.

    Where only some rows have errors, those rows are kept too.
    """
    points = sorted(log["iteration"].unique())
    chosen = {*points[:: max(1, round(len(points) / keep))]}
    if "validation_error" in log:
        chosen |= {*log.loc[log["validation_error"].notna(), "iteration"]}
    last = log.groupby("trial_id")["iteration"].transform("max")
    return log[log["iteration"].isin(chosen) | (log["iteration"] == last)]


def describe(folder: Path, whole: Tables) -> None:
    """Let a folder's manifest know its thinned log; raises LogError where the run's files are not what it wrote."""
    if whole.changed:
        raise LogError(f"{folder}: {digests.said(whole.changed)}: it is no reference")
    files = {name: (folder / name).read_bytes() for name in (TRIALS, LOG)}
    write_json(folder / MANIFEST, digests.seal(whole.manifest, digests.of(files)))


def verdicts(claims: dict[str, Any]) -> str:
    """The claims as a Markdown table."""
    rows = []
    for claim in claims["claims"]:
        count = f" {claim['held']}/{claim['of']}" if claim["of"] else ""
        measured = "\n".join(filter(None, (claim["measured"], *claim["notes"])))
        row = (claim["id"], claim["statement"], claim["where"], measured, claim["required"], claim["verdict"] + count)
        rows.append(map(str, row))
    return markdown.render(Grid.of(HEADINGS, rows))


def merged(claims: dict[str, Any], path: Path) -> dict[str, Any]:
    """The claims, those about runs that are not among the results as `path` has them: it judged the whole logs."""
    if not path.exists():
        return claims
    before = {claim["id"]: claim for claim in load(path)["claims"]}
    kept = [
        claim if claim["measured"] or not before.get(claim["id"], {}).get("measured") else before[claim["id"]]
        for claim in claims["claims"]
    ]
    found = Counter(claim["verdict"] for claim in kept)
    return claims | {"claims": kept, "summary": {verdict: found[verdict] for verdict in claims["summary"]}}


def main() -> None:
    """Copy, thin, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--keep", type=int, default=100, help="log rows a trial (default 100)")
    options = parser.parse_args()
    for path in sorted(options.results.rglob("*")):
        target = options.reference / path.relative_to(options.results)
        if path.name in KEPT or path.suffix == ".png":
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        elif path.name == LOG:
            write_table(target, thin(read_tables(path.parent).log, options.keep))
    for trials in options.results.rglob(TRIALS):
        describe(options.reference / trials.parent.relative_to(options.results), read_tables(trials.parent))
    claims = merged(verify(options.results).as_dict(everything=True), options.reference / "claims.json")
    write_json(options.reference / "claims.json", digests.sign(claims))
    (options.reference / "claims.md").write_text(verdicts(claims), encoding="utf-8")


if __name__ == "__main__":
    main()
