"""Reads benchmarks from a hub of data sets, or from a folder in the hub's layout: prompts out.

Keys begin with the configuration (where the data set has several) and the split: ``sanitized/test/11``. What is read
once stays in the cache folder, so that the same revision is read again without a network.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from decontamination.promptwords import Prompt
from decontamination.publishers import BadReference, Record, prompts_of


def read_hub(
    dataset: str,
    name: str,
    *,
    cache: Path,
    config: str | None = None,
    split: str | None = None,
    revision: str | None = None,
    field: str | None = None,
    key: str | None = None,
) -> Iterator[Prompt]:
    """The prompts of ``OWNER/DATASET``, of one split or of all. Raises BadReference, also where there is no network."""
    return prompts_of(_records(dataset, config, split, revision, cache), name, field, key)


def _records(
    dataset: str, config: str | None, split: str | None, revision: str | None, cache: Path
) -> Iterator[Record]:
    begin = "" if config is None else f"{config}/"
    for part, rows in _splits(dataset, config, split, revision, cache).items():
        for number, row in enumerate(rows, 1):
            yield Record(f"{dataset}: {begin}{part}: row {number}", f"{begin}{part}", number, dict(row))


def _splits(dataset: str, config: str | None, split: str | None, revision: str | None, cache: Path) -> dict[str, Any]:
    try:
        import datasets  # takes seconds, and only this needs it
    except ImportError as error:
        raise BadReference(f"{dataset}: reading the hub needs the datasets library (pip install datasets)") from error
    datasets.disable_progress_bars()
    try:
        found = datasets.load_dataset(dataset, config, split=split, revision=revision, cache_dir=str(cache))
    except (OSError, ValueError, RuntimeError, LookupError, ImportError, datasets.exceptions.DatasetsError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise BadReference(f"{dataset}: cannot be read from the hub: {said:.300}") from error
    return {split: found} if split is not None else dict(found)
