"""What an import cannot use in, as it comes; a file of JSON Lines, whole or not at all, out."""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from foundation.files import whole
from sampling.readers.record import Reject


class Rejects:
    """On disk as they come, in a file without a name, so that a run that is killed leaves none."""

    def __init__(self, path: Path, files: set[str]) -> None:
        """`files` are the names of the files and folders that are read: earlier rejects of theirs are replaced."""
        self._path, self._files = path, files
        self.count = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._own: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", dir=self._path.parent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.close()

    def add(self, file: str, rejects: Iterable[Reject]) -> None:
        for row in rejects:
            name = f"{file}/{row.page}" if row.page else file
            fields = {"file": name, "line": row.line, "field": row.field, "reason": row.reason}
            self._own.write(json.dumps(fields, ensure_ascii=False) + "\n")
            self.count += 1

    def publish(self) -> Path | None:
        """These rejects take the place of these files' earlier ones; those of other files stay."""
        with whole(self._path) as target:
            if self._path.exists():
                with self._path.open("rb") as earlier:
                    target.writelines(line for line in earlier if not self._is_ours(json.loads(line)["file"]))
            self._own.seek(0)
            target.writelines(line.encode() for line in self._own)
            some = target.tell() > 0
        if some:
            return self._path
        self._path.unlink()
        return None

    def _is_ours(self, file: str) -> bool:
        return file in self._files or any(file.startswith(f"{folder}/") for folder in self._files)
