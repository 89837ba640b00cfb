"""Chapter "devices": identity, state, control and logs of devices."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar

from gizwits_async import streams
from gizwits_async.models.control import ControlResult
from gizwits_async.models.devices import (
    CommandRecord,
    DataRecord,
    Device,
    DeviceDetail,
    DeviceIdentity,
    OnlineEvent,
)
from gizwits_async.models.times import Moment, as_epoch
from gizwits_async.sections.base import Section, given, logged
from gizwits_async.sections.control.body import BinaryCoding, control_body
from gizwits_async.streams import PageStream
from gizwits_async.streams.base import Sort
from gizwits_async.wire.request import get, post

__all__ = ["Devices"]

T = TypeVar("T")
# Streams of logs are named through their package, which loads them on use: a listing needs none of the modules
# that walk a log, and `typing.get_type_hints` still finds them.


class Devices(Section):
    """The devices of one product."""

    async def identity(self, mac: str) -> DeviceIdentity:
        """Return the device id that belongs to a MAC address.

        Raises:
            NotFoundError: No device of this product has it (5301).

        GET /v1/products/{product_key}/devices (api document: "get device did")
        """
        return await self._send(get(self._at("devices"), DeviceIdentity, mac=given("mac", mac)))

    async def detail(self, mac: str) -> DeviceDetail:
        """Return what is known of the device with this MAC address.

        Raises:
            NotFoundError: No device of this product has it (5301).

        GET /v1/products/{product_key}/device_detail (api document: "get device detail")
        """
        return await self._send(get(self._at("device_detail"), DeviceDetail, mac=given("mac", mac)))

    def search(
        self,
        *,
        gid: str | None = None,
        country: str | None = None,
        region: str | None = None,
        city: str | None = None,
        is_online: bool | None = None,
        is_faulty: bool | None = None,
        is_alert: bool | None = None,
        show_disabled: bool | None = None,
        liveness_start: Moment | None = None,
        type: str | None = None,  # noqa: A002 - the API's word
        value: str | None = None,
    ) -> PageStream[Device]:
        """Return the devices that match all that is given; nothing given matches every device.

        Args:
            gid: Only devices of this group.
            country: Only devices in this country.
            region: Only devices in this province.
            city: Only devices in this city.
            is_online: Only devices that are connected, or only those that are not.
            is_faulty: Only devices with a pending fault, or only those without.
            is_alert: Only devices with a pending alert, or only those without.
            show_disabled: Whether devices that were signed off are listed too.
            liveness_start: Only devices that were active since then.
            type: What `value` is: `did`, `mac` or `uid`.
            value: The device or user to look for.

        GET /v1/products/{product_key}/devices/search (api document: "search devices")
        """
        since = as_epoch("liveness_start", liveness_start)
        return self._listed(
            self._at("devices/search"),
            Device,
            key=attrgetter("did"),
            gid=gid,
            country=country,
            region=region,
            city=city,
            is_online=is_online,
            is_faulty=is_faulty,
            is_alert=is_alert,
            show_disabled=show_disabled,
            liveness_start=None if since is None else int(since),
            type=type,
            val=value,
        )

    async def control(
        self,
        did: str,
        attrs: Mapping[str, object] | None = None,
        *,
        raw: bytes | str | Iterable[int] | None = None,
        binary_coding: BinaryCoding | None = None,
    ) -> None:
        """Send a command to the device: data points by name, or bytes as its controller takes them.

        That it returns means that the service took the command; the device acknowledges nothing.
        What it did shows in the next record of `data_log`. Never sent twice by itself.

        Args:
            did: Device id.
            attrs: Data point -> value in display units: booleans, enums by name, numbers; a binary
                point as hex text (base64 by `binary_coding`) of its full length, padded with 00.
            raw: Bytes, numbers 0..255, or text in `binary_coding`: action and data, without
                the header `00000003...0090`.
                Should a product want the header: `Frame.build(body).to_bytes()`.
            binary_coding: How bytes are written: `hex`, `base64`, or None: `raw` as a list of
                numbers, binary points as hex.

        Raises:
            ArgumentError: Both or none of `attrs` and `raw`; an empty one; a number that is no byte.
            OutcomeUnknownError: The reply was lost: it may or may not have been carried out.
            ConflictError: The device is signed off (5304) or offline (5305).
            InvalidRequestError: A data point or value that does not exist (5401), bad `raw` (5408).
            NotFoundError: No such data point (5405).
            ForbiddenError: Control is closed for the product (5404).
            ServerError: The service failed to send it on (5403).

        POST /v1/products/{product_key}/devices/{did}/control (api document: "remote control")
        """
        body = control_body(attrs, raw, binary_coding)
        await self._send(post(self._at("devices/{did}/control", did=did), NoneType, json=body))

    async def control_and_confirm(
        self,
        did: str,
        attrs: Mapping[str, object],
        *,
        within: float = 5.0,
        resend: int = 0,
    ) -> ControlResult:
        """Send a command, and watch the device's logs until it reports that it obeyed.

        The values are checked against the product's data points first, which are fetched once a
        client. Then the command is sent once, and the logs are looked at after a second, with
        pauses that double: mostly two calls in all. Only a report from after the command confirms
        it, so one from the same second needs the cmd log, which has milliseconds; where that is
        closed, the data log is asked. If the reply to the command was lost, the logs show whether
        the device executed it.

        Args:
            did: Device id.
            attrs: As in `control`; binary as hex text or bytes, filled up to its length.
            within: Seconds that the device has to report, for each sending. Logs are asked by whole
                seconds, so the last look may come two seconds later.
            resend: How often the command is sent again, at most, if the device did not report.
                Never after a sending or a look that went wrong.

        Returns:
            The result, `confirmed`, `sent` or `unknown` as `.state`.
            Once the command may have been taken no error is raised any more: `.obstacle` has it.

        Raises:
            ArgumentError: A name or value that the product does not allow, with what it allows; a bad
                `within`, `resend` or `did`. Nothing was sent.
            InvalidResponseError: The product's definition is inconsistent. Nothing was sent.
            ConflictError: The device is signed off (5304) or offline (5305).
            InvalidRequestError: The service does not know the data point or value (5401).
            ForbiddenError: Control is closed for the product (5404).
            ServerError: The service failed to send it on (5403).
        """
        # Imported on use: it loads the payload codec, which few programs need.
        from gizwits_async.models.product import ProductDataPoints  # noqa: PLC0415
        from gizwits_async.sections.control.confirm import Calls, control_and_confirm  # noqa: PLC0415

        calls = Calls(
            control=post(self._at("devices/{did}/control", did=did), NoneType),
            commands=logged(self._at("devices/{did}/cmd", did=did), CommandRecord),
            data=logged(self._at("devices/{did}/data", did=did), DataRecord),
            datapoints=get(self._at("datapoint"), ProductDataPoints),
        )
        return await control_and_confirm(self._gateway, calls, attrs, within=within, resend=resend)

    def online_log(
        self,
        did: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        sort: Sort = "desc",
        settle: float | None = None,
    ) -> "streams.LogStream[OnlineEvent]":
        """Return when the device came and went, `start <= timestamp < end`, over any range.

        Args:
            did: Device id.
            start: Aware datetime or epoch seconds; None is one full window (two days) before `end`.
            end: Aware datetime or epoch seconds; None is now.
            sort: `desc` for newest first, `asc` for oldest first.
            settle: Seconds that a record may take to show in the log. The range then ends at the
                server's present less that, and the `resume` of its last page goes on there, in a
                later walk of an equal stream: no record that shows in time is missed, none comes
                twice. None reads up to `end`, and records that show later are missed.

        Raises:
            ArgumentError: A naive datetime, a reversed range, a bad `settle`, a `did` that cannot
                stand in a path; a start in the future when the walk begins.
            LogRangeError: When the walk begins: the start is more than 30 days ago.
            ForbiddenError: When the walk begins: the log is closed for published products.

        GET /v1/products/{product_key}/devices/{did}/online (api document: "device online log")
        """
        return self._log(
            did, "online", OnlineEvent, "timestamp", start=start, end=end, sort=sort, settle=settle
        )

    def cmd_log(
        self,
        did: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        sort: Sort = "desc",
        settle: float | None = None,
    ) -> "streams.LogStream[CommandRecord]":
        """Return the frames between app and device; arguments and errors as `online_log`.

        GET /v1/products/{product_key}/devices/{did}/cmd (api document: "device communication log")
        """
        return self._log(
            did, "cmd", CommandRecord, "timestamp", start=start, end=end, sort=sort, settle=settle
        )

    def data_log(
        self,
        did: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        sort: Sort = "desc",
        settle: float | None = None,
    ) -> "streams.LogStream[DataRecord]":
        """Return the data points over time; arguments and errors as `online_log`.

        GET /v1/products/{product_key}/devices/{did}/data (api document: "device history data")
        """
        return self._log(
            did, "data", DataRecord, "ts", start=start, end=end, sort=sort, settle=settle
        )

    def watch(
        self, did: str, *, every: float = 30.0, settle: float = 5.0
    ) -> "streams.WatchStream[DataRecord]":
        """Return the data points from now on, as an endless stream; one call a poll.

        ```python
        async for page in gizwits.devices.watch(did).pages(saved):
            store(page.items)
            save(page.resume)
        ```

        Each record comes at most once and in the order of time, as much as `every + settle` seconds
        late. After an error `error.resume` goes on where it broke off, also in another process, and
        misses nothing that the log still has.

        Args:
            did: Device id.
            every: Seconds between polls, at least 1: 30 costs 120 calls an hour.
            settle: Seconds for which a record may take to show in the log; one that takes longer
                is missed.

        Raises:
            ArgumentError: A bad `every`, `settle` or `did`.
            ForbiddenError: When the walk begins: the log is closed for published products.

        GET /v1/products/{product_key}/devices/{did}/data (api document: "device history data")
        """
        request = logged(self._at("devices/{did}/data", did=did), DataRecord)
        return streams.WatchStream(
            self._gateway, request, time_of=attrgetter("ts"), every=every, settle=settle
        )

    def _log(
        self, did: str, log: str, record: type[T], time: str, **asked: Any
    ) -> "streams.LogStream[T]":
        request = logged(self._at(f"devices/{{did}}/{log}", did=did), record)
        return streams.LogStream(self._gateway, request, time_of=attrgetter(time), **asked)
