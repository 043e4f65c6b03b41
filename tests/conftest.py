"""What every test stands on: one thread, no network, nobody's cache, and the real data only where it is asked for.

OVERPARAM_TEST_THREADS=2 gives another number of threads, and so other last bits; no outcome may hang on those.
"""

import copy
import functools
import gc
import hashlib
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import settings

# Before a test module imports NumPy or torch: tests share the machine, and sums must not depend on its number of cores.
THREADS = int(os.environ.get("OVERPARAM_TEST_THREADS", "1"))
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = str(THREADS)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # tests of several threads do not spin while others compute
os.environ.setdefault("TRITON_INTERPRET", "1")  # before anybody imports Triton, which PyTorch does now and then
_named = os.environ.get("OVERPARAM_DATA")  # not taken away here: processes that run tests side by side inherit it
REAL_DATA = Path(_named).resolve() if _named else None

SIMULATED, PROBLEM = "overparam_cli.data.simulated", "overparam_cli.kinds.linear.problem"

settings.register_profile("overparam", deadline=None, derandomize=True, database=None)
settings.load_profile("overparam")


def pytest_collection_finish() -> None:
    """What has been imported and collected stays, and is looked through for garbage no more."""
    gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets, as OVERPARAM_DATA named it; the test is skipped without it."""
    if REAL_DATA is None:
        pytest.skip("real data: set OVERPARAM_DATA to a filled data folder ('overparam data path' shows yours)")
    return REAL_DATA


@pytest.fixture(scope="session", autouse=True)
def _isolation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no process started by one, sees the user's cache or reaches beyond this machine."""
    with pytest.MonkeyPatch.context() as patch:
        empty = str(tmp_path_factory.mktemp("user-cache"))
        patch.setenv("OVERPARAM_DATA", empty)
        patch.delenv("COLUMNS", raising=False)  # which whoever starts the tests may have set,
        os.unsetenv("COLUMNS")  # or readline behind Python's back, so that only child processes see it
        patch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: empty)
        # Child processes cannot be patched, but every HTTP client here asks these: port 9 answers nothing.
        for variable in ("http_proxy", "https_proxy", "all_proxy"):
            patch.setenv(variable, "http://127.0.0.1:9")
            patch.setenv(variable.upper(), "http://127.0.0.1:9")
        for variable in ("no_proxy", "NO_PROXY"):
            patch.setenv(variable, "127.0.0.1,localhost")
        patch.setattr(socket.socket, "connect", _local_only(socket.socket.connect))
        patch.setattr(socket, "getaddrinfo", _resolve_local_only(socket.getaddrinfo))
        yield


@pytest.fixture(autouse=True)
def _known() -> None:
    """The embedded data, an optimum on given numbers and a formula's glyphs are worked out once in a process."""
    for module, name in ((SIMULATED, "simulate"), (PROBLEM, "optimum")):
        make = getattr(sys.modules.get(module), name, None)
        if make is not None and not isinstance(make, Once):
            setattr(sys.modules[module], name, Once(make))
    formulas = getattr(sys.modules.get("matplotlib.mathtext"), "MathTextParser", None)
    if formulas is not None and formulas.__eq__ is object.__eq__:  # every canvas has its own, which knows 50 formulas
        formulas.__eq__ = lambda self, other: self._output_type == other._output_type
        formulas.__hash__ = lambda self: hash(self._output_type)
        formulas._parse_cached = functools.lru_cache(4096)(formulas._parse_cached.__wrapped__)


class Once:
    """A function that works out once what the same arguments give; every caller gets a copy."""

    def __init__(self, make: Any) -> None:
        self.make, self.known = make, dict[Any, Any]()

    def __call__(self, *arguments: Any) -> Any:
        key = tuple(
            (one.shape, hashlib.sha256(one.tobytes()).digest()) if hasattr(one, "tobytes") else repr(one)
            for one in arguments
        )
        if key not in self.known:
            self.known[key] = self.make(*arguments)
        return copy.deepcopy(self.known[key])


@pytest.fixture(autouse=True)
def _same_threads() -> Iterator[None]:
    """A test that changes torch's number of threads does not change it for the next."""
    _set_threads()
    yield
    _set_threads()


def _set_threads() -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(THREADS)
        sys.modules["torch"].set_flush_denormal(False)  # a run switches it on


def _is_local(host: object) -> bool:
    try:
        return host in (None, "", "localhost", socket.gethostname()) or ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _local_only(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise ConnectionRefusedError(f"the tests do not touch the network: {address}")
        return connect(self, address)

    return guarded


def _resolve_local_only(getaddrinfo: Any) -> Any:
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not _is_local(name):
            raise socket.gaierror(socket.EAI_NONAME, f"the tests do not touch the network: {name}")
        return getaddrinfo(host, *args, **kwargs)

    return guarded
