"""Data-set specifications: `name`, `name:key=value,key=value`, or the path of a table."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from overparam_cli.errors import ConfigError


@dataclass(frozen=True)
class Option:
    """One option of a data set: how its text is read (raising ValueError), and its value when not given."""

    parse: Callable[[str], float]
    default: float
    what: str  # one line of help


def natural(text: str) -> int:
    """A whole number from 0 to 2³² − 1, plain digits only."""
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**32:
        raise ValueError("a whole number from 0 to 4294967295")
    return int(text)


def whole(low: int, high: int, why: str) -> Callable[[str], int]:
    """Reader of whole numbers from `low` to `high`; `why` says where the limits come from."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high} ({why})")
        return int(text)

    return read


def real(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("a finite number")
    return value


_SEPARATED_BY = {".tsv": "\t", ".tab": "\t", ".psv": "|"}  # what their names promise; all others a comma
_TEXTS = (".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".data")
TABLE_SUFFIXES = (*_TEXTS, ".svm", ".libsvm", ".svmlight", ".parquet", ".feather")
PACKED_SUFFIXES = (".gz", ".xz", ".bz2", ".zip")
ENDINGS = ".csv, .tsv, .txt, .svm, .parquet, .feather, …, or one of them as .gz, .xz, .zip"
TABLES = f"a table of your own: {ENDINGS}"


def is_table(spec: str) -> bool:
    """Whether a data-set specification is the path of a table."""
    return Path(spec).suffix.lower() in (*TABLE_SUFFIXES, *PACKED_SUFFIXES)


def separator_of(name: str) -> str:
    """What separates the columns of a table by its name."""
    suffixes = [suffix for suffix in Path(name.lower()).suffixes if suffix not in PACKED_SUFFIXES]
    return _SEPARATED_BY.get(suffixes[-1] if suffixes else "", ",")


def split_spec(spec: str) -> tuple[str, str]:
    """`name:options` as (name, options); options is empty without a colon."""
    name, _, options = spec.partition(":")
    return name.strip(), options.strip()


def parse_options(name: str, text: str, options: Mapping[str, Option]) -> dict[str, float]:
    """Every option of data set `name`, from `key=value,key=value`, defaults filled in.

    Raises ConfigError for an unknown or repeated key, a missing value, or one that cannot be read.
    """
    if text and not options:
        raise ConfigError(f"data set '{name}' takes no options, but ':{text}' was given")
    given: dict[str, float] = {}
    for item in text.split(",") if text else []:
        key, equals, value = (part.strip() for part in item.partition("="))
        if key not in options or not equals:
            choices = ", ".join(f"{key}=…" for key in options)
            raise ConfigError(f"'{item.strip()}' is no option of data set '{name}': choose from {choices}")
        if key in given:
            raise ConfigError(f"option '{key}' of data set '{name}' is given twice")
        try:
            given[key] = options[key].parse(value)
        except ValueError as error:
            raise ConfigError(f"option '{key}' of data set '{name}' must be {error}, not '{value}'") from None
    return {key: given.get(key, option.default) for key, option in options.items()}
