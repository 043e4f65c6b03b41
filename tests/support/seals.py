"""A manifest changed on purpose, as the program would have written it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from overparam_cli.results import digests, store
from overparam_cli.results.manifest import read_manifest
from overparam_cli.results.schema import MANIFEST


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a folder's manifest and seal it again."""
    manifest = read_manifest(folder)
    change(manifest)
    store.write_json(folder / MANIFEST, digests.seal(manifest, manifest.get("files", {})))
