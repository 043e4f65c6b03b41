"""Commands in documents: which there are, what shortens them, and a folder in which they run."""

import re
import shlex
import shutil
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.commands import brief_bench

from overparam_cli.cli.main import cli
from overparam_cli.data import is_table
from overparam_cli.experiments import available
from overparam_cli.run.memo import Memo

ROOT = Path(__file__).parents[2]
ELSEWHERE = {  # what the commands of a document do not run here, and why
    r"overparam table \| head -1": "a pipe; tests/cli/test_streams.py has it",
    "overparam data fetch": "needs the network; tested on a local server",
    "overparam run results/housing/study.toml": "what a sweep has left; tests/cli/test_studies.py has it",
    "overparam run cnn-lr --smoke --workers 2": "two processes; tests/run/test_cluster.py runs it",
    "overparam run all": "the sum of the others",
    "overparam run fig4": "both its halves are run",
    "overparam run fig5": "both its halves are run",
}
MARKED = re.compile(r"# (long|needs)\b")  # what stands beside a command that no test runs
FEWER = {  # what shortens a run, by kind; what the line itself says stands
    "linear": {"iterations": "30"},
    "cnn": {"iterations": "2", "dataset": "digits-simulated:n=5100,n_test=100", "validation": "20", "batch": "2"},
}
LESS = {  # what shortens a check of the theory
    "theorem1": "steps=50,100",
    "balancedness": "steps=50,100",
    "appendix-b-bound": "y1s=30",
}
KINDS = {summary.name: summary.kind for summary in available()}


def run(line: str) -> str:
    """What a command prints, shortened; where it needs an extra that is not installed the test is skipped."""
    if line.startswith("overparam report"):
        pytest.importorskip("plotly", reason="the extra `report` is not installed")
    result = CliRunner().invoke(cli, short(line), catch_exceptions=False)
    assert result.exit_code == 0, f"{line}: {result.output}"
    return str(result.output)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a document in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def lines_of(text: str) -> list[str]:
    """The commands in a document's console blocks, in their order, but those that are marked."""
    lines = [line for block in blocks(text, "console") for line in block.splitlines() if not MARKED.search(line)]
    return [line.split("#")[0].strip() for line in lines if line.startswith("overparam ")]


def inline(text: str) -> list[str]:
    """The commands in a document's tables; a name in capitals is a placeholder."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [line for row in rows for line in re.findall(r"`(overparam [^`]*)`", row) if not re.search("[A-Z]{4}", line)]


def to_run(texts: Sequence[str]) -> list[str]:
    """Every command of some documents once: those that stand in blocks in their order, then the others."""
    found = [*(line for text in texts for line in lines_of(text)), *(line for text in texts for line in inline(text))]
    return [line for line in dict.fromkeys(found) if line not in ELSEWHERE]


def short(line: str) -> list[str]:
    """The command with what keeps it short: a run that is full length in a document is a smoke run here."""
    words = shlex.split(line)[1:]
    if words[0] == "run" and "--smoke" not in words:
        words.append("--smoke")
    if words[0] == "run":
        for key, value in FEWER.get(KINDS[words[1]], {}).items() if words[1] in KINDS else ():
            if f"--{key}" not in words and not any(word.startswith(f"{key}=") for word in words):
                words += ["--set", f"{key}={value}"]
    if words[0] == "run" and words[1].endswith(".toml") and "--iterations" not in words:
        words += ["--iterations", FEWER["linear"]["iterations"]]
    if words[0] in ("run", "sweep") and "--iterations" in words:
        place = words.index("--iterations") + 1
        words[place] = str(min(int(words[place].replace("_", "")), 60))
    if "--dataset" in words and is_table(words[words.index("--dataset") + 1]):
        words += [word for pair in (("--depth", "1"), ("--loss", "l2")) if pair[0] not in words for word in pair]
    if words[0] == "theory" and "--set" not in words:
        words += [word for check in words if check in LESS for word in ("--set", LESS[check])]
    if words[0] == "bench":
        words = brief_bench(words)
    if words[:2] in (["verify", "fig3"], ["plot", "fig3"], ["report", "fig3"]):
        words[1] = "fig3@smoke"
    if words == ["plot"]:  # what there is: not all that was run before it, but one run
        words += ["--results", "few"]
    if words[0] == "plot" and not {"--format", "--output"} & {*words}:
        words += ["--format", "svg"]  # tests/figures/test_plots.py has every format
    return words


@contextmanager
def prepared(here: Path) -> Iterator[Path]:
    """A folder in which commands run: the smoke run of Figure 3 has been made, and there are the tables spoken of."""
    save_tables(here)
    with pytest.MonkeyPatch.context() as patch:
        share(patch)
        with pytest.MonkeyPatch.context() as there:
            there.chdir(here)
            result = CliRunner().invoke(cli, short("overparam run fig3 --smoke --name smoke --quiet"))
        assert result.exit_code == 0, result.output
        shutil.copytree(here / "results", here / "few")
        yield here


def share(patch: pytest.MonkeyPatch) -> None:
    """Let all commands know what one of them has read and worked out: data and optima, by what determines them."""
    known: dict[Hashable, Any] = {}

    def begin(self: Memo) -> None:
        self._known, self.tell = known, str

    patch.setattr(Memo, "__init__", begin)


def save_tables(here: Path) -> None:
    """One table in all dresses; in houses.csv it has a column of text."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(60, 4))
    table = pd.DataFrame(numbers, columns=["rooms", "age", "distance", "price"])
    table.to_csv(here / "mine.csv")
    table.assign(city=["Rome", "Oslo"] * 30).to_csv(here / "houses.csv")
    table.set_axis(["Zimmer", "Alter", "Weg", "Preis"], axis=1).to_csv(
        here / "export.csv", sep=";", decimal=",", index=False, encoding="utf-16"
    )
    np.savetxt(here / "matrix.txt.gz", numbers)
    table.to_parquet(here / "mine.parquet")
    rows = [f"{y!r} " + " ".join(f"{i}:{x!r}" for i, x in enumerate(xs, 1)) for *xs, y in numbers.tolist()]
    (here / "mine.svm").write_text("\n".join(rows), encoding="utf-8")
