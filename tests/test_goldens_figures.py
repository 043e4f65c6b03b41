"""What must not change when the house is rebuilt: the figures that the reference logs give."""

import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from support import goldens

DRAWN = {path.relative_to(goldens.GOLDENS / "figures").as_posix().removesuffix(".json.gz") for path in
         (goldens.GOLDENS / "figures").rglob("*.json.gz")}  # fmt: skip

pytestmark = pytest.mark.timeout(600)  # a fixture makes everything at once


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "reference"
    goldens.draw_reference(folder)
    return folder


def load(name: str) -> Any:
    return json.loads((goldens.GOLDENS / name).read_text(encoding="utf-8"))


def test_every_figure_is_drawn(reference: Path) -> None:
    assert set(goldens.drawings(reference)) == DRAWN


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_figure_is_as_it_was(name: str, reference: Path) -> None:
    made_with = load("versions.json")["matplotlib"]
    if matplotlib.__version__ != made_with:
        pytest.skip(f"the drawings were made with Matplotlib {made_with}, whose lines another version writes otherwise")
    structure, numbers = goldens.drawing(goldens.drawings(reference)[name])
    was, numbers_were = goldens.unpack(goldens.GOLDENS / "figures" / f"{name}.json.gz")
    assert structure == was
    np.testing.assert_allclose(numbers, numbers_were, rtol=1e-4, atol=0.11)
