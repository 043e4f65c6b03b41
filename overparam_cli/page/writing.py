"""A report as a file: jinja2 sets the page, plotly draws in it, and everything that it needs stands inside."""

import base64
import gzip
import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from overparam_cli.errors import ConfigError
from overparam_cli.figures.spec import Picture, slim
from overparam_cli.page.content import Report
from overparam_cli.report import html
from overparam_cli.results.store import write_bytes
from overparam_cli.words import printable, size

STYLE, SCRIPTS = "style.css", ("page.js", "traces.js", "figures.js")
ADDRESS = " /:;=,'()!*@&+$?-._~"  # what needs no escape in the address of a picture


def check_extra() -> None:
    """Raise ConfigError where what makes a report is not installed."""
    try:
        import jinja2  # noqa: F401
        import plotly  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"a report needs {error.name}: pip install 'overparam[report]'") from error


def write(report: Report, path: Path) -> int:
    """Write a report in one step; its size in bytes. Raises StorageError."""
    content = page(report).encode()
    write_bytes(path, content)
    return len(content)


def page(report: Report) -> str:
    """A report as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return value if isinstance(value, Markup) or not isinstance(value, str) else printable(value)

    loader = PackageLoader("overparam_cli.page")
    setting = Environment(
        loader=loader,
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    setting.filters["table"] = lambda grid: Markup(html.render(grid))
    setting.filters |= {"marked": Markup, "address": address}
    style, *scripts = (loader.get_source(setting, name)[0] for name in (STYLE, *SCRIPTS))
    script = "\n".join(scripts)
    library, version = plotly()
    figures = packed(json.dumps(_figures(report), separators=(",", ":"), allow_nan=False).encode())
    text = setting.get_template("report.html").render(
        report=report,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(script),
        plotly=library,
        figures=figures,
        made_with=_made_with(version),
        share=size(len(library)),
        total="@@SIZE@@",
    )
    return text.replace("@@SIZE@@", size(len(text.encode())), 1)


def _figures(report: Report) -> dict[str, Any]:
    """Every figure's axes, by its name in the page."""
    pictures = [own for chapter in (*report.chapters, *report.multiverses) for own in chapter.pictures]
    return {own.key: slim(own.plots) for own in pictures if own.plots}


def _policy(script: str) -> str:
    """What the page may do: run its script and plotly.js, which are known by their hashes, and ask for nothing."""
    from plotly.offline import get_plotlyjs

    hashes = [base64.b64encode(sha256(own.encode()).digest()).decode() for own in (script, get_plotlyjs())]
    allowed = " ".join(f"'sha256-{own}'" for own in hashes)
    return f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src {allowed}"


def address(picture: Picture) -> str:
    """A drawing as the address of a picture: what stands in it can run nothing, and its names are its own."""
    return "data:image/svg+xml," + quote(picture.svg, safe=ADDRESS)


@cache
def plotly() -> tuple[str, str]:
    """plotly.js, packed, and its version."""
    from plotly.offline import get_plotlyjs, get_plotlyjs_version

    return packed(get_plotlyjs().encode()), str(get_plotlyjs_version())


def packed(content: bytes) -> str:
    """Compressed, in letters; a browser undoes it by itself (`DecompressionStream`)."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def _made_with(version: str) -> Mapping[str, str]:
    from importlib.metadata import version as installed

    from overparam_cli import __version__

    return {"overparam": __version__, "plotly": installed("plotly"), "plotly.js": version}
