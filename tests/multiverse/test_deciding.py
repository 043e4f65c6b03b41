"""Shares and deciding axes, on worlds whose entropies a pencil, or SciPy, gives."""

from itertools import product

import pytest
from scipy.stats import entropy

from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES, World, by_option, deciding, gains, share


def made(rule, axes=("a", "b", "c")):
    return [World(dict(zip(axes, values, strict=True)), rule(*values)) for values in product("xyz", repeat=len(axes))]


def test_one_axis_decides_alone():
    worlds = made(lambda a, b, c: YES if a == "x" else NO)
    assert deciding(worlds) == ("a",)
    assert gains(worlds)["a"] == pytest.approx(entropy([1 / 3, 2 / 3], base=2))
    assert gains(worlds)["b"] == pytest.approx(0, abs=1e-12)
    assert str(share(worlds)) == "9/27"
    assert {name: own.part for name, own in by_option(worlds, "a").items()} == {"x": 1, "y": 0, "z": 0}


def test_two_axes_that_tell_as_much_tie():
    worlds = made(lambda a, b, c: YES if a == b == "x" else NO)
    assert deciding(worlds) == ("a", "b")


def test_what_two_axes_decide_only_together_neither_decides():
    worlds = [World({"a": a, "b": b}, YES if a == b else NO) for a, b in product("xy", repeat=2)]
    assert deciding(worlds) == ()


def test_undecided_is_an_outcome_of_its_own():
    worlds = made(lambda a, b, c: UNDECIDED if c == "x" else NO)
    assert deciding(worlds) == ("c",)
    assert str(share(worlds)) == "0/27 (undecided 9)"


def test_worlds_that_were_not_run_do_not_count():
    worlds = made(lambda a, b, c: NOT_RUN if b == "z" else YES if b == "x" else NO)
    assert str(share(worlds)) == "9/18"
    assert gains(worlds)["b"] == pytest.approx(1)
    assert share([]).part is None
    assert deciding([World({"a": "x"}, NOT_RUN)]) == ()
