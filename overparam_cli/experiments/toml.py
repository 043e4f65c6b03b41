"""Values as TOML: what the files that this package writes are made of. Python reads TOML and does not write it."""

import json
from collections.abc import Mapping
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.words import exact


def value(item: Any) -> str:
    """A text, number, truth value, list or table, as it stands behind the = sign."""
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, float):
        return exact(item) if 0 < abs(item) < 0.1 else repr(item)
    if isinstance(item, Mapping):
        return f"{{ {', '.join(f'{key} = {value(own)}' for key, own in item.items())} }}"
    if isinstance(item, list | tuple):
        return f"[{', '.join(map(value, item))}]"
    if isinstance(item, int):
        return f"{item:_}" if abs(item) >= 10_000 else str(item)
    return text(item)


def text(words: str) -> str:
    """A string; ConfigError where it holds bytes of a path that are no UTF-8, which TOML cannot say."""
    try:
        words.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{words!r} is no UTF-8, and cannot stand in a TOML file: give it another name") from None
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A name before the = sign or in a heading."""
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else text(name)
