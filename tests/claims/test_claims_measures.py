"""Three-valued requirements, ratios with bounds, and numbers in words."""

from math import inf, nan

import pytest

from overparam_cli.claims.measures import (
    NEVER,
    UNKNOWN,
    above,
    at_least,
    at_most,
    below,
    count_text,
    ranged,
    ratio,
    speedup_text,
)
from overparam_cli.claims.model import Case, all_hold, verdict_of
from overparam_cli.results.store import plain
from overparam_cli.results.trajectory import Speedup


@pytest.mark.parametrize(
    ("low", "high", "expected"),  # of > 2, ≥ 2, < 2, ≤ 2
    [
        (2.0, 2.0, (False, True, False, True)),
        (2.1, 2.1, (True, True, False, False)),
        (1.9, 1.9, (False, False, True, True)),
        (0.0, 2.0, (False, False, True, True)),  # never reached: below 2, and not 2 itself
        (2.0, inf, (True, True, False, False)),  # the baseline never gets there
        (0.0, 2.1, (None, None, None, None)),
        (1.9, inf, (None, None, None, None)),
        (0.0, inf, (None, None, None, None)),
        (inf, inf, (True, True, False, False)),
        (0.0, 0.0, (False, False, True, True)),
    ],
)
def test_a_requirement_is_undecided_only_where_the_interval_straddles_it(
    low: float, high: float, expected: tuple[bool | None, ...]
) -> None:
    value = Speedup(low, high)
    assert tuple(make(2.0)(value) for make in (above, at_least, below, at_most)) == expected


@pytest.mark.parametrize(
    ("judgements", "expected"),
    [([True, True], True), ([True, None], None), ([None, False], False), ([True, False], False), ([], True)],
)
def test_a_conjunction_fails_before_it_is_undecided(judgements: list[bool | None], expected: bool | None) -> None:
    assert all_hold(judgements) is expected


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ([True, True], "reproduced"),
        ([True, False], "mixed"),
        ([True, None], "mixed"),
        ([False, None], "not reproduced"),
        ([None, None], "not reproduced"),  # a requirement that is not shown to be met is not met
        ([], "not reproduced"),
    ],
)
def test_the_verdict_counts_what_is_shown_to_hold(holds: list[bool | None], expected: str) -> None:
    assert verdict_of({str(seed): Case(value) for seed, value in enumerate(holds)}) == expected


@pytest.mark.parametrize(
    ("counts", "given", "expected"),
    [
        ((30, 20), (100, 100), (1.5, 1.5)),
        ((0, 0), (100, 100), (1.0, 1.0)),
        ((5, 0), (100, 100), (inf, inf)),
        ((None, 20), (100, 100), (5.0, inf)),
        ((30, None), (100, 60), (0.0, 0.5)),
        ((None, None), (100, 100), (0.0, inf)),
    ],
)
def test_a_ratio_of_iterations_is_bounded_by_the_length_of_the_run(
    counts: tuple[int | None, int | None], given: tuple[int, int], expected: tuple[float, float]
) -> None:
    assert ratio(counts, given) == Speedup(*expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([Speedup(2.0, 2.0)], "2×"),
        ([Speedup(3.4, 3.4), Speedup(2.9, 2.9), Speedup(3.8, 3.8)], "3.4× [2.9–3.8]"),
        ([Speedup(0.0, 0.98)], "< 0.98× (never reached)"),
        ([Speedup(0.0, 0.98), Speedup(2.0, 2.0), Speedup(3.0, 3.0)], "2× (never reached by 1 of 3 seeds)"),
        ([Speedup(3.0, inf)], "> 3× (the baseline never gets there)"),
        ([NEVER, Speedup(4.0, 4.0)], "2× [0–4]"),
        ([UNKNOWN], "unknown"),
        ([], "unknown"),
        ([NEVER], "none (diverged)"),
    ],
)
def test_speedups_in_words(values: list[Speedup], expected: str) -> None:
    assert speedup_text(values) == expected


def test_counts_in_words() -> None:
    assert count_text([65_200, 64_100, 66_300]) == "65,200 [64,100–66,300]"
    assert count_text([None, 1_000]) == "1,000 (never for 1 of 2)"
    assert count_text([None]) == "never"
    assert ranged([None, nan]) == "—"


def test_json_has_no_infinities_and_no_tuples() -> None:
    content = {1: Speedup(2.0, inf), "b": (nan, True, None, 3)}
    assert plain(content) == {"1": {"low": 2.0, "high": None}, "b": [None, True, None, 3]}
