"""What a function does that a command does not: it says nothing, and leaves PyTorch as it found it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overparam_cli.run.progress import Progress


@contextmanager
def shown(jobs: int, *, progress: bool) -> Iterator["Progress"]:
    """The command's display where `progress` asks for it; otherwise what must be said is a UserWarning."""
    from overparam_cli.run.progress import Silent, display

    class Warned(Silent):
        """Nothing but warnings."""

        def warn(self, text: str) -> None:
            """One that a program can catch."""
            warnings.warn(text, UserWarning, stacklevel=2)

    if progress:
        with display(jobs) as display_of_the_command:
            yield display_of_the_command
    else:
        yield Warned()


@contextmanager
def torch_left_alone(threads: int | None = None) -> Iterator[None]:
    """PyTorch's settings, which a run changes for the whole process, are afterwards what they were.

    Meanwhile operations use so many `threads`, if a number is given.
    """
    import torch

    cudnn = torch.backends.cudnn
    precision, tf32, deterministic = torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.deterministic
    tiny = torch.tensor([5e-324], dtype=torch.float64)
    flushed, before = not bool((tiny * 1.0).item()), torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.set_float32_matmul_precision(precision)
        cudnn.allow_tf32, cudnn.deterministic = tf32, deterministic
        torch.set_num_threads(before)
