"""Decodes and encodes the data points of one product in the frames of its devices."""

from collections.abc import Iterable, Mapping
from typing import overload

from gizwits_async.errors import ArgumentError, InvalidResponseError
from gizwits_async.models.devices import CommandRecord, DataRecord
from gizwits_async.models.frame import Frame
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.payload.kinds import Value, describe
from gizwits_async.payload.layout import FixedLayout, Point, VariableLayout

__all__ = ["DataPointCodec", "codec_of"]

_CARRIERS = frozenset({0x0090, 0x0091, 0x0093, 0x0094})
_LAYOUTS: Mapping[str, type[FixedLayout | VariableLayout]] = {
    "standard": FixedLayout,
    "var_len": VariableLayout,
}
_MAX_NAMES = 30


class DataPointCodec:
    """Reads and writes the data points of one product, by its definition.

    Values look as they do in the data log: 0 or 1 for a bool, the name for an enum (the number, if
    the definition has no name for it), numbers in display units, binary as lower-case hex text.
    `gizwits_async.payload.layout` documents how bodies are laid out, and how certain that is.
    """

    def __init__(self, datapoints: ProductDataPoints) -> None:
        """Prepare for one product.

        Args:
            datapoints: What `client.product.datapoints()` returned.

        Raises:
            ValueError: The definition is inconsistent (positions that overlap, a ratio of 0, an
                unknown type, two points of one name or id); the message names the data point.
        """
        definition = datapoints.datapoints
        points = [Point.of(point) for point in definition]
        _refuse_doubles("name", ((point.name, point.name) for point in definition))
        _refuse_doubles("id", ((point.name, point.id) for point in definition))
        layout = _LAYOUTS.get(datapoints.protocol_type)
        if layout is None:
            kind = describe(datapoints.protocol_type)
            raise ValueError(f"unknown protocolType {kind}; known are standard and var_len")
        self._layout = layout(points)
        self._points = {point.name: point for point in points}

    def __repr__(self) -> str:
        kind = "standard" if isinstance(self._layout, FixedLayout) else "var_len"
        return f"DataPointCodec({len(self._points)} data points, {kind})"

    @overload
    def decode(self, frame: Frame) -> dict[str, Value]: ...
    @overload
    def decode(self, frame: CommandRecord) -> DataRecord: ...
    def decode(self, frame: Frame | CommandRecord) -> dict[str, Value] | DataRecord:
        """Return the data points that a frame carries, by name, in the order of their ids.

        Reports and answers of fixed-length products carry all data points, everything else those it
        flags. Empty for what carries none: read requests, transparent data, bare acknowledgements
        and payloads that are no frame.

        Args:
            frame: A frame; or a record of the cmd log, which becomes a record of the data log.

        Raises:
            PayloadError: The frame should carry data points and does not fit the definition: it is
                truncated, flags unknown points, or belongs to the other kind of product.
        """
        if isinstance(frame, CommandRecord):
            return DataRecord(ts=frame.timestamp, attrs=self.decode(frame.frame))
        if frame.command not in _CARRIERS or not frame.body:
            return {}
        return self._layout.read(frame.body)

    def check(self, attrs: Mapping[str, object]) -> dict[str, Value]:
        """Return the values to send by `devices.control(attrs=...)`, written as in the data log.

        A bool becomes 0 or 1, a number is rounded to its step, binary is padded to its length.

        Args:
            attrs: Values by name: bool or 0 and 1, enum names, numbers in display units, hex text
                or bytes for binary.

        Raises:
            ValueError: An unknown or read-only name, or a value of the wrong type, range, step or
                length; the message lists what is allowed.
        """
        return {name: self._points[name].kind.show(raw) for name, raw in self._take(attrs).items()}

    def encode(self, attrs: Mapping[str, object], *, current: Frame | None = None) -> Frame:
        """Return the frame that writes these values; see `check` for what they may be.

        For raw control send `frame.to_bytes(prefix=False)`.

        Args:
            attrs: At least one value, by name.
            current: The last report of the device. In fixed-length products it fills the positions of
                data points that are not written, as recorded commands do; without it they are
                zero, which some devices apply in spite of the flags.

        Raises:
            ValueError: As `check`; or there is nothing to write.
            PayloadError: `current` is not a report of this product.
        """
        if not attrs:
            raise ArgumentError(f"nothing to write; writable are {self._writable()}")
        return Frame.build(self._layout.write(self._take(attrs), current.body if current else b""))

    def _take(self, attrs: Mapping[str, object]) -> dict[str, int]:
        taken: dict[str, int] = {}
        for name, value in attrs.items():
            point = self._points.get(name)
            if point is None or not point.writable:
                problem = "no such data point" if point is None else "read-only"
                raise ArgumentError(f"{describe(name)}: {problem}; writable are {self._writable()}")
            raw = point.kind.take(value)
            if raw is None:
                raise ArgumentError(f"{name} must be {point.kind.allowed}, not {describe(value)}")
            taken[name] = raw
        return taken

    def _writable(self) -> str:
        names = [point.name for point in self._points.values() if point.writable]
        more = ", ..." if len(names) > _MAX_NAMES else ""
        return (", ".join(names[:_MAX_NAMES]) or "none") + more


def codec_of(datapoints: ProductDataPoints) -> DataPointCodec:
    """Return the codec of a product as the service defines it.

    Raises:
        InvalidResponseError: The definition is inconsistent; the message names the data point.
    """
    try:
        return DataPointCodec(datapoints)
    except ValueError as error:
        # Not a ValueError: the caller's arguments are not to blame.
        raise InvalidResponseError(f"the product's definition is inconsistent: {error}") from error


def _refuse_doubles(what: str, keys: Iterable[tuple[str, object]]) -> None:
    seen: dict[object, str] = {}
    for name, key in keys:
        if key in seen:
            raise ValueError(f"{name}: same {what} as {seen[key]}: {describe(key)}")
        seen[key] = name
