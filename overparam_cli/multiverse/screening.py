"""A cheap first pass: every world for a few iterations, and then at full length those alone that may differ.

A world differs where a claim comes out otherwise, at the end of the first pass, than with the same readings in the runs
of the paper as it was first read. What comes out of the first pass stands in a results folder of its own.
"""

from collections.abc import Sequence
from dataclasses import replace

from overparam_cli.multiverse.judging import Row
from overparam_cli.multiverse.model import Choices, Multiverse
from overparam_cli.multiverse.training import Pack
from overparam_cli.multiverse.worlds import experiments_of, first


def screened(multiverse: Multiverse, iterations: int) -> Multiverse:
    """The first pass: the same multiverse with runs that end early, and without the axis of where they end."""
    axes = tuple(axis for axis in multiverse.axes if all(one.reading.horizon is None for one in axis.options))
    return replace(multiverse, name=f"{multiverse.name}@iterations={iterations}", axes=axes, screen=iterations)


def differing(multiverse: Multiverse, rows: Sequence[Row], packs: Sequence[Pack]) -> list[Pack]:
    """Of `packs`, those at full length which `rows`, what came out of the first pass, leave open.

    The paper's own are among them: the others are compared with these.
    """
    plain = first(multiverse)
    trains = {axis.name for axis in multiverse.axes if axis.trains}
    outcomes = {_key(row, row.choices): row.outcome for row in rows}
    differ = []
    for row in rows:
        own = {axis: option for axis, option in row.choices.items() if axis in trains}
        base = {axis: plain[axis] if axis in trains else option for axis, option in row.choices.items()}
        if row.outcome != outcomes.get(_key(row, base)):
            differ.append((experiments_of(row.claim), own))
    return [pack for pack in packs if _is_first(pack, plain) or any(_is_of(pack, *one) for one in differ)]


def _key(row: Row, choices: Choices) -> tuple[str, tuple[tuple[str, str], ...]]:
    return row.claim.id, tuple(sorted(choices.items()))


def _is_first(pack: Pack, plain: Choices) -> bool:
    return any(all(plain[axis] == option for axis, option in part.choices) for part in pack.parts)


def _is_of(pack: Pack, experiments: Sequence[str], choices: Choices) -> bool:
    """Whether a world with these choices reads something of a pack."""
    return any(
        part.experiment in experiments and all(choices.get(axis, option) == option for axis, option in part.choices)
        for part in pack.parts
    )
