"""A Parquet file in; records out."""

from collections.abc import Iterator
from pathlib import Path

from sampling.readers.record import Record, Unreadable


def parquet(path: Path) -> Iterator[Record]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=500):
                for fields in batch.to_pylist():
                    number += 1
                    yield Record(number, fields)
    except pyarrow.ArrowException as error:
        raise Unreadable(f"{path}: row {number + 1}: {str(error).splitlines()[0]}") from error
