"""Damaged experiment files and overrides, each with what a reader of it that is not ours makes of it.

Accepted means that every value stands in what `overparam show --json` prints; whatever is left out, or read as another
number, is silently wrong.
"""

import itertools
import math
import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.damages import damaged

CONFIG = """\
name = "wide"
title = "Does width matter with weight decay?"
paper = "-"
kind = "linear"

[trial]
dataset = "simulated"
loss = "l4"
lr = [1e-4, 5e-4, 1e-3]
iterations = 100_000
weight_decay = 1e-4

[variants.l2]
loss = "l2"

[variants.l4]
loss = "l4"

[[curves]]
name = "depth-1"
label = "1 layer"
depth = 1

[[curves]]
name = "depth-3"
label = "3 layers, width 50"
depth = 3
width = [50, 20]
optimizer = "momentum"
momentum = 0.9
color = 2
linestyle = "dashed"

[analysis]
baseline = "depth-1"
gaps = [1e-3, 1e-6]

[plot]
panels = ["l2", "l4"]
titles = ["a", "b"]
xlim = [0, 1000]
yscale = "linear"

[smoke]
iterations = 100
seeds = 2
"""
CNN_CONFIG = """\
name = "tiny"
title = "A small network experiment"
kind = "cnn"

[trial]
dataset = "digits-simulated:n=5100,n_test=100"
validation = 100
batch = 4
lr = [1e-3, 1e-2]
iterations = 24
evaluate_every = 100
dropout = 0.25
decay_on = "original"

[[curves]]
name = "original"

[[curves]]
name = "factored"
depth = 2
dense1_width = 16
factor_std = [0.1, 0.05]

[analysis]
baseline = "original"

[plot]
kind = "batch-loss"
"""


@dataclass(frozen=True)
class ConfigCase:
    """A file's content; `arguments` are `overparam show FILE --json` and overrides."""

    how: str
    content: bytes
    overrides: tuple[str, ...] = ()

    def arguments(self, path: Path) -> tuple[str, ...]:
        path.write_bytes(self.content)
        return ("show", str(path), "--json", *self.overrides)

    def wrong(self, printed: list[dict[str, Any]]) -> str:
        """What was accepted but is not in what was printed; "" if nothing."""
        try:
            document = tomllib.loads(self.content.decode("utf-8-sig"))
        except ValueError as error:
            return f"accepted, but {error}"
        (shown,) = printed
        return next(_missing(document, shown), "")


def _missing(document: Mapping[str, Any], shown: Mapping[str, Any]) -> Iterator[str]:
    """Where a document's values are not those shown."""
    for key, value in document.items():
        if key == "curves":
            for curve, found in itertools.zip_longest(value, shown["curves"], fillvalue={}):
                settings = {k: v for k, v in curve.items() if k not in ("name", "label", "color", "linestyle")}
                yield from _missing(settings, found.get("settings", {}))
                yield from _missing({k: v for k, v in curve.items() if k not in settings}, found)
        elif isinstance(value, Mapping):
            yield from _missing(value, shown.get(key, {}))
        elif not same(value, shown.get(key)):
            yield f"{key} = {value!r} became {shown.get(key)!r}"


def same(given: Any, found: Any) -> bool:
    """Whether two values mean the same: numbers by value, lists in any order, one item as a list of it."""
    if isinstance(given, bool) or isinstance(found, bool):
        return given is found
    if isinstance(given, int | float) and isinstance(found, int | float):
        return given == found or math.isclose(given, found, rel_tol=1e-15)
    if isinstance(given, str) and isinstance(found, str):
        return given.strip() == found.strip() or found.endswith(given) or _is_loss(given, found)
    if not isinstance(found, list):
        return False
    items = given if isinstance(given, list) else [given]
    left = list(found)
    for item in items:
        place = next((index for index, other in enumerate(left) if same(item, other)), None)
        if place is None:
            return False
        del left[place]
    return not left


def _is_loss(given: str, found: str) -> bool:
    """Names of losses have several spellings: l04, huber1."""
    return given[:1] == found[:1] and given[:1] in "lh"


