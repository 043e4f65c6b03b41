"""What MkDocs asks while it builds the site: pictures of reference runs, `{{ … }}` in pages, equations as MathML."""

import html
import re
from pathlib import Path
from typing import Any

import reference
from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

import results

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "results" / "reference"
MAKERS = {**reference.MAKERS, **results.MAKERS}
SHIM = "https://unpkg.com/iframe-worker/shim"
MATHS = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """The pictures that are committed beside the reference runs stand in the site, too."""
    for path in sorted(PICTURES.rglob("*.png")):
        where = f"results/{path.relative_to(PICTURES).as_posix()}"
        files.append(File.generated(config, where, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """`{{ name argument … }}` by itself on a line is what the maker of that name returns."""
    up = "../" * page.file.src_uri.count("/")

    def made(found: re.Match[str]) -> str:
        name, *arguments = found[1].split()
        return MAKERS[name](*arguments).replace("](results/", f"]({up}results/")

    return re.sub(r"^\{\{ (.*?) \}\}$", made, markdown, flags=re.MULTILINE)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """What lets the search work on a disk is the site's own copy, not one of the network's."""
    return output.replace(SHIM, "../" * page.url.count("/") + "assets/iframe-worker.js")


def on_post_template(output_content: str, **_: Any) -> str:
    """The same of the page that says that there is no such page."""
    return output_content.replace(SHIM, "/assets/iframe-worker.js")


def on_page_content(content: str, **_: Any) -> str:
    """Equations as MathML, which browsers draw by themselves. An unknown LaTeX command is an error."""

    def drawn(found: re.Match[str]) -> str:
        latex = html.unescape(found[2])
        mathml = convert(latex, display="block" if found[1] == "div" else "inline")
        if "\\" in mathml:
            raise ValueError(f"{latex!r} cannot be made MathML")
        return mathml

    return MATHS.sub(drawn, content)
