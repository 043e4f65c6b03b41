import dataclasses
import io
import time
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from overparam_cli.run.memo import Memo
from overparam_cli.run.progress import Plain, Rate, Silent, Status, Terminal, display
from overparam_cli.run.tally import Tally
from overparam_cli.words import clock


def status(iteration: int, curves: int = 2) -> Status:
    return Status("fig3/l4", iteration, 1000, 5, 6, {f"depth-{i}": 0.25 / i for i in range(1, curves + 1)})


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (187, "3:07 min"), (3599, "59:59 min"), (7500, "2:05 h")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_rate_counts_from_the_first_look_and_starts_over_with_a_new_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    rate = Rate()
    assert rate.of(5000) == 0  # resumed here
    now[0] += 10
    assert rate.of(6000) == 100
    assert rate.of(10) == 0


def test_plain_lines_come_at_a_humane_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    out = io.StringIO()
    plain = Plain(Console(file=out), every=15)
    plain.begin("fig3/l4", 6, 0)
    for iteration in range(0, 1000, 10):
        plain.update(status(iteration))
        now[0] += 0.5
    plain.end("fig3/l4")
    lines = out.getvalue().splitlines()
    assert len(lines) == 2 + 3  # begin, end, one each 15 s of 50
    assert "300/1,000  20 it/s  35 s left  alive 5/6  gap depth-1 2.50e-01  depth-2 1.25e-01" in lines[1]


def test_many_curves_show_the_best_only() -> None:
    assert status(0, 16).gap_text.startswith("depth-16 1.56e-02")
    assert status(0, 16).gap_text.endswith("(best of 16 curves)")


def test_a_status_names_what_it_measures_and_nothing_where_there_is_nothing() -> None:
    plain = Status("fig5-right", 1, 2, 1, 2, {"factored": 0.25}, "cross-entropy")
    assert plain.alive_text == "alive 1/2  cross-entropy factored 2.50e-01"
    assert dataclasses.replace(plain, gaps={}).alive_text == "alive 1/2"


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_terminal_shows_speed_living_trials_and_gaps_at_any_width(width: int) -> None:
    out = io.StringIO()
    terminal = Terminal(Console(file=out, force_terminal=True, width=width), jobs=2)
    terminal.begin("fig3/l4", 6, 2)
    terminal.update(status(500))
    terminal.message("a note")
    terminal.end("fig3/l4")
    terminal.stop()
    assert "a note" in out.getvalue()
    assert "complete" in out.getvalue()
    assert "fig3/l4" in out.getvalue()


def test_quiet_is_silent_and_a_pipe_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with display(1, quiet=True) as silent:
        assert isinstance(silent, Silent)
        silent.begin("x", 1, 0)
        silent.message("x")
        silent.end("x")
    assert capsys.readouterr() == ("", "")
    with display(1) as plain:
        assert isinstance(plain, Plain)
        plain.begin("x", 3, 1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "x: 3 trials, 1 finished before" in err


def test_a_tally_counts_units_that_have_left_and_those_that_go_on() -> None:
    class Stub(SimpleNamespace):
        __hash__ = object.__hash__

    def unit(done: int, total: int, trials: int, alive: int, **latest: float) -> Any:
        return Stub(done=done, total=total, trials=range(trials), alive=alive, latest=latest)

    first, second, third = unit(5, 10, 3, 3, a=2.0, b=1.0), unit(0, 20, 2, 2), unit(0, 20, 2, 2)
    tally = Tally("job", [first, second, third], "gap")
    assert (tally.total, tally.start, tally.left) == (50, 5, 3)
    first.done, first.alive = 10, 1  # two have diverged
    tally.see(first)
    assert tally.status == Status("job", 10, 50, 5, 7, {"a": 2.0, "b": 1.0}, "gap")
    second.latest = {"a": 0.5}
    tally.see(second)
    assert tally.status == Status("job", 10, 50, 5, 7, {"a": 0.5, "b": 1.0}, "gap")
    tally.leave(first)
    second.done = 7
    del third.done  # one that has not begun is not asked
    tally.see(second)
    assert tally.status == Status("job", 17, 50, 5, 7, {"a": 0.5}, "gap")
    assert (tally.left, [*tally.begun]) == (2, [second])


def test_a_silent_start_names_its_phase() -> None:
    out = io.StringIO()
    plain = Plain(Console(file=out))
    plain.begin("fig3/l4", 6, 0)
    plain.phase("fig3/l4", "reading ethanol")
    assert out.getvalue().splitlines()[1] == "fig3/l4: reading ethanol"
    out = io.StringIO()
    terminal = Terminal(Console(file=out, force_terminal=True, width=80), 1)
    terminal.begin("fig3/l4", 6, 0)
    terminal.phase("fig3/l4", "looking for the optimum of l4")
    terminal.stop()
    assert "looking for the optimum of l4" in out.getvalue()


def test_what_is_known_already_is_not_told_again() -> None:
    memo, told = Memo(), []
    memo.tell = told.append
    assert [memo.once("optimum", lambda: 1, "looking for it") for _ in range(2)] == [1, 1]
    assert told == ["looking for it"]
