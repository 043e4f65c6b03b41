"""Gradient descent."""

from typing import TYPE_CHECKING

from overparam_cli.kinds.optimizer import optimizer

if TYPE_CHECKING:
    from torch import Tensor


@optimizer()
def gd(params: "Tensor", grads: "Tensor", lr: "Tensor") -> None:
    """Gradient descent: w ← w − η g."""
    params.addcmul_(grads, lr, value=-1)
