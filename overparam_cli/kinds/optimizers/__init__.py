"""Optimisers, one file each; a new file in this folder is a new optimiser.

The paper ran TensorFlow 1.x, whose defaults (`tf1`) differ from PyTorch's (`torch`); `Optimizer.defaults` holds both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module

from overparam_cli.guests import modules, unique, visitors
from overparam_cli.kinds.optimizer import SEMANTICS, Hyper, Optimizer, State
from overparam_cli.kinds.optimizers.gd import gd

__all__ = ["OPTIMIZERS", "SEMANTICS", "Hyper", "Optimizer", "State"]


def _found() -> Iterator[Optimizer]:
    """Those of this folder, plain to elaborate as messages list them, then those of other packages."""
    for name in modules(__name__, first=("gd", "momentum", "adagrad", "adadelta", "adam")):
        own = vars(import_module(f"{__name__}.{name}")).values()
        yield from (entry for entry in own if isinstance(entry, Optimizer))
    # The paper's end-to-end update rule (Eq. 10) is gradient descent where a parameterisation preconditions the
    # gradient. Files know the two together by one name.
    yield replace(gd, name="end-to-end", parameterisation="end-to-end")
    yield from (entry for _, entry in visitors("overparam.optimizers"))


OPTIMIZERS: Mapping[str, Optimizer] = unique((entry.name, entry) for entry in _found())
