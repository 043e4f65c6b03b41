"""What an optimiser is: a function that updates parameters in place, its signature the only description it needs.

Every optimiser is elementwise, so it does not care how parameters are laid out, of how many trials they are, and of
what network. Its arguments are known by their names:

    params, grads   tensors of one shape; an update may overwrite grads
    lr              η, one learning rate a trial, broadcasting against them
    scratch         a tensor of their shape to work in, of no meaning before or after
    t               the number of the update, from 1; where updates are recorded (CUDA), a tensor in float64 on the
                    device, so that it is another every time: compute with it, with `root`, and never ask its value
    (any other)     a slot of state, of their shape: zeros at first, or full of the hyperparameter `initial_<slot>`

and its keyword-only arguments are its hyperparameters but η, their defaults TensorFlow 1.x's, which the paper ran
(semantics `tf1`). The decorator says what PyTorch's (`torch`) change. A hyperparameter that the user may set has its
check as an annotation; the others only tell the semantics apart. An update allocates nothing.

Reading any of this does not import torch, which takes seconds: the functions import it themselves.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from overparam_cli.checks import Check
from overparam_cli.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

Hyper = Mapping[str, float]
State = dict[str, "Tensor"]

SEMANTICS = ("tf1", "torch")
WORKED_ON = ("params", "grads", "lr", "scratch", "t")


@dataclass(frozen=True)
class Optimizer:
    """An optimiser, as its function's signature describes it.

    `defaults`: hyperparameters per semantics; `checks`: of those the user may set; `slots`: names of its state tensors;
    `takes`: which of WORKED_ON it wants. `parameterisation`: what it is bound to, where it is no optimiser of any
    network but one that is known under a name of its own together with what it updates.
    """

    name: str
    function: Callable[..., None]
    defaults: Mapping[str, Hyper]
    checks: Mapping[str, Check]
    slots: tuple[str, ...]
    takes: tuple[str, ...]
    parameterisation: str | None = None

    @property
    def elementwise(self) -> bool:
        """Whether it trains any network: it treats every parameter by itself."""
        return self.parameterisation is None

    def init(self, params: "Tensor", hyper: Hyper) -> State:
        """State before the first update, of the shape of `params`.

        Raises ConfigError where the optimiser divides by a root of the state and nothing keeps that above 0.
        """
        import torch

        start = {slot: hyper.get(f"initial_{slot}", 0.0) for slot in self.slots}
        if "epsilon" in hyper and hyper["epsilon"] + max(start.values(), default=0.0) <= 0:
            filled = [f"initial_{slot}" for slot in self.slots if f"initial_{slot}" in hyper]
            named = f"epsilon and {' and '.join(filled)} are" if filled else "epsilon is"
            raise ConfigError(f"{named} 0, so a zero gradient would be divided by zero: give a value above 0")
        return {slot: torch.full_like(params, value) for slot, value in start.items()}

    def bind(
        self, params: "Tensor", lr: "Tensor", state: State, hyper: Hyper
    ) -> Callable[["Tensor", "int | Tensor"], None]:
        """The update of these tensors, as a function of (grads, t)."""
        import torch

        fixed: dict[str, Any] = {**state, **hyper, "params": params, "lr": lr}
        if "scratch" in self.takes:
            fixed["scratch"] = torch.empty_like(params)
        function, counts = self.function, "t" in self.takes

        def update(grads: "Tensor", t: "int | Tensor") -> None:
            if counts:
                function(grads=grads, t=t, **fixed)
            else:
                function(grads=grads, **fixed)

        return update


def root(value: "float | Tensor") -> Any:
    """√ of a number, or of a tensor, which is not waited for."""
    return math.sqrt(value) if isinstance(value, float) else value.sqrt()


def optimizer(*, name: str = "", torch: Hyper | None = None) -> Callable[[Callable[..., None]], Optimizer]:
    """Make a function the optimiser that its signature describes, under its own name unless `name` is given.

    `torch`: the defaults in which PyTorch's conventions differ.
    """

    def read(function: Callable[..., None]) -> Optimizer:
        arguments = inspect.signature(function).parameters.values()
        tensors = [each.name for each in arguments if each.kind is not inspect.Parameter.KEYWORD_ONLY]
        own = [each for each in arguments if each.kind is inspect.Parameter.KEYWORD_ONLY]
        tf1 = {each.name: float(each.default) for each in own}
        return Optimizer(
            name=name or function.__name__,
            function=function,
            defaults={"tf1": tf1, "torch": {**tf1, **(torch or {})}},
            checks={each.name: check for each in own for check in get_args(each.annotation)[1:]},
            slots=tuple(each for each in tensors if each not in WORKED_ON),
            takes=tuple(each for each in tensors if each in WORKED_ON),
        )

    return read
