"""How the number of threads is chosen, on a clock of the tests' own."""

import math

import pytest

from overparam_cli.kinds.linear.pace import GLANCE, Pace

ONE = 1e-4  # seconds an iteration with one thread


class Machine:
    """Two to four cores on which others may be at work; `cost` says what more threads need beside one."""

    def __init__(self, most: int = 2, trials: int = 30) -> None:
        self.threads, self.most_threads, self.now, self.trials = 1, most, 0.0, trials
        self.cost = {1: 1.0, 2: 0.55, 3: 0.45, 4: 0.35}
        self.used: list[tuple[int, int]] = []  # threads, iterations
        self.pace = Pace(self, clock=lambda: self.now)

    def run(self, steps: int) -> None:
        self.now += steps * ONE * self.cost[self.threads] * self.trials / 30
        self.used.append((self.threads, steps))

    def advance(self, steps: int) -> float:
        """Seconds that `steps` iterations take, over those of one thread."""
        start = self.now
        for _ in range(steps // 100):
            self.pace.advance(self.run, 100, self.trials)
        return (self.now - start) / (steps * ONE * self.trials / 30)


def test_every_iteration_is_made_once() -> None:
    machine = Machine()
    machine.advance(10_000)
    assert sum(steps for _, steps in machine.used) == 10_000


@pytest.mark.parametrize("most", [2, 3, 4])
def test_an_idle_machine_is_used(most: int) -> None:
    machine = Machine(most)
    assert machine.advance(100_000) < 1.1 * machine.cost[most]


@pytest.mark.parametrize("slower", [1.0, 1.5, 10.0, 50.0])
def test_on_a_busy_machine_it_is_hardly_slower_than_one_thread(slower: float) -> None:
    machine = Machine(4)
    machine.cost |= dict.fromkeys((2, 3, 4), slower)
    assert machine.advance(100_000) < 1.2


def test_it_gives_way_when_others_come_and_comes_back_when_they_have_gone() -> None:
    machine, idle = Machine(), Machine().cost
    assert machine.advance(100_000) < 0.65
    machine.cost = {1: 1.0, 2: 20.0}
    assert machine.advance(100_000) < 1.2
    machine.cost = idle
    assert machine.advance(400_000) < 0.8
    assert machine.advance(100_000) < 0.65


def test_a_batch_that_shrinks_is_measured_anew() -> None:
    machine = Machine()
    machine.advance(1000)
    machine.trials, machine.cost, machine.used = 2, {1: 1.0, 2: 3.0}, []
    machine.advance(1000)
    assert {threads for threads, _ in machine.used} == {1, 2}
    assert machine.pace._best == 1


def test_one_thread_is_not_compared_with_itself() -> None:
    machine = Machine(most=1)
    machine.advance(1000)
    assert {threads for threads, _ in machine.used} == {1}
    assert max(steps for _, steps in machine.used) <= math.ceil(GLANCE / ONE)
