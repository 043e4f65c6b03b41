"""What a run can measure at its log points beyond loss and ‖W_e‖: `--measure norm,sharpness`.

A measure looks at the engine and changes nothing, so a measured run has the trajectories of an unmeasured one. Each
costs some Hessian-vector products a trial and log point, nothing in between.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear import sharpness as curvature
from overparam_cli.kinds.linear.engine import Engine

ALWAYS_LOGGED = ("norm",)  # may be asked for, and is there anyway


@dataclass(frozen=True)
class Measure:
    """A column of `log.csv`: its name, and what gives its values, (B,) float64 in the order of `engine.trials`."""

    name: str
    function: Callable[[Engine], Tensor]

    def __call__(self, engine: Engine) -> Tensor:
        """The values now."""
        return self.function(engine)


def measure_curvature(engine: Engine) -> Tensor:
    """Top eigenvalue of the Hessian of the training loss L at W_e, whatever the layers; without weight decay."""
    found = curvature.curvature(engine.end_to_end().double(), engine.X, engine.Y, engine.loss_function)
    return engine.loss_scale * found


def measure_sharpness(engine: Engine) -> Tensor:
    """Top Hessian eigenvalue of the objective in the layers, L^N(W_1 … W_N) + (λ/2) Σ ‖W_j‖² (Eq. 3 and 4).

    Its gradient is what a step of Eq. 4 follows, so 2/lr is the threshold to hold it against. The end-to-end rule has
    no layers; it stands for a balanced network (Theorem 1), and is given the sharpness of its W_e, balanced over N
    layers of hidden width k (which balanced factors does not matter: they differ by rotations). Where the gradient of L
    vanishes, that is the top eigenvalue of the rule's preconditioner times the Hessian of L, the one 2/lr limits.

    NaN where the weights have grown so large that the Hessian is not finite.
    """
    held = [(member.networks, place) for member in engine.families for place in range(len(member.trials))]
    tensors = [networks.network(place) for networks, place in held]
    alike: dict[tuple[object, ...], list[int]] = {}
    for place, ((networks, _), own) in enumerate(zip(held, tensors, strict=True)):
        alike.setdefault((networks.maps, *(tensor.shape for tensor in own)), []).append(place)
    values = engine.X.new_empty(len(held))
    for places in alike.values():
        batch = [torch.stack(layer) for layer in zip(*(tensors[place] for place in places), strict=True)]
        maps = held[places[0]][0].maps
        values[places] = curvature.sharpness(batch, engine.X, engine.Y, engine.loss_function, maps)
    return engine.loss_scale * values + values.new_tensor([trial.weight_decay for trial in engine.trials])


def parse_measures(given: str | Sequence[str]) -> tuple[Measure, ...]:
    """The measures of these names, or of a text with commas between them, in the registry's order; none for none.

    Raises ConfigError for a name that is neither in the registry nor always logged.
    """
    text = given if isinstance(given, str) else ",".join(given)
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    for name in names:
        if name not in MEASURES and name not in ALWAYS_LOGGED:
            valid = ", ".join([*ALWAYS_LOGGED, *MEASURES])
            raise ConfigError(f"unknown measure '{name}': choose among {valid}, separated by commas")
    return tuple(measure for measure in MEASURES.values() if measure.name in names)


MEASURES: dict[str, Measure] = {
    "curvature": Measure("curvature", measure_curvature),
    "sharpness": Measure("sharpness", measure_sharpness),
}
"""Every measure that can be asked for, by name."""
