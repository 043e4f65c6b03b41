"""From which logs a figure's file was drawn: that stands in the file itself, so that one of earlier logs is known.

PNG, PDF and SVG all have room for such a line that no viewer shows. It names folders, and a digest of their tables:
`overparam logs: fig3/l2=1f0c24aa91b3 fig3/l4=9be1d0c3f7a2`. A folder is named as it lies beside the figure, whose own
folder may be moved or called otherwise later: what is in that stands behind its name, anything else behind dots.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from overparam_cli.errors import LogError
from overparam_cli.paths import is_file
from overparam_cli.results import store
from overparam_cli.results.digests import FILES, digest
from overparam_cli.results.find import is_there
from overparam_cli.results.manifest import read_manifest
from overparam_cli.results.schema import LOG, MANIFEST

MARK = "overparam logs:"
LINE = re.compile(rb"%b((?: [\w@+,/=%%.~-]+=[0-9a-f]{12})+)" % MARK.encode())
KEPT = "/@+,="  # of a folder's name; all else is written as a web address has it, which no format has to escape
BYTES = "surrogateescape"  # as Python has the letters of names that are no UTF-8


def source(beside: Path, shown: Iterable[tuple[Path, Mapping[str, Any]]]) -> str:
    """The line for a figure in the folder `beside`, of folders with these manifests; of old ones nothing is known."""
    known = [f"{_name(beside, folder)}={state}" for folder, manifest in shown if (state := _state(manifest))]
    return " ".join([MARK, *known]) if known else ""


def _name(beside: Path, folder: Path) -> str:
    beside, folder = (Path(os.path.abspath(path)) for path in (beside, folder))  # noqa: PTH100 (links keep their names)
    if folder.is_relative_to(beside):
        name = beside.name / folder.relative_to(beside)
    elif folder.is_relative_to(beside.parent):
        name = ".." / folder.relative_to(beside.parent)
    else:  # a figure that is kept elsewhere
        name = Path(folder.parent.name, folder.name)
    return quote(name.as_posix(), KEPT, errors=BYTES)


def outdated(figure: Path) -> bool:
    """Whether a figure's file was drawn from other logs than stand there now.

    False where these are not there any more, where that cannot be read, and where the file does not say from which it
    was drawn.
    """
    try:
        line = LINE.search(store.read_bytes(figure)) if is_file(figure) else None
        pairs = [pair.rpartition("=") for pair in line[1].decode("ascii").split()] if line else []
        return any(_other(_folder(figure.parent, unquote(name, errors=BYTES)), was) for name, _, was in pairs)
    except (LogError, OSError, ValueError):  # a folder that cannot be read is said where it belongs
        return False


def _folder(beside: Path, name: str) -> Path:
    return beside / name if name.startswith("..") else beside.joinpath(*name.split("/")[1:])


def _other(folder: Path, was: str) -> bool:
    return is_there(folder / MANIFEST) and _state(read_manifest(folder)) not in ("", was)


def _state(manifest: Mapping[str, Any]) -> str:
    """A digest of a folder's tables but for the log: nothing comes to it alone, and a reference run has it thinned."""
    files = manifest.get(FILES)
    if not isinstance(files, Mapping):
        return ""
    tables = {name: own for name, own in files.items() if not name.startswith(Path(LOG).stem)}
    return digest(json.dumps(tables, sort_keys=True).encode())[:12]
