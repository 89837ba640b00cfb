"""The loop that sends one call: permit, token, transport, decode; again while the policy allows it."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import NoReturn, TypeVar

from attrs import field, frozen

from gizwits_async.errors import (
    ApiError,
    GizwitsError,
    NotSentError,
    TimedOutError,
    TokenRejectedError,
)
from gizwits_async.models.authorization import Token
from gizwits_async.models.rows import RowsReply
from gizwits_async.options import Credentials, Options
from gizwits_async.wire.admission import Admission
from gizwits_async.wire.attempts import Attempt, Call, log_attempt
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.deadline import due, in_time
from gizwits_async.wire.decode import decode
from gizwits_async.wire.login import Headers, log_in, login_options
from gizwits_async.wire.request import Auth, Request
from gizwits_async.wire.retry import RetryPolicy, final_error, outcome
from gizwits_async.wire.service import Service
from gizwits_async.wire.token import TokenSource
from gizwits_async.wire.traits import ProductTraits, ServiceTraits

__all__ = ["Gateway"]

T = TypeVar("T")

_BY_TOKEN = Auth.TOKEN
"""Looked up once, since it is needed at every call: see `options.INTERACTIVE`."""


@frozen(eq=False, repr=False)
class Gateway:
    """Sends the calls of one product with one set of options; `evolve` gives another."""

    service: Service
    credentials: Credentials
    options: Options
    ahead: bool = False
    """Whether calls get their permits before all others: for a login, on which the others wait."""
    tokens: TokenSource = field(init=False)
    _policy: RetryPolicy = field(init=False)
    _admission: Admission = field(init=False)
    _headers: Headers = field(init=False)

    @tokens.default
    def _make_tokens(self) -> TokenSource:
        login = partial(_login, self.service, self.credentials, self.options)
        return self.service.token_source(self.credentials, login)

    @_policy.default
    def _make_policy(self) -> RetryPolicy:
        return RetryPolicy.of(self.options)

    @_admission.default
    def _make_admission(self) -> Admission:
        service = self.service
        return Admission(service.quota, self.tokens, service.clock, self.options, ahead=self.ahead)

    @_headers.default
    def _make_headers(self) -> Headers:
        return Headers(self.credentials, self.service.user_agent)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "connections cannot be pickled: hand on the Credentials of a client, `page.resume` of a stream"
        )

    @property
    def clock(self) -> ServerClock:
        """The server's time."""
        return self.service.clock

    @property
    def traits(self) -> ServiceTraits:
        """What was learned of the service."""
        return self.service.traits

    @property
    def product_traits(self) -> ProductTraits:
        """What was learned of the product."""
        return self.service.traits.product(self.credentials.product_key)

    async def learn_time(self) -> None:
        """Make sure that the server's time is known, if that takes no longer than `max_quota_wait`.

        The first call needs a token anyway, and the reply to the login carries a `Date`.
        """
        if not self.clock.known:
            await in_time("fetching a token", self.options.deadline, self._admission.token)

    async def renew_token(self) -> Token:
        """Return a new token; see `Authorization.create_token`."""
        return await in_time("fetching a token", self.options.deadline, self._admission.renewed)

    async def send(self, request: Request[T]) -> T:
        """Send `request` and return what its reply means, within `Options.deadline`.

        Raises:
            GizwitsError: One of the tree in `gizwits_async.errors`.
        """
        observer, loop = self.service.observer, asyncio.get_running_loop()
        body = None if request.json is None else request.encoded_body()
        call = Call(request, body, loop, loop.time())
        try:
            if due(self.options.deadline, call.began) is None:
                value = await self._persist(call)
            else:
                value = await self._bounded(call)
        except (Exception, asyncio.CancelledError) as error:
            observer.over(call, error)
            raise
        observer.over(call, None)
        return value

    async def _bounded(self, call: Call[T]) -> T:
        request = call.request
        try:
            return await in_time(request.where, self.options.deadline, partial(self._persist, call))
        except TimedOutError as error:
            if call.failure is not None:
                error.add_note(f"the attempt before failed: {call.failure}")
            unanswered = bool(call.attempts) and call.attempts[-1].outcome_unknown
            final = outcome(request, error) if unanswered else error
            if final is error:
                raise
            raise final from error

    async def _persist(self, call: Call[T]) -> T:
        while True:
            attempt = call.next_attempt()
            try:
                value = await self._attempt(call, attempt)
            except (Exception, asyncio.CancelledError) as error:
                attempt.failed(error, call.loop.time())
                log_attempt(call)
                if not isinstance(error, GizwitsError):
                    raise
                pause = self._policy.after(call, error, call.loop.time())
                if pause is None:
                    final = final_error(call, error)
                    if final is error:
                        raise
                    raise final from error
            else:
                log_attempt(call)
                return value
            if pause:
                await self.service.sleep(pause)

    async def _attempt(self, call: Call[T], attempt: Attempt) -> T:
        service, request = self.service, call.request
        token: Token | None = None
        if request.auth is _BY_TOKEN:
            now, token = await self._admission.permit_and_token(attempt)
        else:
            now = await self._admission.permit(attempt)
        headers: Mapping[str, str] | None = None
        try:
            request = request.ready(now)
            attempt.sent = now
            transport = service.command_transport if request.is_command else service.transport
            reply = await transport.send(
                request.verb,
                request.target,
                self._headers.of(request.auth, token, call.body),
                call.body,
                timeout=self.options.timeout,
                max_bytes=self.options.max_response_bytes,
            )
            headers, arrived = reply.headers, call.loop.time()
            attempt.replied(reply, arrived)
            service.clock.observe(headers.get("date"), sent=now, arrived=arrived)
            value = decode(request, reply, strict_rows=self.options.strict_rows)
        except ApiError as error:
            service.learn_from(error, headers or {})
            self._headers.redact(error, token)
            if token is not None and isinstance(error, TokenRejectedError):
                await self.tokens.invalidate(token)
            raise
        except NotSentError:
            self._admission.release()
            raise
        except BaseException:
            service.quota.observe(headers)
            raise
        service.quota.observe(headers)
        if isinstance(value, RowsReply) and value.problems:
            service.traits.warn_of(request, value.problems)
        return value


async def _login(service: Service, credentials: Credentials, options: Options) -> Token:
    # A function of its own: a method would keep alive the gateway that first needed a token.
    gateway = Gateway(service, credentials, login_options(options), ahead=True)
    return await log_in(gateway.send, credentials, service.clock)
