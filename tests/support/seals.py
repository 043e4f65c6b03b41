"""Manifests as the program would have written them, of folders that a test has made or changed on purpose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from overparam_cli.results import digests, store
from overparam_cli.results.manifest import read_manifest
from overparam_cli.results.schema import MANIFEST


def seal(folder: Path) -> None:
    """Give a folder's manifest the digests of what stands there, as the program does."""
    files = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    store.write_json(folder / MANIFEST, digests.seal(read_manifest(folder), digests.of(files)))


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a folder's manifest and seal it again."""
    manifest = read_manifest(folder)
    change(manifest)
    store.write_json(folder / MANIFEST, digests.seal(manifest, manifest.get("files", {})))
