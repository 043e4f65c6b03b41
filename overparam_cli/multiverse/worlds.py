"""Which worlds a claim has, and which runs a world is made of.

An axis counts for a claim only where it can make a difference: all experiments that the claim reads are among the
axis's own, one of their curves has one of its optimisers, and an axis about the choice of a learning rate needs a
choice. Where an axis does not count it stands at its first option, the paper as it was first read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from overparam_cli.claims import Claim, all_claims
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.expansion import sweeps
from overparam_cli.multiverse.loading import Asked
from overparam_cli.multiverse.model import Axis, Choices, Multiverse, Option


@dataclass(frozen=True)
class Part:
    """One variant of one experiment under the choices that cost training: an ordinary run with overrides."""

    experiment: str
    variant: str
    choices: tuple[tuple[str, str], ...]


def claims_of(multiverse: Multiverse) -> tuple[Claim, ...]:
    """The claims that can be judged by its experiments alone; ConfigError where there is none."""
    known = {f"{name}/{variant}" for name, one in multiverse.experiments.items() for variant in sweeps(one)}
    found = tuple(claim for claim in all_claims() if set(claim.reads) <= known)
    if not found:
        raise ConfigError(f"{multiverse.where}: no claim is judged by {', '.join(multiverse.names)} alone")
    return found


def experiments_of(claim: Claim) -> tuple[str, ...]:
    """The experiments that a claim reads."""
    return tuple(dict.fromkeys(source.partition("/")[0] for source in claim.reads))


@cache
def counts(multiverse: Multiverse, axis: Axis, experiments: tuple[str, ...]) -> bool:
    """Whether an axis can make a difference to what is read from these experiments."""
    if axis.experiments and not set(experiments) <= set(axis.experiments):
        return False
    if axis.reads_rates and not any(name in grid.experiments for grid in multiverse.grids for name in experiments):
        return False
    return not axis.optimizers or any(
        sweep.first.optimizer in axis.optimizers
        for name in experiments
        for own in sweeps(multiverse.experiments[name]).values()
        for sweep in own
    )


def axes_of(multiverse: Multiverse, experiments: tuple[str, ...]) -> tuple[Axis, ...]:
    """The axes that count, in the file's order."""
    return tuple(axis for axis in multiverse.axes if counts(multiverse, axis, experiments))


def options_of(axis: Axis, asked: Asked) -> tuple[Option, ...]:
    """The options of an axis that are asked for, in the file's order; without a word all but the extra ones."""
    wanted = asked.get(axis.name)
    return tuple(one for one in axis.options if (not one.extra if wanted is None else one.name in wanted))


def worlds(multiverse: Multiverse, claim: Claim, asked: Asked) -> Iterator[Choices]:
    """The worlds of a claim: one option of every axis that counts for it, the last axis changing fastest."""
    axes = axes_of(multiverse, experiments_of(claim))
    for options in product(*(options_of(axis, asked) for axis in axes)):
        yield {axis.name: option.name for axis, option in zip(axes, options, strict=True)}


def first(multiverse: Multiverse) -> Choices:
    """The paper as it was first read."""
    return {axis.name: axis.options[0].name for axis in multiverse.axes}


def part(multiverse: Multiverse, source: str, choices: Choices) -> Part:
    """What of a world one of a claim's `reads` is: a run of an experiment under the choices that it is trained with."""
    experiment, _, variant = source.partition("/")
    axes = [axis for axis in axes_of(multiverse, (experiment,)) if axis.trains]
    chosen = {**first(multiverse), **choices}
    return Part(experiment, variant, tuple((axis.name, chosen[axis.name]) for axis in axes))


def parts(multiverse: Multiverse, asked: Asked) -> list[Part]:
    """Every run that the worlds asked for are made of: stage by stage, and in the order in which they are trained."""
    found: dict[Part, None] = {}
    for stage in multiverse.stages:
        axes = [axis for axis in axes_of_any(multiverse, stage) if axis.trains]
        for options in product(*(options_of(axis, asked) for axis in axes)):
            choices = {axis.name: option.name for axis, option in zip(axes, options, strict=True)}
            for name in stage:
                for variant in sweeps(multiverse.experiments[name]):
                    found.setdefault(part(multiverse, f"{name}/{variant}", choices))
    return list(found)


def axes_of_any(multiverse: Multiverse, experiments: tuple[str, ...]) -> list[Axis]:
    """The axes that count for one of these experiments at least."""
    return [axis for axis in multiverse.axes if any(counts(multiverse, axis, (name,)) for name in experiments)]
