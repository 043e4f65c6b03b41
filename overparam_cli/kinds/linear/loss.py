"""What a loss is: a convex function ℓ of one number per example and output.

Of which number, its `form` says. With one row of features x, label y and prediction s = W·x:

    residual   ℓ(s − y)   regression; y is any number
    margin     ℓ(y·s)     classification; y is −1 or +1

    L(W) = (1/n) Σ_i Σ_o ℓ(·)

A loss is written on plain operators, so that `each` and `slope` take NumPy arrays as well as tensors; `slope_` is the
training loop's, `curvature` and `conjugate` are the certificate's. Reading a name imports neither torch, which takes
seconds, nor NumPy.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from overparam_cli.errors import DataInvalidError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[np.float64]


class Loss(ABC):
    """A loss, with its parameters. Instances are equal by their name.

    Class attributes: `form`; `accepts`, the names that `parse` reads, as an error message lists them; `divisor`, a
    constant that ℓ = each/divisor is divided by once a sum rather than once a term; `quadratic`, whether ∇L is linear
    in W, so that the data enters through XᵀX alone; `degree`, the power of the unit of residuals by which ℓ changes
    (see `in_units`), 0 where the formula ties it to one.
    """

    form: ClassVar[Literal["residual", "margin"]]
    accepts: ClassVar[str]
    divisor: int = 1
    quadratic: bool = False
    degree: int = 0

    @classmethod
    @abstractmethod
    def parse(cls, name: str) -> Self | None:
        """The loss of a name in lower case; None where the name is none of this class's."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The canonical name, as files have it."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The loss as the axis of a figure shows it."""

    @abstractmethod
    def each(self, r: Any) -> Any:
        """divisor · ℓ(r), elementwise, of an array or a tensor."""

    @abstractmethod
    def slope(self, r: Any) -> Any:
        """ℓ′(r), elementwise, of an array or a tensor; differentiable."""

    @abstractmethod
    def slope_(self, r: "Tensor", out: "Tensor") -> None:
        """Write ℓ′(r) into `out`; `r` may be overwritten, and nothing is allocated."""

    @abstractmethod
    def curvature(self, r: "Array") -> "Array":
        """ℓ″(r), elementwise; where it jumps, either value."""

    @abstractmethod
    def conjugate(self, u: "Array") -> "Array":
        """ℓ*(u) = sup_r (u·r − ℓ(r)), elementwise; inf where it is."""

    def in_units(self, exponent: int) -> "Loss":
        """ℓ′ with ℓ(2^e·r) = 2^(e·degree)·ℓ′(r)."""
        return self

    def path(self, r: "Array") -> "Iterator[Loss]":
        """Losses to minimise one after the other from residuals or margins r on, each from the last one's optimum."""
        yield self

    def value(self, R: "Tensor") -> "Tensor":
        """L of any number of predictors from their residuals or margins, (..., k, n) → (...)."""
        total: Tensor = self.each(R).sum(dim=(-2, -1)) / (self.divisor * R.shape[-1])
        return total

    def mean(self, r: "Array") -> float:
        """(1/n) Σ ℓ(r_i), of one output."""
        return float(self.each(r).mean() / self.divisor)

    def least_squares(self, r: "Array") -> "tuple[Array, Array] | None":
        """√ℓ″(r) and −ℓ′(r)/√ℓ″(r), where the quotient is finite for every r; None where it is not.

        A step of Newton's method is then a least-squares problem with these weights and targets, which is more exact
        than its normal equations.
        """
        return None

    def labels(self, Y: "Array", names: tuple[str, ...]) -> tuple["Array", dict[str, list[float]]]:
        """Labels (n, k) as the form wants them, and by target which two values became −1 and +1, if any did.

        Raises DataInvalidError where a margin is asked of labels that have not exactly two values.
        """
        import numpy as np

        if self.form == "residual":
            return Y, {}
        values = {name: np.unique(column) for name, column in zip(names, Y.T, strict=True)}
        for name, two in values.items():
            if len(two) != 2:
                raise DataInvalidError(
                    f"loss '{self.name}' takes labels of exactly two values, but '{name}' has {len(two):,}: "
                    "choose '--set preprocessing=zscore-sign', which asks whether a label is above its mean"
                )
        signs = np.stack([np.where(Y[:, j] == two[1], 1.0, -1.0) for j, two in enumerate(values.values())], axis=1)
        return signs, {name: two.tolist() for name, two in values.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loss) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<loss {self.name}>"
