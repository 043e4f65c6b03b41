"""CONTRIBUTING.md is true: each guest costs the files that its table says, its diff applies, and its commands run.

All diffs are applied to one copy of the package, and the commands of all sections run there, in one process.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (An? .*?)\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))
ROWS = re.findall(r"^\| \[(.*?)\]\(.*?\) \| (\d+) \| (\d+) \| (\d+) \|", TEXT, flags=re.MULTILINE)
COSTS = {name: (int(new), int(lines), int(registry)) for name, new, lines, registry in ROWS}
RUN = """
import json, sys
from click.testing import CliRunner
from overparam_cli.cli.main import cli
for kind, text in json.load(sys.stdin):
    if kind == "python":
        exec(compile(text, "CONTRIBUTING.md", "exec"), {})
        continue
    for line in text.splitlines():
        words = line.split()[1:]
        if words[0] == "run" and "--name" in words and "--iterations" not in words:
            words += ["--iterations", "20"]  # that it runs is seen by then
        result = CliRunner().invoke(cli, words)
        if result.exit_code:
            sys.exit(f"{line}: {result.output}{result.exception!r}")
"""


def diff_of(section: str) -> str:
    (diff,) = re.findall(r"^```diff\n(.*?)^```", SECTIONS[section], flags=re.MULTILINE | re.DOTALL)
    return str(diff)


def examples_of(section: str) -> list[tuple[str, str]]:
    """The blocks that are run, in order: what kind, and the text."""
    return re.findall(r"^```(console|python)\n(.*?)^```", SECTIONS[section], flags=re.MULTILINE | re.DOTALL)


def test_every_guest_has_a_section_and_a_row() -> None:
    assert set(COSTS) == set(SECTIONS)
    assert len(COSTS) >= 10


@pytest.mark.parametrize("section", SECTIONS)
def test_a_guest_costs_what_the_table_says(section: str) -> None:
    files = re.split(r"^--- ", diff_of(section), flags=re.MULTILINE)[1:]
    new = [part for part in files if part.startswith("/dev/null")]
    added = {part: sum(bool(re.match(r"\+(?!\+\+ )", line)) for line in part.splitlines()) for part in files}
    written = sum(added[part] for part in new)
    registry = sum(lines for part, lines in added.items() if part not in new)
    assert (len(new), written, registry) == COSTS[section]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_guest_takes_nothing_away(section: str) -> None:
    assert not re.search(r"^-(?!-- )", diff_of(section), flags=re.MULTILINE)


@pytest.mark.timeout(600)
def test_all_guests_can_come_and_do_what_they_say(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git applies the diffs")
    for folder in ("overparam_cli", "configs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for section in SECTIONS:
        answer = subprocess.run(
            ["git", "apply", "-"], input=diff_of(section), text=True, cwd=tmp_path, capture_output=True, timeout=60
        )
        assert answer.returncode == 0, f"{section}: {answer.stderr}"
    examples = [example for section in SECTIONS for example in examples_of(section)]
    assert all(examples_of(section) for section in SECTIONS)
    answer = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(examples),
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        timeout=500,
    )
    assert answer.returncode == 0, answer.stderr
