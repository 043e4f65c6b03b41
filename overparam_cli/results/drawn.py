"""From which logs a figure's file was drawn: that stands in the file itself, so that one of earlier logs is known.

PNG, PDF and SVG all have room for such a line that no viewer shows. It names folders, as they stand below the results,
and a digest of their tables: `overparam logs: fig3/l2=1f0c24aa91b3 fig3/l4=9be1d0c3f7a2`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from overparam_cli.errors import LogError
from overparam_cli.results import store
from overparam_cli.results.digests import FILES, digest
from overparam_cli.results.find import is_there
from overparam_cli.results.manifest import read_manifest
from overparam_cli.results.schema import LOG, MANIFEST

MARK = "overparam logs:"
LINE = re.compile(rb"overparam logs:((?: [\w@+,/=%.~-]+=[0-9a-f]{12})+)")
KEPT = "/@+,="  # of a folder's name; all else is written as a web address has it, which no format has to escape


def source(shown: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The line for what was drawn from folders of these names with these manifests; of old ones nothing is known."""
    known = [f"{quote(name, safe=KEPT)}={_state(manifest)}" for name, manifest in shown if FILES in manifest]
    return " ".join([MARK, *known]) if known else ""


def outdated(figure: Path, results: Path) -> bool:
    """Whether a figure's file was drawn from other logs than stand below the results now.

    False where these are not there any more, and where the file does not say from which it was. Raises UnreadableError
    where the file may not be read.
    """
    line = LINE.search(store.read_bytes(figure))
    pairs = (pair.rpartition("=") for pair in line[1].decode("ascii").split()) if line else ()
    return any(_other(results / unquote(name), was) for name, _, was in pairs)


def _other(folder: Path, was: str) -> bool:
    if not is_there(folder / MANIFEST):
        return False
    try:
        return FILES in (manifest := read_manifest(folder)) and _state(manifest) != was
    except LogError:  # it is damaged, which is said where it belongs
        return False


def _state(manifest: Mapping[str, Any]) -> str:
    """A digest of a folder's tables but for the log: nothing comes to it alone, and a reference run has it thinned."""
    tables = {name: own for name, own in manifest[FILES].items() if not name.startswith(Path(LOG).stem)}
    return digest(json.dumps(tables, sort_keys=True).encode())[:12]
