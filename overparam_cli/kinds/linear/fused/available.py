"""Whether the Triton kernel can be used."""

import os
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from torch import device as Device  # noqa: N812


@cache
def installed() -> str:
    """The version of Triton; "" where there is none."""
    if find_spec("triton") is None:
        return ""
    try:
        return version("triton")
    except PackageNotFoundError:  # PyTorch's nightly builds call it otherwise
        return "of an unknown version"


def title() -> str:
    """What manifests call the kernel: with Triton's version, on which the last bits may depend."""
    return f"triton ({installed()})"


def why_not(device: Device) -> str:
    """Why it cannot compute on a device; "" where it can. Triton's interpreter computes on processors, for tests."""
    if not installed():
        return "Triton is not installed (pip install 'overparam[triton]')"
    if device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
        return f"it computes on GPUs, and this run is on {device.type}"
    return ""
