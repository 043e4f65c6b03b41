"""What the documentation shows in Python runs as it stands there.

A notebook's cells are executed here, in this process: a kernel of its own would take longer to start than they run.
"""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def execute(source: str, where: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, as a notebook shows it."""
    tree = ast.parse(source, where)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, where, "exec"), names)
    return eval(compile(ast.Expression(last.value), where, "eval"), names) if isinstance(last, ast.Expr) else None


def shown(value: Any) -> None:
    """A value as a notebook asks for it."""
    ways = [getattr(value, name)() for name in ("_repr_html_", "_repr_png_", "__repr__") if hasattr(value, name)]
    assert value is None or any(ways)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_of_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None), "a notebook is committed without output"
            shown(execute("".join(cell["source"]), cell["id"], names))
    names["plt"].close("all")


def test_the_page_about_python_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8")
    blocks, names = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL), dict[str, Any]()
    assert len(blocks) >= 4
    for number, block in enumerate(blocks):
        execute(block, f"docs/how-to/python.md, block {number}", names)
    assert (tmp_path / "results" / "fig3@smoke+iterations=300" / "l4" / "log.csv").exists()
