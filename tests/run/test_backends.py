"""Back ends: who trains beside whom, and what is told of it."""

from collections.abc import Mapping

import pandas as pd
import pytest
import torch

from overparam_cli.run import backends
from overparam_cli.run.backends import Local, share
from overparam_cli.run.unit import State

CPU = torch.device("cpu")


class Steps:
    """A unit that takes as many slices as it is told, and notes in a common book when it has one."""

    trials = ()
    alive = 1
    latest: Mapping[str, float] = {}
    timing: Mapping[str, object] = {}

    def __init__(self, name: str, total: int, book: list[str], seconds: float = 1.0) -> None:
        self.name, self.total, self.book, self.seconds = name, total, book, seconds
        self.done, self.alike = 0, name[0]
        self.slices: set[float] = set()
        self.threads: set[int] = set()

    @property
    def finished(self) -> bool:
        return self.done == self.total

    def advance(self, seconds: float) -> None:
        self.done += 1
        self.slices.add(seconds)
        self.threads.add(torch.get_num_threads())
        self.book.append(self.name)

    def probe(self) -> float:
        self.book.append(self.name)
        return self.seconds

    def state(self) -> State:
        return {}

    def restore(self, state: State) -> None:
        raise NotImplementedError

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        raise NotImplementedError


def test_units_of_one_place_come_one_after_another() -> None:
    book: list[str] = []
    units, told = [Steps("a", 2, book), Steps("b", 1, book)], []
    Local(1, 1).drain(units, lambda unit, seconds: told.append((unit, unit.done, seconds >= 0)))
    assert book == ["a", "a", "b"]
    assert told == [(units[0], 1, True), (units[0], 2, True), (units[1], 1, True)]


def test_a_free_place_goes_to_the_next_in_line() -> None:
    book: list[str] = []
    units = [Steps("a", 1, book), Steps("b", 3, book), Steps("c", 1, book), Steps("d", 1, book)]
    Local(2, 1).drain(units, lambda unit, seconds: None)
    rounds = [set(book[i : i + 2]) for i in range(0, 6, 2)]
    assert rounds == [{"a", "b"}, {"b", "c"}, {"b", "d"}]


def test_each_place_has_its_threads_and_they_are_given_back() -> None:
    torch.set_num_threads(4)
    units = [Steps("a", 2, []), Steps("b", 2, [])]
    Local(2, 2).drain(units, lambda unit, seconds: None)
    assert units[0].threads == units[1].threads == {2}
    assert torch.get_num_threads() == 4


def test_a_slice_is_no_longer_than_a_checkpoint_may_wait() -> None:
    units = [Steps("a", 1, []) for _ in range(3)]
    for unit, backend in zip(units, (Local(1, 1), Local(2, 1), Local(2, 1, 0.1)), strict=True):
        backend.drain([unit], lambda unit, seconds: None)
    assert [unit.slices for unit in units] == [{backends.ALONE_SECONDS}, {backends.SIDE_BY_SIDE_SECONDS}, {0.1}]


@pytest.mark.parametrize("places", [1, 2])
def test_what_is_raised_after_a_step_ends_the_training(places: int) -> None:
    book: list[str] = []

    def stop(unit: object, seconds: float) -> None:
        raise KeyboardInterrupt

    torch.set_num_threads(3)
    with pytest.raises(KeyboardInterrupt):
        Local(places, 1).drain([Steps("a", 9, book), Steps("b", 9, book)], stop)
    assert len(book) == places
    assert torch.get_num_threads() == 3


def test_an_estimate_probes_one_of_those_alike_and_shares_the_time_out() -> None:
    book: list[str] = []
    units = [Steps("a1", 1, book, 3.0), Steps("a2", 1, book, 3.0), Steps("b1", 1, book, 10.0)]
    assert Local(1, 1).estimate(units) == 16.0
    assert book == ["a1", "b1"]
    assert Local(2, 1).estimate(units) == 8.0
    assert Local(8, 1).estimate(units[:1]) == 3.0  # no more side by side than there are
    assert Local(8, 1).estimate([]) == 0.0


@pytest.mark.parametrize(
    ("units", "threads", "found"), [(6, 2, (2, 1)), (2, 16, (2, 8)), (20, 16, (16, 1)), (1, 3, (1, 3))]
)
def test_threads_are_shared_out(units: int, threads: int, found: tuple[int, int]) -> None:
    assert share(units, 1, CPU, threads) == found
    assert share(units, 1, torch.device("cuda"), threads) == (1, threads)


def test_units_that_want_several_threads_have_them_if_there_are_so_many() -> None:
    assert share(6, None, CPU, 8) == (1, 8)  # all
    assert share(6, 4, CPU, 8) == (2, 4)
    assert share(6, 4, CPU, 2) == (1, 2)


def test_threads_that_a_checkpoint_fixes_leave_one_unit_to_a_cuda_device() -> None:
    assert share(6, 1, CPU, 8, each=3) == (2, 3)
    assert share(6, 1, CPU, 2, each=3) == (1, 3)
    assert share(6, 1, torch.device("cuda"), 16, each=4) == (1, 16)
