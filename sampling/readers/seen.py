"""Which keys of one import stood where before."""

import hashlib


class Seen:
    """Where each key stood first: some 120 bytes a key, however long keys and file names are.

    Keys are told apart by 128 bits of their BLAKE2b digests: of 10^9 keys, any two are alike by a chance of 10^-21.
    """

    def __init__(self, places: list[str]) -> None:
        """`places` say what a number counts in each file: "questions.csv, line"."""
        self._places = places
        self._at: dict[int, int] = {}

    def before(self, key: str, file: int, line: int) -> str:
        """Where the key stood before, or nothing: then it is remembered to stand here."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        here = line * len(self._places) + file
        at = self._at.setdefault(int.from_bytes(digest), here)
        return "" if at == here else f"{self._places[at % len(self._places)]} {at // len(self._places)}"
