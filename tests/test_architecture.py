"""Imports run one way. Read from the source, so that lazy imports and imports for annotations count too."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import overparam_cli

PACKAGE = Path(overparam_cli.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
VERSION = "__init__"  # of the package itself: `from overparam_cli import __version__`

# A room is a folder of the package, or a module beside them. Arrows point downwards only: a room may import the rooms
# of the layers below its own.
LAYERS: tuple[set[str], ...] = (
    {"__main__"},
    {"cli"},
    {"api"},
    {"page"},  # a report shows what the kinds draw, too
    {"kinds"},
    {"report"},
    {"multiverse"},  # trains runs, judges claims by them and draws what comes out: it stands on all three
    {"claims", "figures", "run"},
    {"results"},
    {"experiments"},
    {"paper", "data"},
    {"disk", "memory", "paths"},
    {"errors", "words", "checks", "guests", "interrupts", "neutral", "spelling", "texts", VERSION},
    {"grids"},
)
# Arrows that still point upwards, file by file; the house is being rebuilt until this is empty.
UPWARDS: dict[str, set[str]] = {}

# Pure mathematics: torch, numpy, scipy, and nothing of ours but errors, checks, guests and other mathematics.
PURE: tuple[str, ...] = (
    "kinds/optimizer.py",
    *(f"kinds/optimizers/{name}.py" for name in ("__init__", "gd", "momentum", "adagrad", "adadelta", "adam")),
    "kinds/linear/certificate.py",
    "kinds/linear/compiled/kernel.py",
    "kinds/linear/compiled/library.py",
    *(f"kinds/linear/fused/{name}.py" for name in ("available", "kernel", "programs")),
    "kinds/linear/inits.py",
    "kinds/linear/kernels.py",
    "kinds/linear/layers.py",
    "kinds/linear/loss.py",
    *(f"kinds/linear/losses/{name}.py" for name in ("__init__", "power", "huber", "logistic")),
    "kinds/linear/objective.py",
    "kinds/linear/optimum.py",
    "kinds/linear/parameterisation.py",
    *(f"kinds/linear/parameterisations/{name}.py" for name in ("__init__", "layers", "end_to_end", "diagonal")),
    "kinds/linear/sharpness.py",
    "kinds/linear/twofold.py",
    "kinds/mnist/architecture.py",
    "kinds/mnist/network.py",
    "kinds/theory/common.py",
    "kinds/theory/dynamics.py",
    "kinds/theory/field.py",
    "kinds/theory/illustration.py",
    "kinds/theory/rule.py",
)
THIRD_PARTY = {"torch", "numpy", "scipy", "triton"}


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


def layer(name: str) -> int:
    (place,) = (place for place, rooms in enumerate(LAYERS) if name in rooms)
    return place


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_downwards(path: Path) -> None:
    if path.parent == PACKAGE and path.stem == "__init__":
        assert not rooms_imported(path)
        return
    upwards = {name for name in rooms_imported(path) if layer(name) <= layer(room(path))}
    assert upwards == UPWARDS.get(path.relative_to(PACKAGE).as_posix(), set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_what_exists_is_asked_for_in_one_place(path: Path) -> None:
    """Python's methods answer differently from version to version: `overparam_cli.paths` does not."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    asked = {ast.unparse(node.func) for node in calls if isinstance(node.func, ast.Attribute) and not node.args}
    assert not {name for name in asked if name.rpartition(".")[2] in ("exists", "is_file", "is_dir")} - {"info.is_dir"}


def test_no_kind_imports_another() -> None:
    pure = {"overparam_cli." + own.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for own in PURE}
    folders = {folder.name for folder in (PACKAGE / "kinds").iterdir() if (folder / "__init__.py").exists()}
    for path in (path for path in FILES if room(path) == "kinds" and len(path.relative_to(PACKAGE).parts) > 2):
        names = [name for name in imported(path) if name.startswith("overparam_cli.kinds.")]
        machinery = [name for name in names if name not in pure and name.rpartition(".")[0] not in pure]
        others = {name.split(".")[2] for name in machinery} & folders - {path.relative_to(PACKAGE).parts[1]}
        assert not others, path


@pytest.mark.parametrize("name", PURE)
def test_mathematics_stands_on_torch_numpy_and_scipy_alone(name: str) -> None:
    names = set(imported(PACKAGE / name))
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"overparam_cli"} <= THIRD_PARTY
    pure = {"overparam_cli." + own.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for own in PURE}
    pure |= {"overparam_cli.errors", "overparam_cli.checks", "overparam_cli.guests"}
    ours = {name for name in names if name.startswith("overparam_cli.")}
    assert all(any(name == own or name.startswith(f"{own}.") for own in pure) for name in ours)


def test_every_folder_travels_in_the_wheel() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {".".join(path.parent.relative_to(PACKAGE.parent).parts) for path in PACKAGE.rglob("__init__.py")}
    assert set(project["tool"]["setuptools"]["packages"]) == folders | {"overparam_cli.configs", "overparam"}
