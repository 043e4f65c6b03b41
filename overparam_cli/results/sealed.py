"""Files that are not taken unless they are what was written: a line that says what it is, the SHA-256 of the rest."""

import hashlib
from pathlib import Path
from typing import Any

from overparam_cli import disk


def write(path: Path, head: bytes, content: bytes | memoryview) -> None:
    """Put `content` into a file of the kind `head`, under its digest; raises StorageError."""
    digest = hashlib.sha256(content).hexdigest().encode()

    def put(file: Any) -> None:
        file.write(head + digest + b"\n")
        file.write(content)

    disk.replace(path, put)


def opened(data: bytes, head: bytes) -> memoryview:
    """The content of such a file; raises ValueError where it is not what was written."""
    size = len(hashlib.sha256().hexdigest()) + 1
    digest, content = data[len(head) : len(head) + size], memoryview(data)[len(head) + size :]
    if not data.startswith(head) or digest != hashlib.sha256(content).hexdigest().encode() + b"\n":
        raise ValueError("it is damaged")
    return content
