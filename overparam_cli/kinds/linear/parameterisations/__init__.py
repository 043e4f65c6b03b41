"""Parameterisations, one file each, known by the file's name; a new file in this folder is a new parameterisation.

Their names can be read without importing torch, which takes seconds; `parameterisation` imports the one it returns.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from overparam_cli.guests import modules, unique, visitors

if TYPE_CHECKING:
    from overparam_cli.kinds.linear.parameterisation import Parameterisation

GROUP = "overparam.parameterisations"
END_TO_END = "end-to-end"  # the paper's rule: reached by the optimiser of this name, which is bound to it


@cache
def names() -> tuple[str, ...]:
    """What a trial may choose, `layers` first."""
    own = [name.replace("_", "-") for name in modules(__name__, first=("layers",))]
    return tuple(name for name in [*own, *(name for name, _ in visitors(GROUP))] if name != END_TO_END)


@cache
def parameterisation(name: str) -> "Parameterisation":
    """The parameterisation of a name; KeyError where there is none."""
    own = name.replace("-", "_")
    found: Parameterisation
    if own in modules(__name__):
        found = import_module(f"{__name__}.{own}").PARAMETERISATION
    else:
        found = unique(visitors(GROUP))[name]
    return found
