"""Adam."""

from typing import TYPE_CHECKING, Annotated

from overparam_cli.checks import fraction, non_negative
from overparam_cli.kinds.optimizer import optimizer, root

if TYPE_CHECKING:
    from torch import Tensor


@optimizer(torch={"bias_corrected_epsilon": 1.0})
def adam(
    params: "Tensor",
    grads: "Tensor",
    lr: "Tensor",
    scratch: "Tensor",
    first: "Tensor",
    second: "Tensor",
    t: "int | Tensor",
    *,
    beta1: Annotated[float, fraction] = 0.9,
    beta2: Annotated[float, fraction] = 0.999,
    epsilon: Annotated[float, non_negative] = 1e-8,
    bias_corrected_epsilon: float = 0.0,
) -> None:
    """Adam (Kingma & Ba, 2015): m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − η √(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε̂).

    m: first, v: second. tf1 takes ε̂ = ε as it is; torch adds ε after bias correction (bias_corrected_epsilon = 1),
    which in this form is ε̂ = ε √(1−β₂ᵗ).
    """
    import torch

    first.mul_(beta1).add_(grads, alpha=1 - beta1)
    second.mul_(beta2).addcmul_(grads, grads, value=1 - beta2)
    correction = root(1 - beta2**t)
    torch.sqrt(second, out=scratch).add_(epsilon * correction if bias_corrected_epsilon else epsilon)
    torch.div(first, scratch, out=scratch)
    scratch.mul_(correction / (1 - beta1**t))
    params.addcmul_(scratch, lr, value=-1)
