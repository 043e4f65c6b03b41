"""What the tests of the engine share."""

import pytest

from overparam_cli.kinds.linear.compiled.library import why_not
from overparam_cli.kinds.linear.engine import Engine


@pytest.fixture(params=["torch", "compiled"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kernel of every engine that does not ask for one; the compiled one where it is built."""
    name: str = request.param
    if name == "compiled" and (why := why_not()):
        pytest.skip(f"the compiled kernel: {why}")
    defaults = Engine.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "kernel", name)
    return name
