"""Records of a log for people: a column a data point, values in words, local times."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gizwits_async.cli.definition import Definition
from gizwits_async.cli.language import _
from gizwits_async.cli.moments import clock_time, zone_name
from gizwits_async.cli.tables import Column

if TYPE_CHECKING:
    from gizwits_async.models.devices import CommandRecord
    from gizwits_async.payload import DataPointCodec

__all__ = ["LogView", "decoded"]


@frozen(kw_only=True)
class LogView:
    """How the records of one log become rows of a table."""

    definition: Definition
    """The data points of the product."""
    wanted: tuple[str, ...] = ()
    """The data points to show, by either name; none means all."""
    utc: bool = False
    """Whether times are in UTC."""

    def columns(self) -> tuple[Column, ...] | None:
        """Return the columns if only some data points are wanted; None means all.

        Raises:
            ValueError: A wanted data point is none of the product.
        """
        names = self.names()
        if not names:
            return None
        return tuple(Column(name, self.title(name)) for name in ("time", *names))

    def names(self) -> tuple[str, ...]:
        """Return the wanted data points under the names of the service.

        Raises:
            ValueError: A wanted data point is none of the product.
        """
        points = self.definition.points
        by_label = {self.definition.label(name): name for name in points}
        names = tuple(by_label.get(one, one) for one in self.wanted)
        if unknown := [name for name in names if points and name not in points]:
            known = ", ".join(points)
            raise ValueError(
                _("no data point {name}; the product has {known}", name=unknown[0], known=known)
            )
        return names

    def title(self, name: str) -> str:
        """Return the header of a column."""
        if name == "time":
            return _("time ({zone})", zone=zone_name(utc=self.utc))
        titles = {"type": _("type"), "action": _("action"), "attrs": _("data points")}
        titles |= {"payload": _("payload"), "problem": _("problem")}
        return titles.get(name) or self.definition.label(name)

    def row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return the cells of one record."""
        rest = {name: one for name, one in record.items() if name not in {"ts", "timestamp"}}
        row = {"time": self.time(record), **rest}
        attrs = row.pop("attrs", None)
        if attrs is None:
            return row
        if "payload" in row:
            # A decoded frame: what it says, or the bytes if nothing could be read.
            return {
                **row,
                "attrs": self.definition.pairs(attrs),
                "payload": None if attrs else row["payload"],
            }
        return {**row, **{name: self.definition.worded(name, one) for name, one in attrs.items()}}

    def line(self, record: Mapping[str, Any], attrs: Mapping[str, Any]) -> str:
        """Return one line with these data points of a record."""
        names = self.names()
        shown = {name: one for name, one in attrs.items() if not names or name in names}
        return f"{self.time(record)}  {self.definition.pairs(shown)}".rstrip()

    def time(self, record: Mapping[str, Any]) -> str:
        """Return when a record was written."""
        return clock_time(record.get("ts", record.get("timestamp", 0)), utc=self.utc)


async def decoded(
    records: "AsyncIterator[CommandRecord]", codec: "DataPointCodec"
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the records of a cmd log with the data points in their frames.

    A frame that cannot be decoded comes as it is, with the reason as `problem`.
    """
    from gizwits_async.models import to_dict
    from gizwits_async.payload import PayloadError

    async for record in records:
        frame, attrs = record.frame, dict[str, Any]()
        problem = frame.problem
        try:
            attrs = codec.decode(frame)
        except PayloadError as error:
            problem = problem or str(error)
        yield {**to_dict(record), "action": frame.action, "attrs": attrs, "problem": problem}
