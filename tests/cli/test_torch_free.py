"""What neither trains nor measures never imports torch, which takes seconds."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from overparam_cli.results import look
from overparam_cli.results.run import Run

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
RUNS = ("fig4-right", "fig5-right", "theory/lemma3")  # of every kind one
# What the commands share is imported once, torch not among it; each is then run in a fork of that process.
CODE = """\
import json, sys
import click, matplotlib.figure, numpy, pandas, rich.console
from support.forked import in_child, overparam

def command():
    try:
        overparam(*arguments)
    finally:
        print('torch' in sys.modules)

for line in sys.stdin:
    arguments = json.loads(line)
    ended = in_child(command)
    print(json.dumps([ended.code, *ended.out.splitlines()[-1:], ended.err]), flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    """A process without torch that answers a command's arguments with its exit code, whether torch came, its errors."""
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join([tests, *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, "-c", CODE],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("torch-free") / "results"
    for run in RUNS:
        shutil.copytree(REFERENCE / run, folder / run)
    half = folder / "fig4-right@half" / "l4"  # under way: nothing has finished
    half.mkdir(parents=True)
    shutil.copy(folder / "fig4-right" / "l4" / "manifest.json", half)
    run = Run.read(folder / "fig4-right" / "l4")
    look.write(half, [(run.trials, run.log)])
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "run --help",
        "list",
        "show all",
        "new {results}/study.toml",
        "show fig3 --lr 1e-3 --set optimizer=adam --set beta1=0.8",
        "plot --format svg",
        "table",
        "table fig4-right@half --partial",
        "status",
        "verify",
        "multiverse status --axis labels=zscore",
        "data list",
        pytest.param(
            "report --output {results}/report.html",
            marks=pytest.mark.skipif(not find_spec("plotly"), reason="the extra `report` is not installed"),
        ),
    ],
)
def test_no_torch(command: str, results: Path, server: subprocess.Popen[str]) -> None:
    arguments = command.format(results=results).split()
    if arguments[0] in ("plot", "report", "table", "status", "verify", "multiverse"):
        arguments += ["--results", str(results)]
    assert server.stdin is not None
    assert server.stdout is not None
    print(json.dumps(arguments), file=server.stdin, flush=True)
    code, torch, error = json.loads(server.stdout.readline())
    assert (code, torch) == (0, "False"), error
