"""Whether files are still what the program wrote: a manifest holds the SHA-256 of each file it describes, and its own.

A commit replaces a log, `trials.csv` and the manifest, one after the other, and may be killed between any two. So the
manifest is written twice: first it says what the files are going to be (`files`) and what they still are
(`replacing`), and once they are replaced the former alone. At any moment each file is one of the two.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overparam_cli import disk
from overparam_cli.results import store
from overparam_cli.results.schema import MANIFEST

FILES, REPLACING, OWN = "files", "replacing", "digest"
APART = "apart"  # which entries of a manifest stand in a file beside it (see `apart`)


def digest(data: bytes) -> str:
    """The SHA-256, as `sha256sum` prints it."""
    return hashlib.sha256(data).hexdigest()


def of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The digests of files, by name."""
    return {name: digest(data) for name, data in files.items()}


def seal(
    content: Mapping[str, Any], files: Mapping[str, str], replacing: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A manifest, of JSON's own types, that describes files with these digests."""
    sealed = {key: value for key, value in content.items() if key not in (FILES, REPLACING)}
    sealed |= {FILES: dict(files)} | ({REPLACING: dict(replacing)} if replacing else {})
    return sign(sealed)


def sign(content: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON document with its own digest, by which `intact` knows it."""
    plain: dict[str, Any] = store.plain({key: value for key, value in content.items() if key != OWN})
    return plain | {OWN: _own(plain)}


def intact(document: Mapping[str, Any]) -> bool:
    """Whether a signed JSON document is as it was written."""
    return document.get(OWN) == _own({key: value for key, value in document.items() if key != OWN})


def without_apart(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a manifest stands in its own file."""
    away = content.get(APART, {}).get("entries", ())
    return {key: value for key, value in content.items() if key not in away} if away else content


def write_manifest(folder: Path, sealed: Mapping[str, Any]) -> None:
    """Write a sealed manifest, but for what stands apart. Raises StorageError."""
    store.write_json(folder / MANIFEST, without_apart(sealed))


def write(folder: Path, content: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write a folder that is made at once: its files, the manifest, and last the file whose presence says "finished".

    That is the last of `files`. One who is killed in between leaves none of it, never one of another manifest.
    """
    *others, last = files
    disk.remove(folder / last)
    for name in others:
        store.write_bytes(folder / name, files[name])
    write_manifest(folder, seal(content, of(files)))
    store.write_bytes(folder / last, files[last])


def changed(manifest: Mapping[str, Any], files: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the `files` (name → digest), and of the manifest, that are not what was written.

    Manifests of earlier versions hold no digests: of their files nothing is known.
    """
    if FILES not in manifest and OWN not in manifest:
        return ()
    known = [manifest.get(FILES, {}), manifest.get(REPLACING, {})]
    found = [name for name, now in files.items() if now not in [one.get(name) for one in known]]
    return tuple(found) if intact(manifest) else (*found, MANIFEST)


def said(names: tuple[str, ...]) -> str:
    """How it is said of files that are not what was written."""
    return f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} changed since the run"


def _own(content: Mapping[str, Any]) -> str:
    return digest(json.dumps(without_apart(content), sort_keys=True, separators=(",", ":"), allow_nan=False).encode())
