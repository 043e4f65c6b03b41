"""Losses, one file each; a new file in this folder is a new loss."""

from collections.abc import Sequence
from importlib import import_module

from overparam_cli.guests import modules, visitors
from overparam_cli.kinds.linear.loss import Loss


def _found() -> Sequence[type[Loss]]:
    own = [import_module(f"{__name__}.{name}").LOSS for name in modules(__name__, first=("power", "huber", "logistic"))]
    return [*own, *(loss for _, loss in visitors("overparam.losses"))]


LOSSES: Sequence[type[Loss]] = _found()


def named(name: str) -> Loss:
    """The loss of a name; ValueError, saying what is accepted, where there is none."""
    text = name.strip().lower() if isinstance(name, str) else ""
    for loss in LOSSES:
        if (found := loss.parse(text)) is not None:
            return found
    raise ValueError(f"must be {'; or '.join(loss.accepts for loss in LOSSES)}")
