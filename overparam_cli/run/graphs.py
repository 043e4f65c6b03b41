"""Steps that are recorded once and replayed, as CUDA graphs.

A step of ours is a dozen operations or more of a few microseconds, which take the processor longer to ask for than the
GPU to do. Recorded, they are asked for at once, many steps at a time. What is recorded must be the same every time: the
same operations on the same memory, with no number that the processor computes, and without waiting for the device.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch

Work = Callable[[], None]
WARM_UP = 3  # steps before anything is recorded; libraries set themselves up in the first ones


class Recorder(Protocol):
    """What records work."""

    def warm_up(self, work: Work) -> None:
        """Do `work`, in such a way that what is set up by it need not be recorded."""

    def record(self, work: Work, generators: Sequence[torch.Generator] = ()) -> Work:
        """What will do `work` whenever it is called; nothing is done yet. It may draw from `generators`.

        Raises RuntimeError where the device refuses.
        """


class CudaGraphs:
    """PyTorch's CUDA graphs."""

    def __init__(self, device: torch.device) -> None:
        """Of a device of type `cuda`."""
        self.device = device

    def warm_up(self, work: Work) -> None:
        """On a stream of its own, as PyTorch asks for before a graph."""
        stream, current = torch.cuda.Stream(self.device), torch.cuda.current_stream(self.device)  # type: ignore[no-untyped-call]
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            work()
        current.wait_stream(stream)

    def record(self, work: Work, generators: Sequence[torch.Generator] = ()) -> Work:
        """A graph, which lives as long as what is returned."""
        graph = torch.cuda.CUDAGraph()
        for generator in generators:
            graph.register_generator_state(generator)
        with torch.cuda.graph(graph):
            work()
        return graph.replay


class StepByStep:
    """Records nothing: what the others are held against."""

    def warm_up(self, work: Work) -> None:
        """As it is."""
        work()

    def record(self, work: Work, generators: Sequence[torch.Generator] = ()) -> Work:
        """As it is."""
        return work


def recorder_for(device: torch.device) -> Recorder | None:
    """What records the work of a device; None where there is nothing to be gained by it."""
    return CudaGraphs(device) if device.type == "cuda" else None


def remark(refused: str) -> str:
    """What to tell of steps that are not recorded, for the reason `refused`; "" where there is none."""
    return f"the GPU does not record steps ({refused}): they are asked for one by one, slower" if refused else ""


class Replay:
    """Steps of one kind: the first ones as they are, then recorded ones, `many` at a time where so many are wanted.

    `refused` says why the device does not record them, in which case they go on as they are; "" where it does.
    """

    def __init__(
        self,
        steps: Callable[[int], None],
        recorder: Recorder,
        many: int = 1,
        generators: Sequence[torch.Generator] = (),
    ) -> None:
        """`steps` makes as many as it is told."""
        self.steps, self.recorder, self.generators = steps, recorder, generators
        self.sizes = tuple(sorted({many, 1}, reverse=True))
        self.refused = ""
        self._warm = 0
        self._recorded: dict[int, Work] = {}

    def __call__(self, count: int) -> None:
        """Make `count` steps."""
        while count and self._warm < WARM_UP:
            self.recorder.warm_up(partial(self.steps, 1))
            self._warm += 1
            count -= 1
        for size in self.sizes:
            while count >= size:
                self._work(size)()
                count -= size

    def _work(self, size: int) -> Work:
        """So many steps at once, recorded when they are first wanted."""
        if size not in self._recorded:
            self._recorded[size] = self._record(partial(self.steps, size))
        return self._recorded[size]

    def _record(self, work: Work) -> Work:
        if not self.refused:
            try:
                return self.recorder.record(work, self.generators)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                self.refused = str(error).splitlines()[0] if str(error) else type(error).__name__
        return work
