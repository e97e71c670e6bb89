"""Kinds of numbers that commands take."""

from argparse import ArgumentTypeError

_LARGEST_SEED = 2**31 - 1  # what every database's column holds


def positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LARGEST_SEED:
        raise ArgumentTypeError(f"{text}: expected a whole number from 1 on")
    return int(text)


def seed(text: str) -> int:
    if not text.isdecimal() or int(text) > _LARGEST_SEED:
        raise ArgumentTypeError(f"{text}: expected a whole number from 0 to {_LARGEST_SEED}")
    return int(text)
