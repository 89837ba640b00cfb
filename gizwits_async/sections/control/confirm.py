"""Sends a command and confirms it by the device's logs: the calls; `evidence` judges the logs.

A refusal by the service is raised, since nothing happened. Once the service may have accepted the
command, no error is raised, which would hide that: the result is a `ControlResult` in any case.
"""

from collections.abc import Mapping
from math import floor
from types import UnionType
from typing import TypeVar

from attrs import frozen

from gizwits_async.errors import (
    CLIENT_WIDE_ERRORS,
    ApiError,
    ArgumentError,
    ForbiddenError,
    GizwitsError,
    InvalidResponseError,
    NotFoundError,
    OutcomeUnknownError,
    TimedOutError,
    TransportError,
)
from gizwits_async.models.control import ControlResult
from gizwits_async.models.devices import CommandRecord, DataRecord
from gizwits_async.models.page import PageReply
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.sections.control.body import control_body
from gizwits_async.sections.control.evidence import (
    Finding,
    Sending,
    judge_commands,
    judge_data,
    looks,
)
from gizwits_async.wire.deadline import due, in_time
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["Calls", "control_and_confirm"]

T = TypeVar("T")

_MAX_SECONDS = 86_400.0


@frozen(kw_only=True)
class Calls:
    """The requests about one device that a confirmation sends."""

    control: Request[None]
    commands: Request[PageReply[CommandRecord]]
    data: Request[PageReply[DataRecord]]
    datapoints: Request[ProductDataPoints]


async def control_and_confirm(
    gateway: Gateway,
    calls: Calls,
    attrs: Mapping[str, object],
    *,
    within: float,
    resend: int,
) -> ControlResult:
    """Send a command and return its result; see `Devices.control_and_confirm`."""
    control_body(attrs, None, None)
    _check("within", within, int | float, f"a number of seconds up to {_MAX_SECONDS:.0f}")
    _check("resend", resend, int, "a number of times")
    confirmation = Confirmation(gateway, calls)
    wanted = await confirmation.checked(attrs)
    first = await confirmation.send(wanted)
    await confirmation.look(first, within)
    # Never resend while the fate of the last command is unknown, or the logs could not be read.
    while confirmation.sendings <= resend and confirmation.open:
        try:
            again = await confirmation.send(wanted)
        except GizwitsError as error:
            confirmation.obstacle = error
            break
        await confirmation.look(again, within)
    return confirmation.result()


def _check(name: str, value: object, kind: type | UnionType, allowed: str) -> None:
    plain = isinstance(value, kind) and not isinstance(value, bool)
    if not plain or not isinstance(value, int | float) or not 0 <= value <= _MAX_SECONDS:
        raise ArgumentError(f"{name} must be {allowed}, not {value!r}")


