"""Tab completes names in bash, zsh and fish, quickly, and says nothing where something cannot be read."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete, ZshComplete
from support.commands import commands

from overparam_cli.cli import completing
from overparam_cli.cli.main import COMPLETE, cli
from overparam_cli.data import DATASETS
from overparam_cli.kinds.theory import STATEMENTS
from overparam_cli.multiverse.loading import BUILT_IN
from overparam_cli.paper import CLAIMS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results" / "reference"
EXPERIMENTS = {path.stem for path in (ROOT / "configs").glob("*.toml")} - {*BUILT_IN} | {"all"}
RUN = {path.parent.parent.name for path in REFERENCE.glob("*/*/manifest.json")} | {"fig1"}


def offered(line: str) -> set[str]:
    """What stands behind the last blank of a line, completed."""
    *words, incomplete = line.split(" ")
    asked = ShellComplete(cli, {}, "overparam", COMPLETE)
    return {
        f"{item.type} {item.value}" if item.type != "plain" else item.value
        for item in asked.get_completions(words[1:], incomplete)
    }


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("overparam ", {name[0] for name, _ in commands()}),
        ("overparam run ", EXPERIMENTS),
        ("overparam run fig3 fi", {name for name in EXPERIMENTS if name.startswith("fi")} - {"fig3"}),
        ("overparam show cnn-i", {"cnn-init", "cnn-init-new"}),
        ("overparam new own.toml --from b", {"blog"}),
        ("overparam theory ", {*STATEMENTS}),
        ("overparam data fetch ", {*DATASETS}),
        ("overparam run fig3 --dataset sim", {"simulated"}),
        ("overparam run fig3 --dataset=sim", {"simulated"}),
        ("overparam sweep --dataset mine", {"file mine"}),
        ("overparam run mine/", {"file mine/"}),
        ("overparam run fig3 --set dense1", {"dense1_depth=", "dense1_width="}),
        ("overparam run fig3 --set init=", {"init=near-zero", "init=identity", "init=balanced"}),
        ("overparam run fig3 --set width=", set()),
        ("overparam run fig3 --set nonsense=", set()),
        ("overparam multiverse run --axis ho", {"horizon="}),
        ("overparam multiverse run --axis labels=zscore,zs", set()),
        ("overparam multiverse verify multiverse-", {"multiverse-cnn"}),
        ("overparam multiverse run multiverse-cnn --axis dec", {"decay="}),
        ("overparam multiverse status multiverse-cnn --experiment cnn", {"cnn-init", "cnn-lr"}),
        ("overparam multiverse status --experiment cnn", set()),
        (f"overparam plot --results {REFERENCE} ", RUN - {"multiverse", "three-seeds"}),
        (f"overparam table --results {REFERENCE} fig5-right@", {"fig5-right@decay_on=factors"}),
        (f"overparam verify --results {REFERENCE} cnn-b", {claim for claim in CLAIMS if claim.startswith("cnn-b")}),
        (f"overparam compare --results {REFERENCE} fig2 fig3", {"fig3"}),
        ("overparam verify --results nowhere fig3", {"fig3-axes"}),
    ],
)  # fmt: skip
def test_what_is_offered(line: str, values: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered(line) == values


def test_options_of_an_axis_are_offered_one_after_another() -> None:
    first = offered("overparam multiverse run --axis features=")
    assert {"features=zscore", "features=minmax"} <= first
    more = offered("overparam multiverse run --axis features=zscore,")
    assert more == {f"features=zscore,{own.removeprefix('features=')}" for own in first - {"features=zscore"}}


def test_files_of_experiments_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "figment.toml").touch()
    assert offered("overparam run figm") == {"figment.toml"}


def test_what_cannot_be_read_offers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert offered("overparam table fig") == {"file fig"}
    assert offered("overparam verify lemm") == set()


@pytest.mark.parametrize(
    ("line", "piece", "values"),
    [
        ("overparam run fi", "fi", {"fig1", "fig3"}),
        ("overparam table fig5-right@de", "@de", {"@decay_on=factors"}),  # bash parts words at @, = and :
        ("overparam run fig3 --set init=ne", "ne", {"near-zero"}),
        ("overparam run fig3 --set ini", "ini", {"init=", "init_std="}),
        ('overparam run "fig3" --set "in', "in", {"init="}),
        ("overparam run ", "", {"fig1", "all"}),
    ],
)
def test_bash_puts_what_it_gets_behind_what_it_took_off(
    line: str, piece: str, values: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "results").symlink_to(REFERENCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_PIECE", piece)
    lines = completing.Bash(cli, {}, "overparam", COMPLETE).complete().splitlines()
    assert {f"plain,{value}" for value in values} <= {*lines}


def test_completing_imports_nothing_heavy() -> None:
    lines = [
        "run f",
        "table f",
        "verify f",
        "theory f",
        "run --set init=n",
        "multiverse run --axis f",
        "run --dataset s",
    ]
    code = """
import json, sys
from click.shell_completion import ShellComplete
from overparam_cli.cli.main import COMPLETE, cli
for line in json.loads(sys.argv[1]):
    *words, last = line.split()
    ShellComplete(cli, {}, "overparam", COMPLETE).get_completions(words, last)
print([name for name in ("torch", "pandas", "scipy", "matplotlib", "rich") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(lines)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """An environment in which there is `overparam`."""
    script = tmp_path / "bin" / "overparam"
    script.parent.mkdir()
    code = "from overparam_cli.__main__ import start; start()"
    script.write_text(f"#!{sys.executable}\nimport sys; sys.path.insert(0, {str(ROOT)!r}); {code}\n", encoding="utf-8")
    script.chmod(0o755)
    (tmp_path / "results").symlink_to(REFERENCE)
    return {**os.environ, "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}


BASH = """
eval "$(_OVERPARAM_COMPLETE=bash_source overparam)"
COMP_LINE="overparam $1$2 more"; COMP_POINT=$((${#COMP_LINE} - 5))
_overparam_completion overparam "$2" before 2> /dev/null  # compopt has nothing to say outside of a real Tab
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    ("before", "piece", "found"),
    [
        ("table fig5-right", "@de", ["@decay_on=factors"]),
        ("show --set init=", "ne", ["near-zero"]),
        ("run ", "cnn-i", ["cnn-init", "cnn-init-new"]),
    ],
)
def test_a_real_bash_completes(
    before: str, piece: str, found: list[str], program: dict[str, str], tmp_path: Path
) -> None:
    call = ["bash", "--norc", "-c", BASH, "bash", before, piece]
    done = subprocess.run(call, env=program, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == found, done.stderr


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish")
def test_a_real_fish_completes(program: dict[str, str], tmp_path: Path) -> None:
    script = f'{COMPLETE}=fish_source overparam | source; complete -C "overparam table fig5-right@"'
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], env=program, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["fig5-right@decay_on=factors"], done.stderr


def test_zsh_is_answered_as_click_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMP_WORDS", "overparam run cnn-i")
    monkeypatch.setenv("COMP_CWORD", "2")
    words = ZshComplete(cli, {}, "overparam", COMPLETE).complete().splitlines()
    assert words == ["plain", "cnn-init", "_", "plain", "cnn-init-new", "_"]
