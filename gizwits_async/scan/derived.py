"""Makes data records out of the reports in the cmd log, where the product's definition decodes them. Pure."""

import json
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from math import floor
from typing import Any

from attrs import define, field

from gizwits_async.models.devices import CommandRecord, DataRecord
from gizwits_async.payload import DataPointCodec, PayloadError
from gizwits_async.scan.presence import Prediction
from gizwits_async.scan.report import ScanPage
from gizwits_async.scan.task import Record, Task

__all__ = ["DerivedLog", "same_records"]

_REPORT = "dev2app"
_MAX_DEVICES = 4096
"""Devices whose records are kept until their data log is due: then those of the oldest are dropped,
and their data logs are read."""


@define
class _Decoded:
    """The part of a cmd log that was read in this run: the seconds `first <= t < end`."""

    first: int
    end: int
    known_at: int
    """When the oldest part of it was asked for."""
    records: list[DataRecord] = field(factory=list)


class DerivedLog:
    """The data records that follow from the cmd logs read so far."""

    def __init__(self, codec: DataPointCodec) -> None:
        """Start without any records.

        Args:
            codec: Decodes the reports of the product.
        """
        self._codec = codec
        self._of: OrderedDict[str, _Decoded | None] = OrderedDict()
        """None: a part of the log was not seen, or cannot be decoded."""

    def read(self, page: ScanPage, known_at: int) -> None:
        """Note a page of a cmd log.

        Args:
            page: The page.
            known_at: When its window was opened, in epoch seconds UTC.
        """
        known = self._of.setdefault(page.did, _Decoded(page.start, page.start, known_at))
        self._of.move_to_end(page.did)
        if len(self._of) > _MAX_DEVICES:
            self._of.popitem(last=False)
        if known is None:
            return
        made = self._decoded(page.items)
        if made is None or page.gaps or page.set_aside or page.start > known.end:
            self._of[page.did] = None
            return
        known.records += made
        if page.last:
            known.end, known.known_at = max(known.end, page.end), min(known.known_at, known_at)

    def empty(self, did: str, start: int, end: int, known_at: int) -> None:
        """Note seconds of a cmd log that were passed over because they hold nothing."""
        known = self._of.setdefault(did, _Decoded(start, start, known_at))
        if known is not None and start <= known.end:
            known.end, known.known_at = max(known.end, end), min(known.known_at, known_at)

    def predict(self, task: Task, end: int) -> Prediction | None:
        """Return the next records of a data log; None if its cmd log does not tell them.

        Args:
            task: A task of the data log, without an open window.
            end: Where the range of the scan ends.
        """
        known, start = self._of.get(task.did), task.next_second
        if known is None or not known.first <= start < known.end:
            return None
        until = min(known.end, task.stop(end))
        records = tuple(record for record in known.records if start <= record.ts < until)
        return Prediction(rule="derived", until=until, known_at=known.known_at, records=records)

    def forget(self, did: str) -> None:
        """Note that a part of the device's cmd log was not seen: nothing follows from the rest."""
        self._of[did] = None

    def forget_all(self) -> None:
        """Note that what was taken to be an empty part of a cmd log may hold records."""
        self._of = OrderedDict.fromkeys(self._of)

    def drop(self, did: str, until: int) -> None:
        """Forget the records of a device before a second: its data log is known up to there."""
        if (known := self._of.get(did)) is not None:
            known.records = [record for record in known.records if record.ts >= until]

    def _decoded(self, items: Iterable[Record]) -> list[DataRecord] | None:
        """Return the data records of some reports; None if one of them cannot be decoded."""
        made = []
        for item in items:
            if not isinstance(item, CommandRecord) or item.type != _REPORT:
                continue
            try:
                record = self._codec.decode(item)
            except PayloadError:
                return None
            if record.attrs:
                # The data log has whole seconds in every known reply.
                attrs = {name: _plain(value) for name, value in record.attrs.items()}
                made.append(DataRecord(ts=floor(record.ts), attrs=attrs))
        return made


def same_records(prediction: Prediction, found: Sequence[Record], *, settle: int) -> bool:
    """Return whether a window holds what was predicted, up to the order within a second.

    Args:
        prediction: The records that were expected; none: the window was to be empty.
        found: The records that it holds.
        settle: Seconds that a record may take to appear in a log.
    """
    if prediction.rule != "derived":
        return not found
    # Younger records may still be missing in either log.
    before = prediction.known_at - settle
    return _bag(prediction.records, before) == _bag(found, before)


def _plain(value: Any) -> Any:
    """Return a whole number as an integer, as JSON writes it: 35 and 35.0 are one value."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _bag(records: Sequence[Record], before: int) -> Counter[str]:
    return Counter(
        json.dumps(
            [_plain(record.ts), {name: _plain(value) for name, value in record.attrs.items()}],
            sort_keys=True,
        )
        for record in records
        if isinstance(record, DataRecord) and record.ts < before
    )
