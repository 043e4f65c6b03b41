"""The output formats: a file beside this one and a line here. Each makes text of a grid."""

from collections.abc import Callable, Mapping

from overparam_cli.report import html, json, markdown, terminal
from overparam_cli.report.grid import Grid

FORMATS: Mapping[str, Callable[[Grid], str]] = {
    "terminal": terminal.render,
    "markdown": markdown.render,
    "json": json.render,
    "html": html.render,
}
