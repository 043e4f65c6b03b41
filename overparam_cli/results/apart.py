"""What a manifest says of its plan, in a file beside it: `plan-<start of its SHA-256>.json`, of runs logged as Parquet.

A plan is as long as its trials are many, and the same at every commit. Within the manifest, which each commit writes
anew, it would cost what grows with the square of their number. A file of another plan has another name: whenever a
writer is killed, the manifest that stands there finds its own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overparam_cli import disk
from overparam_cli.results import digests, store
from overparam_cli.results.find import is_there, plan_files
from overparam_cli.results.plans import EARLIER, PLAN

ENTRIES = ("overrides", "config", PLAN, EARLIER)


def put(folder: Path, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Write the long entries of a plan beside the manifest, if they do not stand there yet.

    Returned is the plan with all its entries, and what says where these stand. Raises StorageError.
    """
    entries = {key: plan[key] for key in ENTRIES if key in plan}
    data = store.encoded(json.dumps(store.plain(entries), ensure_ascii=False, allow_nan=False) + "\n")
    digest = digests.digest(data)
    path = folder / f"plan-{digest[:16]}.json"
    if not (is_there(path) and digests.digest(store.read_bytes(path)) == digest):
        store.write_bytes(path, data)
    return {**plan, digests.APART: {"file": path.name, "sha256": digest, "entries": list(entries)}}


def taken_in(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest as it was read, with the entries that stand apart; raises LogError where these are gone or damaged."""
    about = manifest.get(digests.APART)
    if about is None:
        return manifest
    path = folder / Path(str(about["file"])).name
    data = store.read_bytes(path)
    if digests.digest(data) != about["sha256"]:
        raise store.damaged(path, ValueError("it is not what the manifest was written with"))
    entries: dict[str, Any] = json.loads(data)
    return manifest | entries


def tidy(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Remove what earlier plans have left, once the manifest of a later one is written."""
    own = manifest.get(digests.APART, {}).get("file")
    for path in plan_files(folder):
        if path.name != own:
            disk.remove(path)
