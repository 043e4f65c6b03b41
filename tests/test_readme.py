"""The README is true: every command in it runs, every option stands in it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.commands import brief_bench, commands, quick_bench

from overparam_cli.cli.main import cli
from overparam_cli.data import is_table
from overparam_cli.experiments import available, load_experiment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```console\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
# In code blocks and tables; a name in capitals is a placeholder, and what only the network can do is tested elsewhere.
LINES = [line.split("#")[0].strip() for block in FENCED for line in block.splitlines()]
TEXT = "\n".join(line for line in README.splitlines() if not line.startswith("#"))
INLINE = [text.replace("\n", " ") for text in re.findall(r"`(overparam [^`]*)`", TEXT)]
COMMANDS = sorted(
    {line for line in [*LINES, *INLINE] if line.startswith("overparam ") and not re.search("[A-Z]{4}", line)}
)
SKIPPED = {
    r"overparam table \| head -1": "a pipe; tests/cli/test_streams.py has it",
    "overparam data fetch": "needs the network; tested on a local server",
    "overparam run results/housing/study.toml": "what a sweep has left; tests/cli/test_studies.py has it",
    "overparam run all": "the sum of the others",
    "overparam run fig4": "both its halves are run",
    "overparam run fig5": "both its halves are run",
}


FEWER = {  # what shortens a run, by kind; what the line itself says stands
    "linear": {"iterations": "30"},
    "cnn": {"iterations": "2", "dataset": "digits-simulated:n=5100,n_test=100", "validation": "20", "batch": "2"},
}
KINDS = {summary.name: summary.kind for summary in available()}


def short(line: str) -> list[str]:
    """The command with what keeps it short: a run that is full length in the README is a smoke run here."""
    words = shlex.split(line)[1:]
    if words[0] == "run" and "--smoke" not in words:
        words.append("--smoke")
    if words[0] == "run":
        for key, value in FEWER.get(KINDS[words[1]], {}).items() if words[1] in KINDS else ():
            if f"--{key}" not in words and not any(word.startswith(f"{key}=") for word in words):
                words += ["--set", f"{key}={value}"]
    if "--dataset" in words and is_table(words[words.index("--dataset") + 1]):
        words += [word for pair in (("--depth", "1"), ("--loss", "l2")) if pair[0] not in words for word in pair]
    if words[0] == "bench":
        words = brief_bench(words)
    if words[0] == "verify" and words[1:2] == ["fig3"]:
        words[1] = "fig3@smoke"
    if words[0] == "plot" and "--format" not in words:
        words += ["--format", "svg"]  # tests/figures/test_plots.py has every format
    if words[:2] == ["plot", "fig3"]:
        words[1] = "fig3@smoke"
    return words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run: the smoke run of Figure 3 has been made, and there are the tables that are spoken of."""
    here = tmp_path_factory.mktemp("readme")
    save_tables(here)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        result = CliRunner().invoke(cli, short("overparam run fig3 --smoke --name smoke --quiet"))
        assert result.exit_code == 0, result.output
    return here


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


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("line", [line for line in COMMANDS if line not in SKIPPED])
def test_every_command_in_the_readme_runs(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    quick_bench(monkeypatch)
    result = CliRunner().invoke(cli, short(line), catch_exceptions=False)
    assert result.exit_code == 0, result.output


def options() -> Iterator[list[str]]:
    """Every option's spellings, those that switch it off included."""
    for command in [cli, *(command for _, command in commands())]:
        yield from ([*own.opts, *own.secondary_opts] for own in command.params if isinstance(own, click.Option))


def test_every_option_stands_in_the_readme() -> None:
    missing = [
        spellings for spellings in options() if not any(re.search(rf"`[^`]*{own}\b", README) for own in spellings)
    ]
    assert missing == []


def test_every_experiment_stands_in_the_figure_table() -> None:
    for summary in available():
        assert f"`overparam run {summary.name}`" in README


def test_the_pictures_of_the_readme_are_committed() -> None:
    pictures = re.findall(r"\]\((results/reference/[^)]+)\)", README)
    assert len(pictures) >= 9
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture


def test_the_example_experiment_is_valid(tmp_path: Path) -> None:
    (toml,) = re.findall(r"^```toml\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "wide.toml"
    path.write_text(toml, encoding="utf-8")
    assert load_experiment(path).name == "wide"


def test_setup_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
