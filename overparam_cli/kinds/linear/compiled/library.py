"""The library that the C beside this file is built into: where it is, whether it can be used, and its functions."""

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_double, c_int, c_long, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path

VERSION = 5  # of the interface in kernels.h
NAME = "overparam_cli.kinds.linear.compiled._kernels"


class Chain(Structure):
    """`Chain` of kernels.h, field by field."""

    _fields_ = (
        *((name, c_int) for name in ("d", "m", "B", "rule")),
        *((name, c_void_p) for name in ("params", "real", "rate", "decay")),
        ("state", c_void_p * 2),
        ("hyper", c_double * 4),
        *((name, c_void_p) for name in ("W", "G")),
        *((name, c_int) for name in ("ld", "layers")),
        ("sizes", POINTER(c_int)),
    )


FUNCTIONS = {  # name → (result, arguments)
    "version": (c_int, ()),
    "sets": (c_int, ()),
    "set": (c_char_p, (c_int,)),
    "new": (c_void_p, (c_void_p, c_void_p, *[c_int] * 7)),
    "free": (None, (c_void_p,)),
    "use": (c_int, (c_void_p, c_int)),
    "gradient": (None, (c_void_p, c_void_p, c_int, c_void_p, c_int, c_int)),
    "descend": (c_int, (c_void_p, POINTER(Chain), c_int, c_long, c_int)),
    "peak": (c_double, (c_int, c_int, c_int)),
}


class NotBuiltError(Exception):
    """The library cannot be used; the message says why."""


class Library:
    """The functions of kernels.h, under their names without `overparam_`."""

    def __init__(self, path: Path) -> None:
        """Load it. Raises NotBuiltError where it is of other sources than these, or cannot be loaded."""
        try:
            loaded = ctypes.CDLL(str(path))
            for name, (result, arguments) in FUNCTIONS.items():
                function = getattr(loaded, f"overparam_{name}")
                function.restype, function.argtypes = result, arguments
                setattr(self, name, function)
        except (OSError, AttributeError) as error:
            raise NotBuiltError(f"{path.name} cannot be loaded: {error}") from error
        if (found := loaded.overparam_version()) != VERSION:
            raise NotBuiltError(f"{path.name} was built from other sources (interface {found}, not {VERSION})")
        self.sets_here = tuple(self.set(which).decode() for which in range(self.sets()))

    def __getattr__(self, name: str) -> "ctypes._NamedFuncPointer":
        raise AttributeError(name)  # for mypy: the functions are set one by one


@cache
def library() -> Library:
    """The library of this installation. Raises NotBuiltError where there is none to be used."""
    spec = find_spec(NAME)
    if spec is None or spec.origin is None:
        raise NotBuiltError("it was not built when the package was installed, which takes GCC or Clang")
    return Library(Path(spec.origin))


def why_not() -> str:
    """Why the library cannot be used; "" where it can."""
    try:
        library()
    except NotBuiltError as error:
        return str(error)
    return ""


def title(instruction_set: int = 0) -> str:
    """What manifests call the compiled kernel: with the instruction set, on which the last bits depend."""
    return f"compiled ({library().sets_here[instruction_set]})"
