"""The commands of the program, as the tests go through them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import click
import pytest

from overparam_cli.cli.main import cli


def commands(group: click.Group = cli, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and its full name, ("data", "list"), groups opened; in the order the help lists them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))
        else:
            yield (*prefix, name), command


def brief_bench(words: Sequence[str]) -> list[str]:
    """The words of `overparam bench`, with the least rounds and seconds in the place of those that it has."""
    left = [*words]
    for option in ("--rounds", "--seconds"):
        if option in left:
            del left[left.index(option) : left.index(option) + 2]
    return [*left, "--rounds", "1", "--seconds", "0.001"]


def quick_bench(patch: pytest.MonkeyPatch) -> None:
    """Let `overparam bench` time all that it times, in small batches, without a look at how long a step takes first."""
    from overparam_cli.kinds.linear import bench
    from overparam_cli.kinds.mnist import bench as bench_cnn
    from overparam_cli.run import timing

    patch.setattr(timing, "WARM", 0.0)
    patch.setattr(bench_cnn, "BATCH", 2)
    patch.setattr(bench, "CASES", tuple(replace(case, sizes=(1, 13, 30)) for case in bench.CASES))
