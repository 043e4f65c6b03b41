"""The output formats: a file beside this one and a line here. Each makes text of a grid."""

from collections.abc import Callable, Mapping
from importlib import import_module

from overparam_cli.report.grid import Grid

MODULES = (
    "terminal",
    "markdown",
    "json",
    "html",
    "latex",
    "csv",
)
FORMATS: Mapping[str, Callable[[Grid], str]] = {
    name: import_module(f"overparam_cli.report.{name}").render for name in MODULES
}
