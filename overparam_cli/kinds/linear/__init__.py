"""Deep linear networks: by Eq. 3 their loss is that of the end-to-end matrix."""

from collections.abc import Mapping, Sequence
from typing import Any

from overparam_cli.experiments.kind import Column, Kind, Level, Outcome

GAP = Level("gap", "final_gap", "gaps", "gap", "final gap", "final {loss} − optimum")


class Linear:
    """The kind `linear`."""

    name = "linear"
    level = GAP
    columns: Mapping[str, Column] = {}
    outcomes: Sequence[Outcome] = ()
    family: str | None = None

    @property
    def figures(self) -> Sequence[Any]:
        """Convergence, learning rates, norms and stability."""
        from overparam_cli.kinds.linear.figures import FIGURES

        return FIGURES

    def level_at_zero(self, manifest: Mapping[str, Any]) -> float | None:
        """L(0) minus the optimum."""
        optimum = manifest.get("optimum", {})
        if optimum.get("loss_at_zero") is None:
            return None
        return float(optimum["loss_at_zero"]) - float(optimum["loss"])


KIND: Kind = Linear()
