"""Imports run one way. Read from the source, so that lazy imports and imports for annotations count too."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import overparam_cli

PACKAGE = Path(overparam_cli.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
VERSION = "__init__"  # of the package itself: `from overparam_cli import __version__`

# A room is a folder of the package, or a module beside them; each with the rooms that it may import.
LEAVES = {"errors", "clock", VERSION}
LOGS = {"logs", "theory_logs"}
MAY_IMPORT = {
    **{leaf: set() for leaf in LEAVES},
    "logs": {"errors"},
    "theory_logs": {"logs", "errors"},
    "core": {"errors"},
    "data": {"errors"},
    "experiments": {"errors"},
    "train": {"core", "data", "experiments"} | LOGS | LEAVES,
    "present": {"experiments"} | LOGS | LEAVES,
    # The command line is cli, what every option is, and commands, what every command calls. `data` is there because of
    # `overparam data`, which nothing is trained for, and the logs because commands hands what train wrote to present.
    "cli": {"commands", "present", "train", "experiments", "data"} | LEAVES,
    "commands": {"present", "train", "experiments", "data"} | LOGS | LEAVES,
    "__main__": {"cli"},
}
# What a config may name is what the registries of core and data hold: the one module that asks them may see them.
ALSO = {"experiments/registries.py": {"core", "data"}}

THIRD_PARTY = {"core": {"torch", "numpy", "scipy"}}


def imported(path: Path) -> Iterator[str]:
    """Full names of everything a file imports, wherever in the file the statement stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not used"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rooms_imported(path: Path) -> set[str]:
    own = [name.split(".")[1] for name in imported(path) if name.startswith("overparam_cli.")]
    return {VERSION if name == "__version__" else name for name in own} - {room(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    allowed = MAY_IMPORT[room(path)] | ALSO.get(path.relative_to(PACKAGE).as_posix(), set())
    assert rooms_imported(path) <= allowed


@pytest.mark.parametrize("path", [path for path in FILES if room(path) in THIRD_PARTY], ids=lambda path: path.stem)
def test_core_stands_on_torch_numpy_and_scipy_alone(path: Path) -> None:
    packages = {name.split(".")[0] for name in imported(path)} - sys.stdlib_module_names - {"overparam_cli"}
    assert packages <= THIRD_PARTY[room(path)]


def test_every_exception_is_needed() -> None:
    for name, rooms in ALSO.items():
        assert rooms <= rooms_imported(PACKAGE / name)