def config_cases(rng: random.Random, count: int) -> Iterator[ConfigCase]:
    """Files with one to three damages."""
    for _ in range(count):
        content, hows = rng.choice([CONFIG, CONFIG, CNN_CONFIG]).encode(), []
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            change = damaged(rng, content)
            content, hows = change.content, [*hows, change.how]
        yield ConfigCase("+".join(hows), content)


WORDS = """
1e-3 1e-3,5e-3 1e6 1_000 0 -1 nan inf 1e400 1e-400 5e-324 1e308 0x10 1,5 1;5 1.000,5 0.9 1.0 0.99999999 1,1 , ,, 1,,2
999999999999999999 50x20 50x50x50 1x l2 l4 l3 l2,l4 l0 l1000000000 huber huber0 huber1e-300 huber0.5 logistic
gd adam momentum end-to-end tf1 torch true false None [] [1,2] {} " ' ½ １ é \u202e
simulated simulated:seed=3 simulated:seed=x simulated: :seed simulated:n=0 ethanol mnist digits-simulated two-points
x.csv ./no/such.csv ~/x.csv float32 float64 float16 zscore none minmax layers diagonal identity near-zero balanced
depth-1 depth-3 original factors
"""
LIKELY = (
    "1e-3",
    "0.5",
    "1e-3,5e-3",
    "1e3",
    "100",
    "1_000",
    "2",
    "3.0",
    "1",
    "50x20",
    "l2",
    "l4",
    "torch",
    "float64",
    "0",
)
SPACED = ("", " ", "\t", "a b", "1e-3, 5e-3", "1e-3\n", "\x1b[31m")
LONG = ("1" * 400, "0." + "0" * 330 + "1", "1e" + "9" * 30)
VALUES = (*WORDS.split(), *SPACED, *LONG)
OTHER_KEYS = ("", " ", "lr ", "LR", "learning_rate", "color", "name", "smoke", "-", "=", "a=b", "variant", "targets")


def override_cases(rng: random.Random, keys: tuple[str, ...], count: int) -> Iterator[ConfigCase]:
    """Overrides of a sound file, one to three of them, by `--set` or by their own option."""
    options = ("lr", "iterations", "seeds", "dtype", "loss", "depth", "variant", "dataset")
    for _ in range(count):
        content = rng.choice([CONFIG, CONFIG, CNN_CONFIG]).encode()
        given: list[str] = []
        for _ in range(rng.choice([1, 1, 2, 3])):
            key = rng.choice([*keys, *keys, *OTHER_KEYS])
            value = rng.choice(VALUES if rng.random() < 0.3 else LIKELY)
            if rng.random() < 0.4:
                key = rng.choice(options)
            if rng.random() < 0.2:
                value = damaged(rng, value.encode() or b"0").content.replace(b"\0", b"0").decode(errors="replace")
            if key in options and rng.random() < 0.5:
                given += [f"--{key}={value}"]
            else:
                given += ["--set", f"{key}={value}"]
        yield OverrideCase("override", content, tuple(given))


@dataclass(frozen=True)
class OverrideCase(ConfigCase):
    """Overrides, of which whatever was accepted as a number must be that number."""

    def wrong(self, printed: list[dict[str, Any]]) -> str:
        """An override that is not there, or as another number."""
        (shown,) = printed
        for text in self.overrides:
            key, equals, value = text.removeprefix("--").partition("=")
            if text == "--set" or not equals or key.strip() in ("loss", "depth", "variant", "dataset", "targets"):
                continue
            found = shown["forced"].get(key.strip())
            words = [item.strip() for item in value.split(",") if item.strip()]  # of a list of names, whatever they are
            if found is None or not (same(_read(value), found) or same(words, found)):
                return f"{text!r} became {found!r}"
        return ""


def _read(value: str) -> Any:
    """A value as Python would read it; a list where it has commas, or an x between widths."""
    items = [item.strip() for item in value.replace("x", ",").split(",") if item.strip()]
    if len(items) > 1 or value.strip().endswith(","):
        return [_read(item) for item in items]
    try:
        return float(value)
    except ValueError:
        return value.strip()
