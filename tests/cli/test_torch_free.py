"""What neither trains nor measures never imports torch, which takes seconds."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from overparam_cli.results import look
from overparam_cli.results.run import Run

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
RUNS = ("fig4-right", "fig5-right", "theory/lemma3")  # of every kind one
CODE = """\
import sys
from overparam_cli.cli.main import main
try:
    main()
except SystemExit as done:
    print(done.code or 0, 'torch' in sys.modules)
else:
    print(0, 'torch' in sys.modules)
"""


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
def test_no_torch(command: str, results: Path) -> None:
    arguments = command.format(results=results).split()
    if arguments[0] in ("plot", "report", "table", "status", "verify", "multiverse"):
        arguments += ["--results", str(results)]
    call = [sys.executable, "-c", CODE, *arguments]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1] == "0 False", done.stderr
