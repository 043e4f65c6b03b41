"""A cheap first pass: every world for a few iterations, and then at full length those alone that may differ.

A world differs where a claim comes out otherwise, at the end of the first pass, than with the same readings in the runs
of the paper as it was first read. What comes out of the first pass stands in a results folder of its own; worlds whose
horizon lies within it are judged by it where there is nothing longer (`library`).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.errors import ConfigError
from overparam_cli.multiverse.model import Choices, Multiverse, length
from overparam_cli.multiverse.training import Pack
from overparam_cli.multiverse.worlds import experiments_of, first
from overparam_cli.results.find import children
from overparam_cli.words import count

if TYPE_CHECKING:
    from overparam_cli.multiverse.judging import Row

MARK = "@iterations="  # in the name of a first pass's folder


def screened(multiverse: Multiverse, iterations: int) -> Multiverse:
    """The first pass: the same multiverse with runs that end early, and without the axis of where they end.

    Experiments that are no longer anyway are left out. ConfigError where that leaves none.
    """
    longer = {name for name, one in multiverse.experiments.items() if length(one) > iterations}
    stages = tuple(own for stage in multiverse.stages if (own := tuple(name for name in stage if name in longer)))
    if not stages:
        raise ConfigError(f"{multiverse.where}: no experiment is longer than {count(iterations, 'iteration')}")
    axes = tuple(
        replace(axis, experiments=tuple(name for name in axis.experiments if name in longer))
        for axis in multiverse.axes
        if all(one.reading.horizon is None for one in axis.options)
        and (not axis.experiments or longer & {*axis.experiments})
    )
    name = f"{multiverse.name}{MARK}{iterations}"
    return replace(multiverse, name=name, stages=stages, axes=axes, screen=iterations)


def passes(multiverse: Multiverse, results: Path) -> list[tuple[Multiverse, Path]]:
    """The first passes that were made, and where they stand: beside `results`, the multiverse's own folder."""
    found = []
    for folder in children(results.parent):
        base, mark, text = folder.name.partition(MARK)
        if mark and base == multiverse.name and text.isdecimal():
            with suppress(ConfigError):
                found.append((screened(multiverse, int(text)), folder))
    return found


def differing(multiverse: Multiverse, rows: "Sequence[Row]", packs: Sequence[Pack]) -> list[Pack]:
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
    known = {name for row in rows for name in experiments_of(row.claim)}
    return [
        pack
        for pack in packs
        if _is_first(pack, plain)
        or not known & {part.experiment for part in pack.parts}
        or any(_is_of(pack, *one) for one in differ)
    ]


def _key(row: "Row", choices: Choices) -> tuple[str, tuple[tuple[str, str], ...]]:
    return row.claim.id, tuple(sorted(choices.items()))


def _is_first(pack: Pack, plain: Choices) -> bool:
    return any(all(plain[axis] == option for axis, option in part.choices) for part in pack.parts)


def _is_of(pack: Pack, experiments: Sequence[str], choices: Choices) -> bool:
    """Whether a world with these choices reads something of a pack."""
    return any(
        part.experiment in experiments and all(choices.get(axis, option) == option for axis, option in part.choices)
        for part in pack.parts
    )
