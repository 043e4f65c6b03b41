"""Damaged tables, archives and IDX files: read as what they say, or refused in one line; never misread, no traceback.

This is one variation in a kind of damage to a kind of file; `support.damage_data` makes as many as one likes.
"""

from itertools import groupby

import pytest
from support.damage_data import cases, judge, judge_all

KINDS = {
    kind: list(found) for kind, found in groupby(cases(seed=0, each=1), key=lambda case: case[0].rsplit("/", 2)[0])
}


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_never_misread(kind):
    verdicts = judge_all(iter(KINDS[kind]))
    assert sum(verdict != "read" for verdict in verdicts.values()) > len(verdicts) / 4


def test_there_are_cases_for_every_kind_and_they_are_the_same_again(tmp_path):
    assert len({name for name, _ in cases(0, 3)}) == 3 * sum(map(len, KINDS.values())) > 400
    name, make = next(cases(7, 1))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert make(tmp_path / "a").path.read_bytes() == make(tmp_path / "b").path.read_bytes(), name


def test_the_judge_finds_what_is_misread(monkeypatch, tmp_path):
    """Were one number of a table another, it would be said."""
    from support import damage_data

    def wrong(*args, **options):
        dataset = right(*args, **options)
        dataset.X[0, 0] += 1e-9
        return dataset

    right = damage_data.load
    monkeypatch.setattr(damage_data, "load", wrong)
    harmless = next(make for name, make in cases(3, 1) if name.startswith("table/comma/line-twice"))
    with pytest.raises(AssertionError, match="read array"):
        judge(harmless(tmp_path))
