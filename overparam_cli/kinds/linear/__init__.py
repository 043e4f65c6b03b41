"""Deep linear networks: by Eq. 3 their loss is that of the end-to-end matrix."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from overparam_cli.experiments.kind import Column, Kind, Level, Outcome

GAP = Level("gap", "final_gap", "gaps", "gap", "final gap", "final {loss} − optimum")


class Linear:
    """The kind `linear`."""

    name = "linear"
    family = ""
    level = GAP
    columns: Mapping[str, Column] = {}
    outcomes: Sequence[Outcome] = ()

    @property
    def figures(self) -> Sequence[Any]:
        """Drawn from the logs; needs Matplotlib."""
        modules = [
            "overparam_cli.kinds.linear.figures",
            "overparam_cli.kinds.linear.diagnostics",
        ]
        return [figure for module in modules for figure in import_module(module).FIGURES]

    def level_at_zero(self, manifest: Mapping[str, Any]) -> float | None:
        """L(0) minus the optimum."""
        optimum = manifest.get("optimum", {})
        if optimum.get("loss_at_zero") is None:
            return None
        return float(optimum["loss_at_zero"]) - float(optimum["loss"])


KIND: Kind = Linear()
