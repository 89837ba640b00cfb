"""The simulated service as a state machine: request and time in, reply out. No I/O, no clock.

All behaviour follows from the requests, their times and the seed in its quirks, so that every run of
a test is the same.
"""

import random
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from email.utils import formatdate

from gizwits_async.options import Credentials
from gizwits_async.simulator.codes import NO_PRODUCT, NOT_WHITELISTED
from gizwits_async.simulator.endpoints.authorization import check_enterprise, product_of
from gizwits_async.simulator.endpoints.logs import truth
from gizwits_async.simulator.endpoints.routes import Route, find_route
from gizwits_async.simulator.faults.effects import apply_fault
from gizwits_async.simulator.faults.rules import FaultRule, Faults
from gizwits_async.simulator.messages import (
    Answer,
    ApiRefusal,
    LedgerEntry,
    SimulatedReply,
    SimulatedRequest,
)
from gizwits_async.simulator.quirks import Log, Quirks
from gizwits_async.simulator.state.clock import LoopClock
from gizwits_async.simulator.state.contexts import Contexts
from gizwits_async.simulator.state.fleet import Fleet
from gizwits_async.simulator.state.ids import digest
from gizwits_async.simulator.state.quota import Quota
from gizwits_async.simulator.state.state import Call, Product, State
from gizwits_async.simulator.state.tokens import Tokens

__all__ = ["SimulatedCloud"]

_OK, _NOT_FOUND, _WRONG_VERB = 200, 404, 405
_CREDENTIALS = Credentials(
    enterprise_id="simulated-enterprise",
    # Without words: the client cuts parts of secrets out of error messages.
    enterprise_secret=digest("secret of the simulated enterprise"),
    product_key="simulatedproductkey0000000000001",
    product_secret=digest("secret of the simulated product"),
)


