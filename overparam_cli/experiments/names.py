"""Names that become folders: of experiments, of variants, and of the curves beside them."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

LONGEST = 64
_RESERVED = ("all",)
_FOLDERS = ("theory", "bench", "bench-cnn")
_FILE = r"\.(json|csv|png|pdf|svg|pt|lock)$"
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def identifier(value: Any) -> str:
    """A name that is safe as a folder on every file system."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9](?:[a-z0-9._=-]{0,62}[a-z0-9])?", value):
        raise ValueError(
            "must be at most 64 lower-case letters, digits and . _ = -, with a letter or digit at each end"
        )
    if value in _RESERVED or value.partition(".")[0] in _DEVICES:
        raise ValueError("is a reserved name")
    if re.search(_FILE, value):
        raise ValueError("must not end as the name of a file that stands beside the folder")
    return value


def experiment_name(value: Any) -> str:
    """A name whose folder holds nothing else: what commands write beside the experiments has names of its own."""
    if identifier(value) in _FOLDERS:
        raise ValueError("is a reserved name: overparam writes something else into the folder of this name")
    return str(value)


def made_name(parts: Sequence[str]) -> str:
    """A name of several texts; what makes it no `identifier` is replaced, and a digest tells it from its like."""
    name = "-".join(parts)
    try:
        return identifier(name)
    except ValueError:
        safe = re.sub(r"[^a-z0-9._=-]+", "-", name.lower())[-(LONGEST - 9) :].strip("-._=")
        digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
        return identifier(f"{safe}-{digest}".strip("-"))
