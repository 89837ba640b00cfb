"""Send a command and find out whether it was obeyed: the calls. What they prove is in `evidence`.

What the service refuses is an error, raised before anything could happen. Once the service may have
taken the command no error is raised any more, for it would hide that: what the device did, or that
nobody knows, is a `ControlResult`.
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

_LONGEST = 86_400.0


@frozen(kw_only=True)
class Calls:
    """What may be asked about one device."""

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
    """Return what became of a command; see `Devices.control_and_confirm`."""
    control_body(attrs, None, None)
    _check("within", within, int | float, f"a number of seconds up to {_LONGEST:.0f}")
    _check("resend", resend, int, "a number of times")
    watch = Confirmation(gateway, calls)
    wanted = await watch.checked(attrs)
    first = await watch.send(wanted)
    await watch.look(first, within)
    # Another command while nobody knows of the last one, or nobody could look, would be a guess.
    while watch.sendings <= resend and watch.open:
        try:
            again = await watch.send(wanted)
        except GizwitsError as error:
            watch.obstacle = error
            break
        await watch.look(again, within)
    return watch.result()


def _check(name: str, value: object, kind: type | UnionType, allowed: str) -> None:
    plain = isinstance(value, kind) and not isinstance(value, bool)
    if not plain or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise ArgumentError(f"{name} must be {allowed}, not {value!r}")


class Confirmation:
    """One command, from the check of its values to the last look."""

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
        """Whether the device was watched in vain, and nothing stands against another sending."""
        return not (self._finding.confirmed or self.lost or self.obstacle)

    async def checked(self, attrs: Mapping[str, object]) -> Mapping[str, object]:
        """Return the values as they will be sent; raise ArgumentError if they cannot be."""

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
        """Send the command once and return when; a lost reply is kept in mind, not raised."""
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
            # By what the clock knows now: the reply has told it more.
            earliest=clock.earliest() - (clock.loop_time - left),
            latest=clock.latest(),
            lost=self.lost is not None,
        )
        if self._sending is None:
            self._sending, self._began = sending, left
        return sending

    async def look(self, sending: Sending, within: float) -> None:
        """Look at the logs until the wanted values are reported, time is over, or looking fails."""
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
                self.obstacle = error  # It may be better the next time.
            except GizwitsError as error:
                self.obstacle = error
                return
            if self._finding.confirmed:
                return

    def result(self) -> ControlResult:
        """Return what became of it."""
        finding = self._finding
        against = None if finding.confirmed else self.obstacle or self.lost
        return ControlResult(
            confirmed=finding.confirmed,
            # Only the first sending counts: after a lost one there is no other.
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
        """Return what the cmd log shows, or the data log where that is closed or unreadable."""
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
                # A log without the command lags, or is not kept: it does not tell of reports either.
                if finding.confirmed or (finding.readable and finding.command_seen):
                    return finding
        data = await self._page(self._calls.data, end, sending)
        told = judge_data(data, self._codec, self._wanted, sending)
        return finding if finding.at is not None and not told.confirmed else told

    async def _page(self, request: Request[PageReply[T]], end: int, sending: Sending) -> list[T]:
        # The newest page is enough: no device says more in the seconds of a look.
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
