"""The logistic loss of a margin: classification of labels −1 and +1, as logistic regression fits it."""

import math
from typing import TYPE_CHECKING, Any, Self

from overparam_cli.kinds.linear.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from overparam_cli.kinds.linear.loss import Array


class Logistic(Loss):
    """ℓ(m) = log(1 + e^{−m}); its infimum 0 is attained at no finite m."""

    form = "margin"
    accepts = "logistic"
    name = "logistic"
    label = "logistic loss"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """``logistic``."""
        return cls() if name == cls.name else None

    def each(self, r: Any) -> Any:
        """log(1 + e^{−m})."""
        if hasattr(r, "log1p"):  # a tensor
            return (-r).clip(min=0) + (-r.abs()).exp().log1p()
        import numpy as np

        return np.logaddexp(0.0, -r)

    def slope(self, r: Any) -> Any:
        """−1/(1 + e^m)."""
        if hasattr(r, "sigmoid"):  # a tensor
            return -(-r).sigmoid()
        import numpy as np

        return -np.exp(-np.logaddexp(0.0, r))

    def slope_(self, r: "Tensor", out: "Tensor") -> None:
        """−1/(1 + e^m)."""
        import torch

        torch.neg(r, out=out).sigmoid_().neg_()

    def curvature(self, r: "Array") -> "Array":
        """1/((1 + e^m)(1 + e^{−m}))."""
        import numpy as np

        both: Array = np.exp(-np.logaddexp(0.0, r) - np.logaddexp(0.0, -r))
        return both

    def conjugate(self, u: "Array") -> "Array":
        """v log v + (1 − v) log(1 − v) of v = −u, finite for 0 ≤ v ≤ 1."""
        import numpy as np
        from scipy.special import xlog1py, xlogy

        inside = (u <= 0) & (u >= -1)
        v = np.where(inside, -u, 0.0)
        return np.where(inside, xlogy(v, v) + xlog1py(1 - v, -v), math.inf)


LOSS = Logistic
