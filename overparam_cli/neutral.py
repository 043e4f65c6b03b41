"""matplotlib as it comes out of the box: no backend, settings file or style of the user's reaches what we draw.

Whoever needs matplotlib calls `load` before importing anything of it, and draws inside `settings`.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

FILE, ANOTHER, BACKEND = "matplotlibrc", "MATPLOTLIBRC", "MPLBACKEND"  # where matplotlib looks, in this order


def load() -> None:
    """Import matplotlib, if nobody has, as if there were nothing of the user's.

    A backend that is not installed here (a notebook's, of another environment) would end the import with an error; a
    settings file may hold anything, another locale even. The backend stays what the user asked for where matplotlib
    knows it, for whoever draws beside us: figures of ours need none.
    """
    if "matplotlib" in sys.modules:
        return
    wished = os.environ.get(BACKEND)
    with _nothing_of_the_users():
        import matplotlib
    if wished:
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = wished


def defaults() -> dict[str, Any]:
    """matplotlib's own settings, but for the backend."""
    load()
    import matplotlib

    with warnings.catch_warnings():  # of defaults that are on their way out
        warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
        return {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}


@contextlib.contextmanager
def settings(own: dict[str, Any]) -> Iterator[None]:
    """Draw with matplotlib's defaults and `own`, whatever is set, and set it again afterwards."""
    whole: Any = defaults() | own
    import matplotlib

    with contextlib.ExitStack() as stack:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
            stack.enter_context(matplotlib.rc_context(whole))
        yield


@contextlib.contextmanager
def _nothing_of_the_users() -> Iterator[None]:
    before = {name: os.environ.pop(name, None) for name in (BACKEND, ANOTHER)}
    os.environ[ANOTHER] = os.devnull
    try:
        with contextlib.chdir(os.sep) if os.path.exists(FILE) else contextlib.nullcontext():  # noqa: PTH110
            yield
    finally:
        del os.environ[ANOTHER]
        os.environ.update({name: value for name, value in before.items() if value is not None})
