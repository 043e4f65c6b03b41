"""What a statement of the paper is to the program. Each stands in a file of its own.

Such a file holds, in this order: the numbers (`compute` and what it alone needs), the picture, the `Statement` that
binds them, and the requirement (`claims.claim`). Formulas that several statements share stand in files of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory.common import Array, Row
from overparam_cli.kinds.theory.view import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from overparam_cli.results.record import Record

Draw = Callable[["Axes", "Record"], str]  # draws one panel and returns the text above it
# Series → x and y of its points, then u and v of an arrow at each, if any; and what has to be known of them.
Curves = tuple[Mapping[str, Sequence[Array]], Mapping[str, Any]]


@dataclass(frozen=True)
class Effort:
    """What it takes to compute a table, roughly: seconds on one core, and bytes at a time."""

    seconds: float = 0.0
    bytes: float = 0.0


def little(**parameters: Any) -> Effort:
    """Of a statement whose parameters make it no harder."""
    return Effort()


def no_panels(record: "Record") -> Sequence[Draw]:
    """The picture of a statement whose table says all."""
    return ()


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement of the paper, the function that measures it, and how its numbers are shown.

    Attributes:
        name: on the command line, and of its folder.
        says: what the paper says.
        where: where it says so.
        compute: keyword parameters → rows, all with the same keys; takes X and Y first where `needs_problem`. It
            judges nothing. Its annotations say how a parameter is read (`parameters`).
        columns: name → meaning of every column, in order.
        view: the small table that the terminal shows.
        title: above the figure.
        panels: a record → what draws each of its panels.
        curves: rows → what the figure draws besides them, if anything.
        effort: the parameters of `compute` → what they take, where values and not only their number make it hard.
        needs_problem: whether a regression problem (z-scored features and labels) has to be given.
    """

    name: str
    says: str
    where: str
    compute: Callable[..., list[Row]]
    columns: Mapping[str, str]
    view: View
    title: str = ""
    panels: Callable[["Record"], Sequence[Draw]] = no_panels
    curves: Callable[[Sequence[Row]], Curves] | None = None
    effort: Callable[..., Effort] = little
    needs_problem: bool = False

    def run(self, X: Array | None = None, Y: Array | None = None, **parameters: object) -> list[Row]:
        """The table.

        Args:
            X: (n, d) z-scored features; used, and required, only where `needs_problem`.
            Y: (n, 1) z-scored labels; the same.
            parameters: in place of the defaults of `compute`, which are what the claim asks for.

        Raises:
            ConfigError: the statement needs a problem and none is given.
        """
        if not self.needs_problem:
            return self.compute(**parameters)
        if X is None or Y is None:
            raise ConfigError(f"{self.where} is checked on a regression problem: give its features X and labels Y")
        return self.compute(X, Y, **parameters)
