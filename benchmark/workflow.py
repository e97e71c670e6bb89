"""Which steps a release may take."""

from collections.abc import Mapping
from typing import Final

RELEASE: Final[Mapping[str, frozenset[str]]] = {"draft": frozenset({"frozen"})}
