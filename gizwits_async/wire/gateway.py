"""The one loop that awaits: quota, token, transport, decode; and again if the policy says so."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import count
from typing import Any, NoReturn, TypeVar

from gizwits_async.errors import (
    ApiError,
    ArgumentError,
    GizwitsError,
    NotSentError,
    QuotaExceededError,
    TimedOutError,
    TokenRejectedError,
)
from gizwits_async.models.authorization import Token, TokenReply
from gizwits_async.options import Credentials, Lane, Options, Secret
from gizwits_async.wire.admission import Admission
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.deadline import due, lift_deadline
from gizwits_async.wire.decode import decode, redact
from gizwits_async.wire.protocols import Quota, Reply, TokenStore, Transport
from gizwits_async.wire.report import Attempt, CallObserver
from gizwits_async.wire.request import Auth, JsonValue, Path, Request, post
from gizwits_async.wire.retry import RetryPolicy, outcome
from gizwits_async.wire.token import TokenSource, token_key

__all__ = ["Gateway"]

T = TypeVar("T")

_MOST_REFUSALS = 7
"""How often a call is refused for quota before that is believed for good. Where no reset is known
the quota doubles its pauses from a minute on, so by then two whole hours have gone by."""
_TOKEN_LIFE = 7 * 86_400
"""Seconds a token lives if the service does not say (api document, section "token")."""


class _SealedBytes(bytes):
    """A body whose repr shows nothing: the token call's holds three secrets."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class Gateway:
    """Sends the calls of one product with one set of options."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        base_url: str,
        options: Options,
        transport: Transport,
        quota: Quota,
        store: TokenStore,
        clock: ServerClock,
        user_agent: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        tokens: TokenSource | None = None,
        page_caps: dict[str, int] | None = None,
        observer: CallObserver | None = None,
        paths: dict[str, str] | None = None,
        counting: set[str] | None = None,
        ahead: bool = False,
    ) -> None:
        self.options = options
        self.page_caps: dict[str, int] = {} if page_caps is None else page_caps
        """Route -> page size, of the lists that refused a larger one."""
        self.paths: dict[str, str] = {} if paths is None else paths
        """Report -> path below the product, of those whose path is in doubt."""
        self.counting: set[str] = set() if counting is None else counting
        """Routes of lists whose total was seen to count all of it, and not the page."""
        self.clock = clock
        self._credentials = credentials
        self._base_url = base_url
        self._transport = transport
        self._quota = quota
        self._store = store
        self._user_agent = user_agent
        self._plain = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": user_agent,
        }
        self._shown: Token | None = None
        self._bearing: Mapping[str, str] = {}
        self.sleep = sleep
        self._observer = observer or CallObserver()
        self._policy = RetryPolicy(
            max_retries=options.max_retries, max_quota_wait=options.max_quota_wait
        )
        self.tokens = tokens or TokenSource(
            key=token_key(base_url, credentials), login=self._login, store=store, clock=clock
        )
        self._admission = Admission(quota, self.tokens, clock, options, ahead=ahead)

    def with_options(self, options: Options) -> "Gateway":
        """Return a gateway that shares all but the options."""
        return self._with(credentials=self._credentials, options=options, tokens=self.tokens)

    def with_quota(self, quota: Quota) -> "Gateway":
        """Return a gateway that shares all but the quota."""
        return self._with(
            credentials=self._credentials, options=self.options, tokens=self.tokens, quota=quota
        )

    def for_product(self, credentials: Credentials) -> "Gateway":
        """Return a gateway for another product of the enterprise, with tokens of its own."""
        return self._with(credentials=credentials, options=self.options, tokens=None)

    def _with(
        self,
        *,
        credentials: Credentials,
        options: Options,
        tokens: TokenSource | None,
        ahead: bool = False,
        quota: Quota | None = None,
    ) -> "Gateway":
        return Gateway(
            credentials=credentials,
            base_url=self._base_url,
            options=options,
            transport=self._transport,
            quota=self._quota if quota is None else quota,
            store=self._store,
            clock=self.clock,
            user_agent=self._user_agent,
            sleep=self.sleep,
            tokens=tokens,
            page_caps=self.page_caps,
            observer=self._observer,
            paths=self.paths,
            counting=self.counting,
            ahead=ahead,
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "sections and streams hold their client's connections and cannot be pickled; make a"
            " client in the other process, and hand on `page.resume`"
        )

    async def learn_time(self) -> None:
        """Make sure that the server's time is known, if that costs nothing but `max_quota_wait`.

        The first call needs a token anyway, and its reply carries a `Date`.
        """
        if not self.clock.known:
            await self.in_time("fetching a token", self._admission.token)

    async def renew_token(self) -> Token:
        """Return a new token; see `Authorization.create_token`."""
        return await self.in_time("fetching a token", self._admission.renewed)

    async def send(self, request: Request[T]) -> T:
        """Send `request` and return what its reply means, within `Options.deadline`.

        Raises:
            GizwitsError: One of the tree in `gizwits_async.errors`.
            ArgumentError: The body holds what JSON cannot say.
        """
        body = None if request.json is None else _encode(request.json)
        attempts: list[Attempt] = []
        began = self.clock.loop_time
        try:
            if due(self.options.deadline, began) is None:
                value = await self._persist(request, body, attempts, began)
            else:
                value = await self._bounded(request, body, attempts, began)
        except (Exception, asyncio.CancelledError) as error:
            self._observer.over(request, attempts, error, began, self.clock)
            raise
        self._observer.over(request, attempts, None, began, self.clock)
        return value

    async def in_time(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """Await `work()` within `Options.deadline` and the `deadline` around it.

        Raises:
            TimedOutError: Time ran out; somebody else's time-out stays what it is.
        """
        now = self.clock.loop_time
        moment = due(self.options.deadline, now)
        if moment is None:
            return await work()
        scope = asyncio.timeout_at(moment)
        try:
            # A call that is late already would still send: it is only cancelled where it waits.
            if moment > now:
                async with scope:
                    return await work()
        except TimeoutError:
            if not scope.expired():
                raise
        raise TimedOutError(f"{what}: not done within its deadline")

    async def rest(self, what: str, seconds: float) -> None:
        """Sleep between two calls of a walk, but not beyond a `deadline` around it.

        Raises:
            TimedOutError: The deadline came before the end of the rest.
        """
        # `Options.deadline` bounds each call, and a rest is none.
        moment = due(None, self.clock.loop_time)
        left = seconds if moment is None else max(0.0, moment - self.clock.loop_time)
        await self.sleep(min(seconds, left))
        if left < seconds:
            raise TimedOutError(f"{what}: its deadline came before its next call")

    async def _bounded(
        self, request: Request[T], body: bytes | None, attempts: list[Attempt], began: float
    ) -> T:
        try:
            return await self.in_time(
                request.where, partial(self._persist, request, body, attempts, began)
            )
        except TimedOutError as error:
            doubt = bool(attempts) and attempts[-1].in_doubt
            final = outcome(request, error) if doubt else error
            if final is error:
                raise
            raise final from error

    async def _persist(
        self, request: Request[T], body: bytes | None, attempts: list[Attempt], began: float
    ) -> T:
        renewed = False
        failures = refusals = 0
        for number in count(1):
            pause: float | None
            so_far = Attempt(request, number, self.clock, began)
            attempts.append(so_far)
            try:
                with so_far:
                    return await self._attempt(request, body, so_far)
            except TokenRejectedError:
                # Refused before anything was done, so that a write may go again too; but once:
                # a server that says "expired" to a new token will say it for ever.
                if renewed or request.single_attempt or so_far.sent is None:
                    raise
                renewed, pause = True, 0.0
            except GizwitsError as error:
                if so_far.sent is None:
                    raise  # It is the token's, whose own call was repeated as often as it may be.
                refused = isinstance(error, QuotaExceededError)
                failures, refusals = failures + (not refused), refusals + refused
                pause = self._policy.delay(request, error, max(failures, 1))
                if refusals > _MOST_REFUSALS:
                    pause = None
                if pause is None or self._too_late(request, pause):
                    final = outcome(request, error)
                    if final is error:
                        raise
                    raise final from error
            if pause:
                await self.sleep(pause)
            began = self.clock.loop_time
        raise AssertionError("unreachable")

    async def _attempt(self, request: Request[T], body: bytes | None, so_far: Attempt) -> T:
        token: Token | None = None
        if request.auth is Auth.TOKEN:
            now, token = await self._admission.place_and_token(so_far)
        else:
            now = await self._admission.place(so_far)
        reply: Reply | None = None
        try:
            if request.finalize is not None:
                request = request.finalize(request)
            if request.not_after is not None and now > request.not_after:
                raise NotSentError(f"{request.where}: its time was over before it could leave")
            so_far.sent = now
            reply = await self._transport.send(
                request.verb,
                request.target,
                self._headers(request.auth, token, body),
                body,
                timeout=self.options.timeout,
                max_bytes=self.options.max_response_bytes,
            )
            arrived = self.clock.loop_time
            so_far.replied(reply, arrived)
            self.clock.observe(reply.headers.get("date"), sent=now, arrived=arrived)
            value = decode(request, reply)
        except ApiError as error:
            self._quota.observe(_headers_of(reply), refused=isinstance(error, QuotaExceededError))
            self._tell(error, token)
            if token is not None and isinstance(error, TokenRejectedError):
                await self.tokens.invalidate(token)
            raise
        except BaseException:
            self._quota.observe(_headers_of(reply))
            raise
        self._quota.observe(reply.headers)
        return value

    def _too_late(self, request: Request[Any], pause: float) -> bool:
        return request.not_after is not None and self.clock.loop_time + pause > request.not_after

    def _headers(self, auth: Auth, token: Token | None, body: bytes | None) -> Mapping[str, str]:
        headers: Mapping[str, str] = self._plain
        if token is not None:
            if token is not self._shown:  # The same one for days.
                shown = Secret(f"token {token.token}")
                self._shown, self._bearing = token, {**self._plain, "Authorization": shown}
            headers = self._bearing
        elif auth is Auth.ENTERPRISE:
            headers = {
                **self._plain,
                "X-Gizwits-Enterprise-ID": self._credentials.enterprise_id,
                "X-Gizwits-Enterprise-Secret": self._credentials.enterprise_secret,
            }
        # Each call has a copy: a transport may be anybody's, and write into it.
        return {**headers} if body is None else {**headers, "Content-Type": "application/json"}

    def _tell(self, error: ApiError, token: Token | None) -> None:
        """Complete an error by the state of the quota, and cut out secrets that the server echoed."""
        error.quota = self._quota.snapshot()
        if isinstance(error, QuotaExceededError):
            error.retry_after = self._quota.retry_after()
        own = self._credentials
        redact(error, own.enterprise_secret, own.product_secret, *([token.token] if token else ()))

    async def _login(self) -> Token:
        # In its own right, and whatever the leader's limits are: others wait for this token too.
        options = self.options.evolve(lane=Lane.INTERACTIVE, max_quota_wait=None, deadline=None)
        lift_deadline()
        gateway = self._with(
            credentials=self._credentials, options=options, tokens=self.tokens, ahead=True
        )
        reply = await gateway.send(self._token_request())
        return reply.to_token(otherwise=self.clock.earliest() + _TOKEN_LIFE)

    def _token_request(self) -> Request[TokenReply]:
        own = self._credentials
        return post(
            Path.of("/v1/products/{product_key}/access_token", product_key=own.product_key),
            TokenReply,
            json={
                "enterprise_id": own.enterprise_id,
                "enterprise_secret": own.enterprise_secret,
                "product_secret": own.product_secret,
            },
        ).evolve(auth=Auth.NONE, repeatable=True)


def _headers_of(reply: Reply | None) -> Mapping[str, str] | None:
    return None if reply is None else reply.headers


def _encode(value: JsonValue) -> bytes:
    try:
        return _SealedBytes(
            json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"the body cannot be written as JSON: {error}") from None
