"""Applies a fault rule to a call: another reply, or a disturbed delivery. No I/O."""

from email.utils import formatdate
from http import HTTPStatus
from math import inf
from typing import Protocol

from attrs import evolve

from gizwits_async.error_codes import API_ERRORS
from gizwits_async.simulator.faults.pages import (
    PAGE_ACTIONS,
    REPEATED_CONTEXT,
    change_page,
    repeat_context,
)
from gizwits_async.simulator.faults.rules import FaultRule, Faults
from gizwits_async.simulator.messages import Action, Delivery, SimulatedReply, SimulatedRequest

__all__ = ["apply_fault"]

_WITHOUT_EFFECT = (Action.STATUS, Action.HTML, Action.REDIRECT, Action.RESET)
_OVERSIZED = 32 * 2**20
_DATE = "date"
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)
"""Statuses under which HTTP carries no body."""


class Service(Protocol):
    """The simulated service."""

    def __call__(self, request: SimulatedRequest, now: float, ahead: float = 0.0) -> SimulatedReply:
        """Return the reply. `ahead` moves the server's clock for this call, but not the quota's."""
        ...


def apply_fault(
    rule: FaultRule, faults: Faults, request: SimulatedRequest, now: float, service: Service
) -> SimulatedReply:
    """Return the reply to a call that a rule makes fail.

    Args:
        rule: The rule.
        faults: The set of active rules, which keeps the state between calls.
        request: The call.
        now: The caller's present, in epoch seconds.
        service: Called unless the rule keeps the call from it.

    Returns:
        The reply; status 0 and a `delivery` where the caller receives none.
    """
    action = rule.action
    if action is Action.SAME_CURSOR:
        return _same_cursor(faults, request, now, service)
    if action is Action.CLOCK_SKEW:
        return service(request, now, 3600.0 if rule.seconds is None else rule.seconds)
    effect = action not in _WITHOUT_EFFECT if rule.effect is None else rule.effect
    reply = service(request, now) if effect else None
    if action in (Action.STATUS, Action.HTML, Action.REDIRECT):
        # Proxies send a Date header too.
        date = {_DATE: formatdate(now, usegmt=True) if reply is None else reply.headers[_DATE]}
        replaced = _replacement(rule, date)
        return evolve(replaced, body=b"") if replaced.status in _WITHOUT_BODY else replaced
    if action in (Action.RESET, Action.EFFECT_WITHOUT_REPLY) or reply is None:
        wait = inf if action is Action.STALL and rule.seconds is None else (rule.seconds or 0.0)
        lost = Delivery(reset=True, wait=wait if action is Action.STALL else 0.0)
        return SimulatedReply(status=0, headers={}, body=b"", delivery=lost)
    if action in PAGE_ACTIONS:
        return change_page(rule, reply, sum(faults.fired))
    return _disturbed(rule, reply)


def _disturbed(rule: FaultRule, reply: SimulatedReply) -> SimulatedReply:
    body, action = reply.body, rule.action
    keep = len(body) // 2 if rule.size is None else min(rule.size, len(body))
    if action is Action.TRUNCATED:
        return evolve(reply, body=body[:keep])
    if action is Action.CUT:
        delivery = Delivery(cut_at=min(keep, max(0, len(body) - 1)))
    elif action is Action.STALL:
        delivery = Delivery(wait=inf if rule.seconds is None else rule.seconds)
    elif action is Action.DRIP:
        pause = 0.1 if rule.seconds is None else rule.seconds
        delivery = Delivery(piece=max(1, rule.size or 1), pause=pause)
    else:
        size = _OVERSIZED if rule.size is None else rule.size
        delivery = Delivery(padding=max(0, size - len(body)))
    return evolve(reply, delivery=delivery)


def _replacement(rule: FaultRule, date: dict[str, str]) -> SimulatedReply:
    if rule.action is Action.REDIRECT:
        headers = {**date, "location": rule.location}
        return SimulatedReply(status=rule.status or HTTPStatus.FOUND, headers=headers, body=b"")
    if rule.action is Action.HTML:
        status = rule.status or HTTPStatus.BAD_GATEWAY
        text = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
        kind = {"content-type": "text/html; charset=utf-8"}
        return SimulatedReply(status=status, headers={**kind, **date}, body=text.encode())
    status = rule.status or HTTPStatus.INTERNAL_SERVER_ERROR
    if rule.code is None:
        return SimulatedReply.of_json(status, {"detail": "simulated fault"}, date)
    usual, _, text = API_ERRORS[rule.code]
    body = {"error_code": rule.code, "error_message": text, "detail_message": "simulated fault"}
    return SimulatedReply.of_json(rule.status or usual, body, date)


def _same_cursor(
    faults: Faults, request: SimulatedRequest, now: float, service: Service
) -> SimulatedReply:
    again = faults.pages.get(request.path)
    if request.query().get("context") == REPEATED_CONTEXT and again is not None:
        # Send the request without the made-up context: the service counts the call and sets the date.
        reply = service(evolve(request, target=request.path), now)
        return evolve(reply, status=HTTPStatus.OK, body=again)
    reply = service(request, now)
    repeated = repeat_context(reply)
    if repeated is None:
        return reply
    faults.pages[request.path] = repeated.body
    return repeated
