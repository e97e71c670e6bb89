"""A bundle as a folder on disk: there whole, or not there."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmark.verify import MANIFEST, SUMS, NotABundle, read_manifest


class Occupied(Exception):
    """The folder holds something that is not ours to replace."""


def write(files: Mapping[str, bytes], out: Path, *, campaign: str) -> bool:
    """Make `out` hold just these files; False if it did already.

    They are written to a folder beside it, which then takes its name: whoever looks, and whenever the machine stops,
    there is a whole bundle or none. An older bundle of the same campaign is replaced, at the very end.
    Raises Occupied, and OSError where nothing can be written.
    """
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    aside, old = (out.with_name(f".{out.name}.{what}") for what in ("partial", "replaced"))
    with _alone_in(out.parent):
        for leftover in (aside, old):  # of a run that was killed; no other is under way
            shutil.rmtree(leftover, ignore_errors=True)
        if _holds(out, files):
            return False
        _require_ours(out, campaign)
        try:
            _fill(aside, files)
            if out.exists():
                out.rename(old)
            aside.rename(out)
        except BaseException:
            if old.exists() and not out.exists():
                old.rename(out)
            shutil.rmtree(aside, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)
        return True


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)  # the new name, too, outlives a power cut
    finally:
        os.close(descriptor)


def _holds(out: Path, files: Mapping[str, bytes]) -> bool:
    return (
        out.is_dir()
        and {path.name for path in out.iterdir()} == set(files)
        and all((out / name).is_file() and (out / name).read_bytes() == data for name, data in files.items())
    )


def _require_ours(out: Path, campaign: str) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise Occupied(f"{out}: is not a folder")
    names = {path.name for path in out.iterdir()}
    if not names:
        return
    try:
        manifest, _digest = read_manifest(out)
    except NotABundle as error:
        raise Occupied(f"{out}: is not empty and holds no release; choose another folder ({error})") from error
    if manifest.get("campaign", {}).get("slug") != campaign:
        raise Occupied(f"{out}: holds a release of another campaign; choose another folder")
    if foreign := names - set(manifest["files"]) - {MANIFEST, SUMS}:
        raise Occupied(f"{out}: holds files that are not part of the release: {', '.join(sorted(foreign))}")


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, data in files.items():
        with (folder / name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
