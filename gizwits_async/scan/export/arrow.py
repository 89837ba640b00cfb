"""Columns of an export as Arrow arrays. The only module, beside the writers, that needs pyarrow."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from gizwits_async.scan.export.cells import Cells
from gizwits_async.scan.export.columns import Column, encodable

__all__ = ["batch_of", "schema_of"]

_TIME = pa.timestamp("us", tz="UTC")
_TYPES: Mapping[str, Any] = {"bool": pa.bool_(), "float": pa.float64(), "time": _TIME}
_INTEGERS: Mapping[int, Any] = {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}


def schema_of(columns: Sequence[Column]) -> Any:
    """Return the `pyarrow.Schema` of columns; a field's metadata is what is known of a data point."""
    return pa.schema(
        [
            pa.field(
                encodable(column.name),
                _type_of(column),
                metadata={key: encodable(value) for key, value in column.info.items()} or None,
            )
            for column in columns
        ]
    )


def batch_of(schema: Any, columns: Sequence[Column], cells: Cells) -> Any:
    """Return a `pyarrow.RecordBatch` of fitted values.

    Args:
        schema: `schema_of(columns)`.
        columns: The columns.
        cells: Their values.
    """
    arrays = [_array(column, values) for column, values in zip(columns, cells, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _type_of(column: Column) -> Any:
    if column.kind in {"int", "long"}:
        return _INTEGERS[column.bits]
    return _TYPES.get(column.kind, pa.string())


def _array(column: Column, values: Sequence[Any]) -> Any:
    if column.kind == "time":
        return _times(values)
    try:
        return pa.array(values, _type_of(column))
    except UnicodeEncodeError:
        return pa.array([None if text is None else encodable(text) for text in values])


def _times(seconds: Sequence[float | None]) -> Any:
    """Return instants, rounded to the microsecond as `datetime.fromtimestamp` does."""
    exact = pa.array(seconds, pa.float64())
    whole = pc.trunc(exact)
    fraction = pc.multiply(pc.subtract(exact, whole), 1e6)
    micros = pc.round(fraction, round_mode="half_to_even").cast(pa.int64())
    return pc.add(pc.multiply(whole.cast(pa.int64()), 1_000_000), micros).cast(_TIME)
