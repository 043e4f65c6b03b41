"""Huber's loss: quadratic up to δ, linear beyond, so that outliers pull with bounded force."""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from overparam_cli.kinds.linear.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from overparam_cli.kinds.linear.loss import Array


STAGES = 60


class Huber(Loss):
    """ℓ(r) = r²/2 where |r| ≤ δ, else δ(|r| − δ/2) (Huber, 1964)."""

    form = "residual"
    degree = 2
    accepts = "huber, huber0.5, …: huber and its δ above 0, which is 1 where none is given"

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = delta

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """``huber`` or ``huber<δ>``, δ in plain decimals."""
        match = re.fullmatch(r"huber(\d*\.?\d*)", name)
        text = match[1] if match else "."
        delta = 1.0 if text == "" else float(text) if text != "." else 0.0
        return cls(delta) if 0 < delta < math.inf else None

    @property
    def name(self) -> str:
        """``huber``, ``huber0.5``: one name for one δ, however it was written."""
        plain = f"{Decimal(repr(self.delta)):f}"  # no exponent
        return "huber" if self.delta == 1 else f"huber{plain.removesuffix('.0')}"

    @property
    def label(self) -> str:
        """With its δ."""
        return rf"Huber loss ($\delta$ = {self.delta:g})"

    def each(self, r: Any) -> Any:
        """c(r − c/2), c = r clipped to ±δ."""
        clipped = r.clip(-self.delta, self.delta)
        return clipped * (r - clipped / 2)

    def slope(self, r: Any) -> Any:
        """±δ at most."""
        return r.clip(-self.delta, self.delta)

    def slope_(self, r: "Tensor", out: "Tensor") -> None:
        """±δ at most."""
        import torch

        torch.clamp(r, -self.delta, self.delta, out=out)

    def curvature(self, r: "Array") -> "Array":
        """1 up to δ, 0 beyond."""
        return (abs(r) <= self.delta).astype(float)

    def conjugate(self, u: "Array") -> "Array":
        """u²/2, finite up to |u| = δ."""
        import numpy as np

        return np.where(abs(u) <= self.delta, u**2 / 2, math.inf)

    def in_units(self, exponent: int) -> "Huber":
        """With δ in these units."""
        import numpy as np

        return Huber(float(np.ldexp(self.delta, -exponent)))

    def path(self, r: "Array") -> Iterator[Loss]:
        """From ℓ2 on, δ is about halved again and again: with a small δ and a far start there is no curvature."""
        ratio = max(float(abs(r).max(initial=0.0)) / self.delta, 1.0)
        stages = min(math.ceil(math.log2(ratio)), STAGES)
        yield from (Huber(self.delta * ratio ** (stage / stages)) for stage in range(stages, 0, -1))
        yield self


LOSS = Huber
