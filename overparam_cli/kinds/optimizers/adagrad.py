"""AdaGrad."""

from typing import TYPE_CHECKING, Annotated

from overparam_cli.checks import non_negative
from overparam_cli.kinds.optimizer import optimizer

if TYPE_CHECKING:
    from torch import Tensor


@optimizer(torch={"initial_accumulator": 0.0, "epsilon": 1e-10})
def adagrad(
    params: "Tensor",
    grads: "Tensor",
    lr: "Tensor",
    scratch: "Tensor",
    accumulator: "Tensor",
    *,
    initial_accumulator: Annotated[float, non_negative] = 0.1,
    epsilon: Annotated[float, non_negative] = 0.0,
) -> None:
    """AdaGrad (Duchi et al., 2011): s ← s + g², w ← w − η g / (√s + ε). s: accumulator, s₀: initial_accumulator."""
    import torch

    accumulator.addcmul_(grads, grads)
    torch.sqrt(accumulator, out=scratch)
    if epsilon:
        scratch.add_(epsilon)
    torch.div(grads, scratch, out=scratch)
    params.addcmul_(scratch, lr, value=-1)
