"""Text files as other systems' editors, spreadsheets and archives leave them: read right, or refused in one line."""

import bz2
import codecs
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.program import program

from overparam_cli import texts
from overparam_cli.errors import ConfigError, LogError
from overparam_cli.experiments import load_experiment
from overparam_cli.results import store
from overparam_cli.results.manifest import read_manifest

Change = Callable[[bytes], bytes]


def encoded(encoding: str, mark: bytes = b"") -> Change:
    return lambda data: mark + data.decode().encode(encoding)


def quoted(data: bytes) -> bytes:
    """As a spreadsheet writes it that quotes every cell."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(data.decode())))
    return out.getvalue().encode()


READ: dict[str, Change] = {  # every kind of file is the same after these
    "as it was": lambda data: data,
    "BOM": lambda data: codecs.BOM_UTF8 + data,
    "UTF-16, little end first": encoded("utf-16-le", codecs.BOM_UTF16_LE),
    "UTF-16, big end first": encoded("utf-16-be", codecs.BOM_UTF16_BE),
    "UTF-32": encoded("utf-32-le", codecs.BOM_UTF32_LE),
    "Windows' line ends": lambda data: data.replace(b"\n", b"\r\n"),
    "old Macs' line ends": lambda data: data.replace(b"\n", b"\r"),
    "BOM and Windows' line ends": lambda data: codecs.BOM_UTF8 + data.replace(b"\n", b"\r\n"),
}
LOOSE: dict[str, Change] = {  # of configurations and JSON, in which blanks mean nothing
    "no final line end": lambda data: data.rstrip(b"\n"),
    "trailing blanks": lambda data: data.replace(b"\n", b"  \n"),
    "tabs and blank lines behind": lambda data: data + b"\n\t\n\n",
}
REFUSED: dict[str, tuple[Change, str]] = {
    "gzip": (gzip.compress, "packed (gzip)"),
    "bzip2": (bz2.compress, "packed (bzip2)"),
    "zip": (lambda data: b"PK\x03\x04" + data, "packed (zip)"),
    "NUL behind": (lambda data: data + bytes(512), "NUL bytes from byte"),
    "NUL from a block on": (lambda data: data[:40] + bytes(len(data) - 40), "NUL bytes from byte 40"),
    "nothing but NUL": (lambda data: bytes(len(data)), "NUL bytes from byte 0"),
    "UTF-16 without a mark": (encoded("utf-16-le"), "NUL bytes"),
    "half a UTF-16 file": (lambda data: encoded("utf-16-le", codecs.BOM_UTF16_LE)(data)[:-1], "UTF-16"),
}
CONFIG = """name = "own"
title = "größer"  # a comment
paper = "-"
kind = "linear"
[trial]
dataset = "simulated"
loss = "l2"
lr = [1e-3, 1e-2]
iterations = 20
[[curves]]
name = "depth-1"
depth = 1
"""
MANIFEST = {"schema": 1, "kind": "theory", "name": "größer", "numbers": [1.5, None]}
TABLE = pd.DataFrame({"name": ["größer", "l4"], "x": [0.1, 1e-17], "n": [1, 20_000_000_000]})
COLUMNS = {"name": "str", "x": "float64", "n": "int64"}


@pytest.mark.parametrize("change", READ | LOOSE)
def test_an_experiment_file_is_read(change: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes((READ | LOOSE)[change](CONFIG.encode()))
    experiment = load_experiment(path)
    assert (experiment.title, experiment.trial["lr"], experiment.curves[0].name) == ("größer", (1e-3, 1e-2), "depth-1")


@pytest.mark.parametrize("change", READ | LOOSE)
def test_a_manifest_is_read(change: str, tmp_path: Path) -> None:
    store.write_json(tmp_path / "manifest.json", MANIFEST)
    written = (tmp_path / "manifest.json").read_bytes()
    (tmp_path / "manifest.json").write_bytes((READ | LOOSE)[change](written))
    assert read_manifest(tmp_path) == MANIFEST


@pytest.mark.parametrize("change", {**READ, "quoted": quoted})
def test_a_table_is_read(change: str, tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_bytes({**READ, "quoted": quoted}[change](store.render(TABLE)))
    found = store.read_table(path, COLUMNS)
    assert found.to_dict("list") == TABLE.to_dict("list")


@pytest.mark.parametrize("change", REFUSED)
def test_what_is_no_text_is_refused_with_its_reason(change: str, tmp_path: Path) -> None:
    alter, reason = REFUSED[change]
    files: dict[str, tuple[bytes, type[Exception], Callable[[], Any]]] = {
        "own.toml": (CONFIG.encode(), ConfigError, lambda: load_experiment(tmp_path / "own.toml")),
        "manifest.json": (json.dumps(MANIFEST).encode(), LogError, lambda: read_manifest(tmp_path)),
        "trials.csv": (store.render(TABLE), LogError, lambda: store.read_table(tmp_path / "trials.csv", COLUMNS)),
    }
    for name, (data, kind, load) in files.items():
        (tmp_path / name).write_bytes(alter(data))
        with pytest.raises(kind) as refused:
            load()
        assert reason in str(refused.value)
        assert name in str(refused.value)
        assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("depth\u00a0= 2", "line 1 holds a non-breaking space"),
        ("name = \u201cown\u201d", "line 1 holds a curly quote"),
        ("a = 1\nb =\u200b 2", "line 2 holds an invisible space"),
        ('a = "\u201c" # \u00a0\nb', ""),
    ],
)
def test_letters_of_word_processors_are_pointed_at(line: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(line, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_experiment(tmp_path / "own.toml")
    assert str(refused.value).partition("; ")[2] == hint


def test_a_link_and_a_very_long_line_are_read(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real").write_text(CONFIG.replace("größer", "x" * 1_000_000), encoding="utf-8")
    (tmp_path / "own.toml").symlink_to(tmp_path / "far" / "real")
    assert len(load_experiment(tmp_path / "own.toml").title) == 1_000_000


def test_a_file_in_capitals_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("OWN.TOML").write_text(CONFIG, encoding="utf-8")
    assert program("show", "OWN.TOML")[0] == 0


def test_text_that_needs_nothing_is_not_copied() -> None:
    data = b"a,b\n1,2\n"
    assert texts.normal(data) is data
