"""What is large is said before it is made, and refused where it cannot fit."""

import math
import sys

import pytest

from overparam_cli import memory
from overparam_cli.data import load_images
from overparam_cli.data.digits import cost, drawing
from overparam_cli.errors import ConfigError, DataInvalidError, OverparamError


@pytest.fixture
def drawn(monkeypatch):
    """How many images were drawn, without drawing them."""
    asked = []

    def draw(seed, n, part):
        asked.append(n)
        return drawing.draw(seed, 100, part)

    monkeypatch.setattr("overparam_cli.data.digits.draw", draw)
    return asked


def test_many_digits_are_announced_before_they_are_drawn(drawn, capsys):
    load_images("digits-simulated:seed=77,n=1000000")
    assert drawn == [10**6, 2000]
    assert capsys.readouterr().err == "drawing 1,002,000 digits: about 3:20 min and 786 MB\n"


def test_few_digits_and_silence_are_not(drawn, capsys):
    load_images("digits-simulated:seed=78")
    load_images("digits-simulated:seed=78,n=900000", progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("stream", [None, "closed"])
def test_nobody_has_to_listen(drawn, monkeypatch, stream, tmp_path):
    with (tmp_path / "x").open("w") as file:
        pass
    monkeypatch.setattr(sys, "stderr", None if stream is None else file)
    load_images(f"digits-simulated:seed={79 if stream else 80},n=900000")
    assert drawn[0] == 900_000


def test_what_does_not_fit_is_refused_before_anything_is_made(drawn, monkeypatch):
    monkeypatch.setattr(memory, "total", lambda: 5 * 10**8)
    with pytest.raises(
        ConfigError, match=r"^drawing 1,002,000 digits needs about 786 MB of memory, and there are 500 MB here: ask"
    ):
        load_images("digits-simulated:n=1000000")
    assert drawn == []


def test_the_memory_is_that_of_the_images():
    images = drawing.draw(1, 200, drawing.TRAINING)[0]
    assert cost({"n": 200, "n_test": 0}).bytes == images.nbytes


def test_there_is_some_memory():
    assert memory.total() > 10**8
    memory.require(1, "one byte", "take none", DataInvalidError)


def test_a_system_that_does_not_say_how_much_there_is(monkeypatch):
    monkeypatch.setattr(memory, "total", lambda: math.inf)
    memory.require(1e30, "everything", "take less", OverparamError)
