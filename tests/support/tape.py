"""Recording and replaying as a GPU does it, on a processor: what stands in for a CUDA graph where there is none.

As with a graph, the Python code runs once, while nothing is computed; a replay repeats the very operations on the very
memory, so that a number of Python's is the same every time; whatever would wait for the device, bring a number to it,
or draw from a generator that was not named is refused. What is not shown: the launches themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

REFUSED = "operation not permitted when stream is capturing"
WAITING = {
    "aten::_local_scalar_dense", "aten::equal", "aten::nonzero", "aten::masked_select", "aten::unique_dim",
    "aten::_unique2", "aten::lift_fresh", "aten::_linalg_svd", "aten::_linalg_eigh",
}  # fmt: skip


class Tape:
    """A recorder; `warmed`, `recorded` and `replayed` count."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.warmed = self.recorded = self.replayed = 0

    def warm_up(self, work: Callable[[], None]) -> None:
        self.warmed += 1
        work()

    def record(self, work: Callable[[], None], generators: Sequence[torch.Generator] = ()) -> Callable[[], None]:
        if self.refuse:
            raise RuntimeError(self.refuse)
        self.recorded += 1
        recording = Recording(generators)
        try:
            with recording:
                work()
        finally:
            recording.undo()

        def replay() -> None:
            self.replayed += 1
            recording.replay()

        return replay


class Recording(TorchDispatchMode):
    """The operations that were asked for, and what memory they found as it was."""

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.drawn = {generator._cdata: (generator, generator.get_state()) for generator in generators}
        self.before: dict[int, tuple[Tensor, Tensor]] = {}  # of memory that was there: itself, and what was in it
        self.made: set[int] = set()  # memory that the recorded operations bring with them
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], list[Tensor]]] = []
        self.alive: list[Any] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        leaves = tree_leaves((args, given))
        for generator in (leaf for leaf in leaves if isinstance(leaf, torch.Generator)):
            if generator._cdata not in self.drawn:
                raise RuntimeError("a generator that is not registered with the graph")
        by_mask = func.namespace == "aten" and "index" in func.name() and _masked(args)
        if func.name() in WAITING or by_mask:
            raise RuntimeError(REFUSED)
        inside = {_memory(tensor) for tensor in _tensors(leaves)}
        for tensor in _tensors(leaves):
            if _memory(tensor) not in self.made:
                whole = _whole(tensor)
                self.before.setdefault(_memory(tensor), (whole, whole.clone()))
        result = func(*args, **given)
        fresh = [tensor for tensor in _tensors(tree_leaves(result)) if _memory(tensor) not in inside]
        self.made |= {_memory(tensor) for tensor in fresh}
        self.alive.append(result)
        if fresh or func._schema.is_mutable:
            self.calls.append((func, args, given, [tensor.detach() for tensor in fresh]))
        return result

    def undo(self) -> None:
        """Let memory and generators be as they were: recording computes nothing."""
        for whole, content in self.before.values():
            whole.copy_(content)
        for generator, state in self.drawn.values():
            generator.set_state(state)

    @torch.no_grad()
    def replay(self) -> None:
        for func, args, given, fresh in self.calls:
            result = list(_tensors(tree_leaves(func(*args, **given))))
            if fresh:
                for kept, new in zip(fresh, result, strict=True):
                    kept.copy_(new)


def _tensors(leaves: Sequence[Any]) -> Iterator[Tensor]:
    return (leaf for leaf in leaves if isinstance(leaf, Tensor))


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _whole(tensor: Tensor) -> Tensor:
    """All of the memory that a tensor is in."""
    return torch.empty(0, dtype=torch.uint8).set_(tensor.detach().untyped_storage())


def _masked(args: tuple[Any, ...]) -> bool:
    return any(tensor.dtype == torch.bool for tensor in _tensors(tree_leaves(args[1:])))