class SimulatedCloud:
    """A simulated Gizwits Enterprise API."""

    def __init__(
        self,
        fleet: Fleet | None = None,
        *,
        quirks: Quirks | None = None,
        credentials: Credentials | None = None,
        quota: int = 3600,
        period: float = 3600.0,
        token_life: float = 604_800.0,
        whitelist: Collection[str] | None = None,
        ledger_size: int | None = None,
        faults: Iterable[FaultRule] = (),
    ) -> None:
        """Make a service.

        Args:
            fleet: Devices and logs of the first product; None: `Fleet.of_today()`.
            quirks: Behaviour where the API document is silent.
            credentials: Accepted credentials; None: a fixed, obviously fictitious set.
            quota: Calls that the enterprise may make in a period.
            period: Length of the period in seconds.
            token_life: Lifetime of a token in seconds.
            whitelist: Addresses that may call; None: all.
            ledger_size: Number of calls that the ledger keeps, newest last; None: all.
            faults: Rules by which calls fail.
        """
        quirks = Quirks() if quirks is None else quirks
        self.credentials = _CREDENTIALS if credentials is None else credentials
        """The credentials that this service accepts."""
        self.fleet = Fleet.of_today() if fleet is None else fleet
        """Devices and logs of the product in `credentials`."""
        self.whitelist = whitelist
        self.ledger: deque[LedgerEntry] = deque(maxlen=ledger_size)
        """Every call that was handled, oldest first."""
        self.tally: Counter[str] = Counter()
        """Number of handled calls by kind, and of refusals under `error 5013` and so on."""
        self.tokens = Tokens(quirks.seed, token_life)
        """Issued tokens: `revoke()`, `expire()`."""
        self.faults = Faults(faults)
        """Active fault rules; replace them with `faults.set(...)`."""
        self.contexts = Contexts(quirks)
        """Open log queries: `forget()`."""
        self.quota = Quota(quirks, quota, period)
        """Quota of the enterprise: `use_up()`, `reset()`."""
        self._clock = LoopClock(self.fleet.now)
        self._at_start = self.faults.rules
        self._state = State(
            quirks=quirks,
            credentials=self.credentials,
            products={},
            tokens=self.tokens,
            contexts=self.contexts,
            rng=random.Random(f"cloud/{quirks.seed}"),
        )
        self.product = self.add_product(
            self.credentials.product_key, self.credentials.product_secret, self.fleet
        )
        """The product in `credentials`, with its groups and bindings."""

    def reset(self) -> None:
        """Return to the state after construction; fleets keep their devices and records."""
        self.ledger.clear()
        self.tally.clear()
        self.tokens.revoke()
        self.contexts.forget()
        self.quota.reset()
        self.faults.set(self._at_start)
        for product in list(self._state.products.values()):
            self.add_product(product.key, product.secret, product.fleet)
        self.product = self._state.products[self.credentials.product_key]

    @property
    def quirks(self) -> Quirks:
        """Behaviour of the server; assign to change it while it runs, except for its quota."""
        return self._state.quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._state.quirks = self.contexts.quirks = quirks

    def add_product(self, product_key: str, product_secret: str, fleet: Fleet) -> Product:
        """Add another product of the same enterprise; they share one quota."""
        product = Product.of(product_key, product_secret, fleet)
        self._state.products[product_key] = product
        return product

    def now(self) -> float:
        """Return the present of callers without a clock of their own, in epoch seconds.

        It starts at the fleet's `now` and advances with the time of the running event loop, so that
        the same logs are visible through the transport and the server, at any date.
        """
        return self._clock.now()

    def truth(
        self, log: Log, did: str, start: float, end: float, *, now: float | None = None
    ) -> list[dict[str, object]]:
        """Return the records with `start <= written time < end` as this server writes them.

        Args:
            log: The log.
            did: A device of the product in `credentials`.
            start: Epoch seconds.
            end: Epoch seconds.
            now: Only records visible at this time, in epoch seconds; None: all.

        Returns:
            JSON objects, oldest first.
        """
        return truth(self.fleet, log, did, (start, end), quirks=self.quirks, now=now)

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        """Answer one request.

        Args:
            request: The request.
            now: The caller's present in epoch seconds; `clock_skew` moves the server's.

        Returns:
            The reply; its `delivery` is set if a fault rule disturbs it.
        """
        rule = self.faults.choose(request)
        if rule is None:
            return self._answer(request, now)
        handled = sum(self.tally.values())
        reply = apply_fault(rule, self.faults, request, now, self._answer)
        if sum(self.tally.values()) == handled:
            # The rule kept the request from the service, but it was sent: record it.
            self._note(request, now, reply.status, None, f"fault.{rule.action}")
        return reply

    def _answer(self, request: SimulatedRequest, now: float, ahead: float = 0.0) -> SimulatedReply:
        counted_at = now + self.quirks.clock_skew
        here = counted_at + ahead
        segments = request.segments()
        route, params, verbs = find_route(request.method, segments, self.quirks)
        code: int | None = None
        node = self._state.rng.choice(self.quirks.node_clocks)
        headers: dict[str, str] = {"date": formatdate(here + node, usegmt=True)}
        if route is None:
            status = _WRONG_VERB if verbs else _NOT_FOUND
            # Answered by the web framework in front of the service: no error code, not counted.
            message = f'Method "{request.method}" not allowed.' if verbs else "Not found."
            value: object = {"detail": message}
            if verbs:
                headers["allow"] = ", ".join(verbs)
        else:
            try:
                status, value = self._admit(request, route, params, here, counted_at)
            except ApiRefusal as refusal:
                status, value, code = refusal.status, self._refuse(refusal), refusal.code
            self.quota.count(route.kind, code, counted_at)
            headers |= self.quota.headers(code, counted_at)
        self._note(request, now, status, code, "" if route is None else route.kind)
        return SimulatedReply.of_json(status, value, headers)

    def _note(
        self, request: SimulatedRequest, now: float, status: int, code: int | None, kind: str
    ) -> None:
        self.tally[kind] += 1
        if code is not None:
            self.tally[f"error {code}"] += 1
        self.ledger.append(
            LedgerEntry(
                at=now,
                method=request.method,
                path=request.path,
                query=request.query(),
                status=status,
                error_code=code,
                kind=kind,
            )
        )

    def _admit(
        self,
        request: SimulatedRequest,
        route: Route,
        params: Mapping[str, str],
        now: float,
        counted_at: float,
    ) -> tuple[int, object]:
        if self.whitelist is not None and request.peer not in self.whitelist:
            raise ApiRefusal(NOT_WHITELISTED)
        self.quota.check(route.kind, counted_at)
        product = self._product(request, route, params)
        if route.auth == "token":
            self.tokens.check(request.header("authorization"), product.key, now)
        answer = route.answer(
            Call(
                state=self._state,
                product=product,
                params=params,
                query=request.query(),
                request=request,
                now=now,
            )
        )
        return (answer.status, answer.body) if isinstance(answer, Answer) else (_OK, answer)

    def _product(
        self, request: SimulatedRequest, route: Route, params: Mapping[str, str]
    ) -> Product:
        state = self._state
        if route.auth == "enterprise":
            search = route.kind == "users.search_registered"
            check_enterprise(state, request, secret_optional=search)
            return product_of(state, request.query(), report=not search)
        found = state.products.get(params["product_key"])
        if found is None:
            raise ApiRefusal(NO_PRODUCT)
        return found

    def _refuse(self, refusal: ApiRefusal) -> dict[str, object]:
        as_text = self.quirks.error_code == "str"
        return {
            "error_code": str(refusal.code) if as_text else refusal.code,
            "error_message": refusal.text,
            self.quirks.error_detail: refusal.detail,
        }
