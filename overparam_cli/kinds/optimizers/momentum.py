"""Heavy ball."""

from typing import TYPE_CHECKING, Annotated

from overparam_cli.checks import fraction
from overparam_cli.kinds.optimizer import optimizer

if TYPE_CHECKING:
    from torch import Tensor


@optimizer()
def momentum(
    params: "Tensor", grads: "Tensor", lr: "Tensor", velocity: "Tensor", *, momentum: Annotated[float, fraction] = 0.9
) -> None:
    """Heavy ball: a ← μ a + g, w ← w − η a (both semantics). μ: momentum; a: velocity."""
    velocity.mul_(momentum).add_(grads)
    params.addcmul_(velocity, lr, value=-1)
