"""ℓp: the p-th power of the residual over p, p even; ℓ2 and ℓ4 are the paper's."""

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from overparam_cli.kinds.linear.loss import Array


class Power(Loss):
    """ℓ(r) = r^p / p."""

    form = "residual"
    accepts = "l2, l4, l6, …: l followed by an even p of at least 2"

    def __init__(self, p: int) -> None:
        if isinstance(p, bool) or not isinstance(p, int) or p < 2 or p % 2:
            raise ConfigError(f"the loss exponent p must be an even integer of 2 or more (2 is ℓ2, 4 is ℓ4), not {p!r}")
        self.p = self.divisor = self.degree = p
        self.quadratic = p == 2

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """``l<p>`` with an even p of at least 2 and at most 998."""
        match = re.fullmatch(r"l(\d{1,3})", name)
        p = int(match[1]) if match else 0
        return cls(p) if p >= 2 and p % 2 == 0 else None

    @property
    def name(self) -> str:
        """``l4``."""
        return f"l{self.p}"

    @property
    def label(self) -> str:
        """ℓ with the index p."""
        return rf"$\ell_{{{self.p}}}$ loss"

    def each(self, r: Any) -> Any:
        """r^p."""
        return r**self.p

    def slope(self, r: Any) -> Any:
        """r^{p−1}."""
        return r ** (self.p - 1)

    def slope_(self, r: "Tensor", out: "Tensor") -> None:
        """r^{p−1}, by squares."""
        import torch

        if self.p == 4:
            torch.pow(r, 3, out=out)  # one pass
        else:
            torch.mul(r, r, out=out)
            out.pow_((self.p - 2) // 2).mul_(r)

    def curvature(self, r: "Array") -> "Array":
        """(p − 1) r^{p−2}."""
        return (self.p - 1) * r ** (self.p - 2)

    def conjugate(self, u: "Array") -> "Array":
        """(1 − 1/p) |u|^{p/(p−1)}."""
        result: Array = (1 - 1 / self.p) * abs(u) * abs(u) ** (1 / (self.p - 1))
        return result

    def path(self, r: "Array") -> Iterator[Loss]:
        """By powers twice as high each time: the optimum of ℓ2 says little about that of ℓ100."""
        low = 4
        while low < self.p:
            yield Power(low)
            low *= 2
        yield self

    def least_squares(self, r: "Array") -> "tuple[Array, Array] | None":
        """√(p−1)|r|^{p/2−1} and −sign(r)|r|^{p/2}/√(p−1), exact where curvatures vanish."""
        half, root = abs(r) ** (self.p // 2 - 1), math.sqrt(self.p - 1)
        return root * half, -half * r / root


LOSS = Power
