"""What happens to files: bits flip, writes are cut, numbers and words are changed. Seeded, so that any comes again."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

Damage = Callable[[random.Random, bytes], bytes]


def flip_bit(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def drop_bytes(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.randint(1, 40) :]


def insert_bytes(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content) + 1)
    return content[:place] + rng.randbytes(rng.randint(1, 8)) + content[place:]


def zero_block(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    block = content[start : start + rng.randint(1, 512)]
    return content[:start] + bytes(len(block)) + content[start + len(block) :]


def repeat_block(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    end = start + rng.randint(1, 200)
    return content[:end] + content[start:end] + content[end:]


def append_garbage(rng: random.Random, content: bytes) -> bytes:
    return content + rng.randbytes(rng.randint(1, 64))


def nothing_left(rng: random.Random, content: bytes) -> bytes:
    return b""


def drop_line(rng: random.Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def repeat_line(rng: random.Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    return b"".join([*lines[:place], lines[place], *lines[place:]])


def swap_lines(rng: random.Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
NUMBERS = (
    b"0 1 -1 2 1e400 -1e400 1e-400 nan inf -inf 1e308 1e-308 5e-324 0.5 99999999999999999999 1_0 0x10 1,5 true null "
    b"\"1\" '' [] {} 1e6 1000000000 -0.0 00 +1 .5 5."
).split()


def other_number(rng: random.Random, content: bytes) -> bytes:
    found = list(NUMBER.finditer(content))
    if not found:
        return flip_bit(rng, content)
    place = rng.choice(found)
    return content[: place.start()] + rng.choice(NUMBERS) + content[place.end() :]


WORD = re.compile(rb"[A-Za-z_]{2,}")


def other_word(rng: random.Random, content: bytes) -> bytes:
    """A word spelt otherwise, or another word of the file in its place."""
    found = list(WORD.finditer(content))
    if len(found) < 2:
        return flip_bit(rng, content)
    place, word = rng.choice(found), bytearray(rng.choice(found).group())
    if rng.random() < 0.5:
        word = bytearray(place.group())
        word[rng.randrange(len(word))] = rng.randrange(97, 123)
    return content[: place.start()] + bytes(word) + content[place.end() :]


BYTES: tuple[Damage, ...] = (
    flip_bit,
    cut,
    drop_bytes,
    insert_bytes,
    zero_block,
    repeat_block,
    append_garbage,
    nothing_left,
)
LINES: tuple[Damage, ...] = (drop_line, repeat_line, swap_lines)
TEXT: tuple[Damage, ...] = (*BYTES, *LINES, other_number, other_number, other_word, other_word)


@dataclass(frozen=True)
class Damaged:
    """A damaged content, and what was done to it."""

    how: str
    content: bytes


def damaged(rng: random.Random, content: bytes, kinds: tuple[Damage, ...] = TEXT) -> Damaged:
    """One damage that changes something."""
    while True:
        kind = rng.choice(kinds)
        changed = kind(rng, content) if content else content + b"\0"
        if changed != content:
            return Damaged(kind.__name__, changed)
