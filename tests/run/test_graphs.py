"""Steps that are recorded and replayed, and what stands in for a GPU that does so."""

import pytest
import torch
from support.tape import REFUSED, Tape

from overparam_cli.run.graphs import WARM_UP, Replay, recorder_for, remark


class Counter:
    """Steps that count themselves on the "device"."""

    def __init__(self) -> None:
        self.value = torch.zeros((), dtype=torch.float64)

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.value += 1


@pytest.mark.parametrize("calls", [[1] * 9, [9], [2, 7], [25], [3, 10, 10, 5], [0, 1, 0]])
def test_as_many_steps_are_made_as_are_wanted(calls: list[int]) -> None:
    counter, tape = Counter(), Tape()
    run = Replay(counter.steps, tape, many=10)
    for number, count in enumerate(calls):
        run(count)
        assert counter.value == sum(calls[: number + 1])
    assert tape.warmed == min(WARM_UP, sum(calls))
    assert tape.recorded <= 2


def test_many_steps_are_one_replay() -> None:
    counter, tape = Counter(), Tape()
    run = Replay(counter.steps, tape, many=10)
    run(WARM_UP)
    run(30)
    assert (tape.recorded, tape.replayed) == (1, 3)
    run(1)
    assert (tape.recorded, tape.replayed) == (2, 4)


def test_what_is_refused_goes_on_step_by_step_and_is_said_once() -> None:
    counter, tape = Counter(), Tape(refuse="this device cannot\nand more")
    run = Replay(counter.steps, tape, many=10)
    run(57)
    assert counter.value == 57
    assert run.refused == "this device cannot"
    assert remark(run.refused).startswith("the GPU does not record steps (this device cannot)")
    assert remark("") == ""


def test_no_memory_is_no_refusal() -> None:
    class Full(Tape):
        def record(self, *_: object) -> None:  # type: ignore[override]
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        Replay(Counter().steps, Full())(WARM_UP + 1)


def test_a_processor_records_nothing() -> None:
    assert recorder_for(torch.device("cpu")) is None


# The stand-in: what a graph would get wrong, it gets wrong, too


def test_recording_computes_nothing_and_replaying_knows_no_number_of_pythons() -> None:
    memory, numbers = torch.zeros(3), iter(range(5))
    replay = Tape().record(lambda: memory.add_(next(numbers) + 1).mul_(2))  # type: ignore[arg-type,return-value]
    assert memory.tolist() == [0, 0, 0]
    replay()
    replay()
    assert memory.tolist() == [6, 6, 6]  # ((0 + 1)·2 + 1)·2: the 1 of the recording, both times
    assert next(numbers) == 1


def test_what_operations_allocate_is_there_at_each_replay() -> None:
    memory, out = torch.arange(4.0).view(2, 2), torch.zeros(2)
    replay = Tape().record(lambda: out.copy_((memory * 2).T.sum(dim=1)))  # type: ignore[arg-type,return-value]
    for factor in (1, 3):
        memory.copy_(torch.arange(4.0).view(2, 2) * factor)
        replay()
        assert out.tolist() == [4 * factor, 8 * factor]


@pytest.mark.parametrize(
    "work",
    [
        lambda memory: memory[0].item(),
        lambda memory: memory.isfinite().all() and 1,
        lambda memory: memory[memory > 0],
        lambda memory: memory.add_(torch.tensor([1.0, 2.0, 3.0])),
        lambda memory: memory.nonzero(),
    ],
)
def test_waiting_for_the_device_is_refused(work: object) -> None:
    memory = torch.tensor([1.0, 0.0, 2.0])
    with pytest.raises(RuntimeError, match=REFUSED):
        Tape().record(lambda: work(memory))  # type: ignore[operator]
    assert memory.tolist() == [1, 0, 2]


def test_only_generators_that_are_named_are_drawn_from_and_go_on_by_replays() -> None:
    memory = torch.zeros(4)
    own, twin = (torch.Generator().manual_seed(3) for _ in range(2))
    with pytest.raises(RuntimeError, match="not registered"):
        Tape().record(lambda: memory.uniform_(generator=own))  # type: ignore[arg-type,return-value]
    replay = Tape().record(lambda: memory.uniform_(generator=own), [own])  # type: ignore[arg-type,return-value]
    for _ in range(2):
        replay()
        assert torch.equal(memory, torch.zeros(4).uniform_(generator=twin))
