"""AdaDelta."""

from typing import TYPE_CHECKING, Annotated

from overparam_cli.checks import fraction, non_negative
from overparam_cli.kinds.optimizer import optimizer

if TYPE_CHECKING:
    from torch import Tensor


@optimizer(torch={"rho": 0.9, "epsilon": 1e-6})
def adadelta(
    params: "Tensor",
    grads: "Tensor",
    lr: "Tensor",
    scratch: "Tensor",
    square: "Tensor",
    delta: "Tensor",
    *,
    rho: Annotated[float, fraction] = 0.95,
    epsilon: Annotated[float, non_negative] = 1e-8,
) -> None:
    """AdaDelta (Zeiler, 2012): s ← ρ s + (1−ρ) g², u = g √(δ + ε) / √(s + ε), δ ← ρ δ + (1−ρ) u², w ← w − η u."""
    import torch

    square.mul_(rho).addcmul_(grads, grads, value=1 - rho)
    torch.add(square, epsilon, out=scratch).rsqrt_()
    grads.mul_(scratch)
    torch.add(delta, epsilon, out=scratch).sqrt_()
    grads.mul_(scratch)  # the update u
    delta.mul_(rho).addcmul_(grads, grads, value=1 - rho)
    params.addcmul_(grads, lr, value=-1)