class Confirmation:
    """One command, from the validation of its values to the last look at the logs."""

    def __init__(self, gateway: Gateway, calls: Calls) -> None:
        self._gateway = gateway
        self._calls = calls
        self._clock = gateway.clock
        self._product = gateway.product_traits
        self._finding = Finding()
        self._sending: Sending | None = None
        self._began = 0.0
        self._readable = True
        self._command_seen = False
        self._spent = 0
        self.sendings = 0
        self.lost: OutcomeUnknownError | None = None
        self.obstacle: GizwitsError | None = None
        """What went wrong at the last look or sending."""

    @property
    def open(self) -> bool:
        """Whether no report confirmed the command, and sending it again is safe."""
        return not (self._finding.confirmed or self.lost or self.obstacle)

    async def checked(self, attrs: Mapping[str, object]) -> Mapping[str, object]:
        """Return the values as they will be sent; raise ArgumentError for unusable ones."""

        async def fetch() -> ProductDataPoints:
            return await self._send(self._calls.datapoints)

        self._codec = await in_time(
            "fetching the data points",
            self._gateway.options.deadline,
            lambda: self._product.codec(fetch),
        )
        self._wanted = self._codec.check(attrs)
        return self._wanted

    async def send(self, wanted: Mapping[str, object]) -> Sending:
        """Send the command once and return when; a lost reply is recorded, not raised."""
        clock = self._clock
        left = clock.loop_time

        def leaving(request: Request[None]) -> Request[None]:
            nonlocal left
            left = clock.loop_time
            return request

        request = self._calls.control.evolve(
            json=control_body(wanted, None, None), finalize=leaving
        )
        try:
            await self._send(request)
        except OutcomeUnknownError as error:
            self.lost = error
        self.sendings += 1
        sending = Sending(
            # Computed after the reply, whose `Date` may have narrowed the clock.
            earliest=clock.earliest() - (clock.loop_time - left),
            latest=clock.latest(),
            lost=self.lost is not None,
        )
        if self._sending is None:
            self._sending, self._began = sending, left
        return sending

    async def look(self, sending: Sending, within: float) -> None:
        """Look at the logs until they show the wanted values, time is up, or a look fails."""
        clock = self._clock
        offset = clock.loop_time - clock.earliest()
        limit = due(None, clock.loop_time)
        for second in looks(sending.latest, within):
            moment = second + offset
            if limit is not None and moment > limit:
                self.obstacle = TimedOutError("the deadline leaves no time for another look")
                return
            if moment > clock.loop_time:
                await self._gateway.service.sleep(moment - clock.loop_time)
            try:
                self._finding = await self._found(max(second, floor(clock.earliest())))
                self.obstacle = None
            except TransportError as error:
                self.obstacle = error  # Transient: the next look may succeed.
            except GizwitsError as error:
                self.obstacle = error
                return
            if self._finding.confirmed:
                return

    def result(self) -> ControlResult:
        """Return the result of the command."""
        finding = self._finding
        against = None if finding.confirmed else self.obstacle or self.lost
        return ControlResult(
            confirmed=finding.confirmed,
            # The first sending decides: after a lost one there is no other.
            taken=finding.confirmed or self._taken or self._command_seen,
            wanted=self._wanted,
            reported=finding.values,
            reported_at=finding.at,
            matches=finding.matches,
            seconds=self._clock.loop_time - self._began,
            calls=self._spent,
            sendings=self.sendings,
            obstacle=None if against is None else f"{type(against).__name__}: {against}",
        )

    @property
    def _taken(self) -> bool:
        return self._sending is not None and not self._sending.lost

    async def _found(self, end: int) -> Finding:
        """Return the evidence of the cmd log, or of the data log if that is closed or unreadable."""
        sending = self._sending
        if sending is None:
            raise AssertionError("unreachable")
        finding = Finding()
        if self._product.cmd_log_open and self._readable:
            try:
                commands = await self._page(self._calls.commands, end, sending)
            except CLIENT_WIDE_ERRORS:
                raise
            except (ApiError, InvalidResponseError) as error:
                self._readable = False
                self._product.cmd_log_open = not isinstance(error, ForbiddenError | NotFoundError)
            else:
                finding = judge_commands(commands, self._codec, self._wanted, sending)
                self._readable = finding.readable
                self._command_seen |= finding.command_seen
                # A log that lacks the command lags or is not kept: it lacks the reports as well.
                if finding.confirmed or (finding.readable and finding.command_seen):
                    return finding
        data = await self._page(self._calls.data, end, sending)
        by_data = judge_data(data, self._codec, self._wanted, sending)
        return finding if finding.at is not None and not by_data.confirmed else by_data

    async def _page(self, request: Request[PageReply[T]], end: int, sending: Sending) -> list[T]:
        # The newest page suffices: no device sends a page of reports within seconds.
        options = self._gateway.options
        start = max(floor(sending.earliest) - 1, end - options.max_log_span)
        page = request.asking(start_ts=start, end_ts=end, sort="desc", limit=options.page_size)
        return list((await self._send(page)).objects)

    async def _send(self, request: Request[T]) -> T:
        finalize = request.finalize

        def spent(request: Request[T]) -> Request[T]:
            self._spent += 1
            return request if finalize is None else finalize(request)

        return await self._gateway.send(request.evolve(finalize=spent))
