"""The base of all reports: the shapes of the document's tables are read like those of its examples. Pure."""

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import frozen

from gizwits_async.schema import Model

__all__ = ["Report", "nested", "with_periods"]

_CYCLES = ("date", "week", "month")


@frozen(kw_only=True)
class Report(Model):
    """The base of all reports."""

    @classmethod
    def prepare(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the JSON object in the shape of the document's examples.

        Raises:
            ValueError: It has none of the report's fields, which all are optional: another reply must
                not be read as a report without devices.
        """
        fields = attrs.fields(cls)
        names = [one.metadata.get("wire", one.name) for one in fields]
        optional = all(one.default is not attrs.NOTHING for one in fields)
        if optional and not any(name in value for name in names):
            raise ValueError(f"required field missing: one of {', '.join(names)}")
        return value


def nested(value: Mapping[str, Any], name: str, counts: type) -> Mapping[str, Any]:
    """Return a report with its counts under `name`.

    The examples of the document nest them there, its tables list them beside the other fields.

    Args:
        value: The report as JSON.
        name: Field of the counts.
        counts: The class of the counts, whose fields they are.
    """
    fields = [one.name for one in attrs.fields(counts)]
    flat = {field: value[field] for field in fields if field in value}
    return {**value, name: flat} if flat and value.get(name) is None else value


def with_periods(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a history whose rows name their period as its `cycle` does.

    The document's table of new users calls the period of a row `data`.
    """
    rows, cycle = value.get("data"), value.get("cycle")
    if not isinstance(rows, list):
        return value
    name = cycle if cycle in _CYCLES else "date"
    return {**value, "data": [_with_period(row, name) for row in rows]}


def _with_period(row: Any, name: str) -> Any:
    if not isinstance(row, dict) or "data" not in row or any(one in row for one in _CYCLES):
        return row
    return {**row, name: row["data"]}
