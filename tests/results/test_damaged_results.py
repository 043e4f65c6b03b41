"""Damaged results are seen: nothing that is shown changes without a word, and nothing ends in a traceback.

A few of each kind; `tests/support/damage_results.py` tries as many as anyone wants.
"""

from pathlib import Path

import pytest
from support.damage_results import SEEN, SILENT, TRACEBACK, Damage, damages, make_results, outcomes


def test_where_digests_are_known_every_damage_is_seen(tmp_path: Path) -> None:
    found = list(outcomes(make_results(tmp_path), 8, seed=3))
    assert [(one.damage.what, one.detail) for one in found if one.kind in (SILENT, TRACEBACK)] == []
    assert sum(one.kind == SEEN for one in found) >= 7  # a manifest may be written otherwise and say the same


def test_where_they_are_not_no_damage_is_a_traceback(tmp_path: Path) -> None:
    found = list(outcomes(make_results(tmp_path, sealed=False), 8, seed=5))
    assert [(one.damage.what, one.detail) for one in found if one.kind == TRACEBACK] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seed_stands_for_its_damages(tmp_path: Path, seed: int) -> None:
    results = make_results(tmp_path)

    def some(of: int) -> list[Damage]:
        return [one for one, _ in zip(damages(results, of), range(5), strict=False)]

    assert some(seed) == some(seed)
    assert some(seed) != some(seed + 10)
