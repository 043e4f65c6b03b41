"""A study that is edited and run again, over and over: every number is that of a fresh run of the same settings."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.program import program

from overparam_cli.results.run import Run

STUDY = """\
name = "mine"
title = "{title}"
kind = "linear"

[trial]
dataset = "two-points"
{loss}
lr = {lr}
iterations = {iterations}
init_std = {init_std}
seeds = {seeds}

[[curves]]
name = "a"
label = "{label}"
depth = {depth}
optimizer = "{optimizer}"
"""
BOTH = '[variants.l2]\nloss = "l2"\n[variants.l4]\nloss = "l4"\n'
FIRST = {
    "title": "Mine",
    "loss": 'loss = "l2"',
    "lr": [1e-3, 1e-2],
    "iterations": 50,
    "init_std": 0.01,
    "seeds": 1,
    "label": "one",
    "depth": 1,
    "optimizer": "gd",
}
EDITS: tuple[dict[str, Any], ...] = (
    {},
    {"init_std": 0.3, "iterations": 100},
    {"depth": 2, "label": "two layers"},
    {"lr": [1e-2, 3e-2]},
    {"optimizer": "adam", "label": "adam"},
    {"seeds": 2, "title": "Another title"},
    {"loss": 'loss = "l4"'},
    {"init_std": 0.1},
    {"loss": ""},  # two variants, one of which was run before with other settings
    FIRST,
)


def write(settings: dict[str, Any]) -> None:
    text = STUDY.format(**settings)
    Path("mine.toml").write_text(text if settings["loss"] else text + BOTH, encoding="utf-8")


def table(results: str) -> tuple[list[dict[str, Any]], str]:
    code, out, err = program("table", "mine", "--results", results, "--json")
    assert code == 0, err
    found = json.loads(out)
    for summary in found:
        summary["warnings"] = [
            line for line in summary["warnings"] if "of other plans" not in line and "of another" not in line
        ]
    return found, err


def test_every_number_is_that_of_a_fresh_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = dict(FIRST)
    for number, edit in enumerate(EDITS):
        settings |= edit
        write(settings)
        for where in ("results", f"fresh-{number}"):
            code, _, err = program("run", "mine.toml", "--quiet", "--no-reuse", "--results", where)
            assert (code, err) == (0, "")
        edited, _ = table("results")
        fresh, _ = table(f"fresh-{number}")
        assert edited == fresh, edit


def test_a_variant_of_an_earlier_plan_is_named_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(FIRST)
    program("run", "mine.toml", "--quiet")
    assert "edition" not in Run.read(Path("results/mine/l2")).manifest
    write(FIRST | {"loss": 'loss = "l4"'})
    program("run", "mine.toml", "--quiet")
    for command in (("table", "mine"), ("plot", "mine", "--format", "svg"), ("table",)):
        code, _, err = program(*command)
        assert code == 0
        assert "mine/l2 is of an earlier plan than mine/l4, and not shown" in " ".join(err.split())
    rows = {row["run"]: row["note"] for row in json.loads(program("status", "--json")[1])}
    assert {name for name, note in rows.items() if "of an earlier plan, and not shown" in note} == {"mine/l2"}
    write(FIRST)  # and back: what is finished is not run again, and is what the study says now
    program("run", "mine.toml", "--quiet")
    code, out, err = program("table", "mine", "--json")
    assert [summary["variant"] for summary in json.loads(out)] == ["l2"]
    assert "mine/l4 is of an earlier plan than mine/l2" in " ".join(err.split())


def test_one_variant_run_again_with_other_settings_hides_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(FIRST | {"loss": ""})
    program("run", "mine.toml", "--quiet")
    write(FIRST | {"loss": "", "init_std": 0.3})
    program("run", "mine.toml", "--loss", "l4", "--quiet")
    found, err = table("results")
    assert [summary["variant"] for summary in found] == ["l4"]
    assert "mine/l2 is of an earlier plan" in " ".join(err.split())
    program("run", "mine.toml", "--loss", "l2", "--quiet")  # now both are of the same study again
    found, err = table("results")
    assert ([summary["variant"] for summary in found], err) == (["l2", "l4"], "")


def test_halves_that_are_run_one_after_the_other_stand_side_by_side(tmp_path: Path) -> None:
    asked = ("--smoke", "--iterations", "5", "--quiet", "--results", str(tmp_path), "--name", "x")
    for more in (("--loss", "l2"), ("--loss", "l4"), ("--loss", "l4", "--seeds", "2")):
        assert program("run", "fig3", *asked, *more)[0] == 0
        code, out, err = program("table", "fig3@x", "--json", "--results", str(tmp_path))
    assert code == 0
    assert [summary["variant"] for summary in json.loads(out)] == ["l2", "l4"]
    assert err == ""
