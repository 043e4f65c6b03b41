"""The README is true: every command in it runs, what it shows is what is printed, and every picture is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.commands import quick_bench
from support.documents import ROOT, blocks, prepared, run, to_run

from overparam_cli.cli.main import cli
from overparam_cli.experiments import available

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = to_run([README])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with prepared(tmp_path_factory.mktemp("readme")) as here:
        yield here


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) > 25


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_the_readme_runs(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    quick_bench(monkeypatch)
    run(line)


def test_the_table_that_is_shown_is_that_of_the_reference_runs() -> None:
    (shown,) = blocks(README, "text")
    asked = ["table", "fig3", "--results", str(ROOT / "results" / "reference")]
    printed = CliRunner().invoke(cli, asked, env={"COLUMNS": "160"}).output
    lines = [line.rstrip() for line in printed.splitlines()]
    start = lines.index(shown.splitlines()[0])
    assert lines[start : start + len(shown.splitlines())] == shown.splitlines()


def test_every_experiment_stands_in_the_figure_table() -> None:
    for summary in available():
        assert f"`overparam run {summary.name}`" in README


def test_the_files_that_the_readme_links_are_committed() -> None:
    links = re.findall(r"\]\(((?:results|docs)/[^)#]+|\w+\.md)\)", README)
    assert len(links) >= 20
    for link in links:
        assert (ROOT / link).is_file(), link


def test_setup_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"(?:^|`)make (\w+)", README, flags=re.MULTILINE)
    assert {"demo", "test", "site"} <= {*targets}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
