"""What the reference runs say of an experiment: pictures, verdicts and numbers, read from their files, never typed."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from reference import table

from overparam_cli.claims.verify import load, select
from overparam_cli.experiments import available
from overparam_cli.experiments.loading import config_folder
from overparam_cli.kinds.theory.tables import Shown
from overparam_cli.report.formats import FORMATS
from overparam_cli.report.summary import grids
from overparam_cli.results.names import found_by_name
from overparam_cli.results.summary import summarise

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
WORDS = {
    "reproduced": "**reproduced**",
    "not reproduced": "not reproduced",
    "mixed": "*mixed*",
    "not run": "not run yet",
}


@cache
def _verdicts() -> Mapping[str, Mapping[str, Any]]:
    return {claim["id"]: claim for claim in load(REFERENCE / "claims.json")["claims"]}


def about(name: str) -> str:
    """Where an experiment stands in the paper, what it is, and what its file's first lines say."""
    summary = next(one for one in available() if one.name == name)
    said = header(name)
    rows = [("in the paper", summary.paper), ("here", f"`{said['command']}`"), ("time", times().get(name, ""))]
    return table((summary.title, ""), rows)


@cache
def times() -> dict[str, str]:
    """How long each experiment takes, from the README's table."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\|[^|]*\| `overparam run ([\w-]+)` \| ([^|]*?) \|", readme, flags=re.MULTILINE))


def header(name: str) -> dict[str, str]:
    """The comment at the head of an experiment's file: command, time, expected, measured."""
    text = (config_folder() / f"{name}.toml").read_text(encoding="utf-8")
    lines = re.match(r"(?:#.*\n)+", text)
    joined = re.sub(r"\n# {10,}", " ", lines[0]) if lines else ""
    return dict(re.findall(r"^# (\w+):\s+(.*)$", joined, flags=re.MULTILINE))


def expected(name: str) -> str:
    """What the paper makes one expect, as the experiment's file has it."""
    return f"> {header(name)['expected']}"


def settings(name: str) -> str:
    """The experiment's own file, with what is a choice of ours in its comments."""
    text = (config_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return f"```toml\n{text}```"


def picture(*path: str) -> str:
    """A picture of the reference runs, `fig3/norms`; what follows is said of it."""
    where, *words = path
    if not (REFERENCE / f"{where}.png").exists():
        raise FileNotFoundError(f"results/reference has no {where}.png")
    return f"![{' '.join(words) or where}](results/{where}.png)"


def verdicts(*names: str) -> str:
    """The verdicts of the reference runs on the claims that the names stand for."""
    claims = [_verdicts()[claim.id] for name in names for claim in select(name)]
    rows = [
        (f"`{one['id']}`", one["statement"], one["required"], _measured(one), WORDS[one["verdict"]])
        for one in {claim["id"]: claim for claim in claims}.values()
    ]
    return table(("claim", "the paper says", "required", "measured", "verdict"), rows)


def _measured(claim: Mapping[str, Any]) -> str:
    return "–" if claim["verdict"] == "not run" else str(claim["measured"])


def tally() -> str:
    """How many claims have which verdict."""
    found = json.loads((REFERENCE / "claims.json").read_text(encoding="utf-8"))["summary"]
    return ", ".join(f"{number} {verdict}" for verdict, number in found.items())


def numbers(*names: str) -> str:
    """The tables of reference runs, as `overparam table` prints them."""
    found = found_by_name(names, REFERENCE)
    found.check()
    shown = [Shown(record).as_grid() for own in found.records.values() for record in own]
    shown += [grid for run in found.variants for grid in grids(summarise(run))]
    return "\n\n".join(FORMATS["markdown"](grid) for grid in shown)


def figures() -> str:
    """Every experiment with its page, place in the paper, command and time."""
    rows: list[Sequence[str]] = []
    for one in available():
        page = "cnn" if one.kind == "cnn" else one.name.partition("-")[0]
        rows.append((f"[{one.title}]({page}.md)", one.paper, f"`overparam run {one.name}`", times().get(one.name, "")))
    return table(("experiment", "in the paper", "command", "time"), rows)


MAKERS: Mapping[str, Callable[..., str]] = {
    "about": about,
    "expected": expected,
    "settings": settings,
    "picture": picture,
    "verdicts": verdicts,
    "tally": tally,
    "numbers": numbers,
    "figures": figures,
}
