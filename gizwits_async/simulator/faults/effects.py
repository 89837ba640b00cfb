"""What a fault rule makes of a call: another reply, or the same one that travels badly. No I/O."""

import json
from email.utils import formatdate
from http import HTTPStatus
from math import inf
from typing import Protocol

from attrs import evolve

from gizwits_async.errors import API_ERRORS
from gizwits_async.simulator.faults.rules import FaultRule, Faults
from gizwits_async.simulator.messages import (
    Action,
    Delivery,
    SimulatedReply,
    SimulatedRequest,
    written,
)

__all__ = ["strike"]

_EFFECTLESS = (Action.STATUS, Action.HTML, Action.REDIRECT, Action.RESET)
_OVERSIZED = 32 * 2**20
_SAME = "the-same-cursor"
_DATE = "date"
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)
"""Statuses under which HTTP carries no body."""


class Answer(Protocol):
    """The service itself."""

    def __call__(self, request: SimulatedRequest, now: float, ahead: float = 0.0) -> SimulatedReply:
        """Return its reply; its clock may be ahead for this one call, its quota's never is."""
        ...


def strike(
    rule: FaultRule, faults: Faults, request: SimulatedRequest, now: float, answer: Answer
) -> SimulatedReply:
    """Return the reply to a call that a rule strikes.

    Args:
        rule: The rule.
        faults: The box it comes from, for what it has to remember.
        request: The call.
        now: The caller's present, in epoch seconds.
        answer: The service itself; called if the call has an effect.

    Returns:
        The reply; with status 0 where there is none, and a `delivery` that says so.
    """
    action, reply = rule.action, None
    effect = action not in _EFFECTLESS if rule.effect is None else rule.effect
    if action is Action.SAME_CURSOR:
        return _same_cursor(faults, request, now, answer)
    if action is Action.CLOCK_SKEW:
        return answer(request, now, 3600.0 if rule.seconds is None else rule.seconds)
    if effect:
        reply = answer(request, now)
    if action in (Action.STATUS, Action.HTML, Action.REDIRECT):
        # What stands in front of a service has a clock too.
        date = {_DATE: formatdate(now, usegmt=True) if reply is None else reply.headers[_DATE]}
        instead = _instead(rule, date)
        return evolve(instead, body=b"") if instead.status in _BODILESS else instead
    if action in (Action.RESET, Action.EFFECT_WITHOUT_REPLY) or reply is None:
        wait = inf if action is Action.STALL and rule.seconds is None else (rule.seconds or 0.0)
        lost = Delivery(reset=True, wait=wait if action is Action.STALL else 0.0)
        return SimulatedReply(status=0, headers={}, body=b"", delivery=lost)
    if action in (Action.DUPLICATE_ROWS, Action.DRIFTING_TOTAL):
        return _other_rows(rule, faults, reply)
    return _badly(rule, reply)


def _badly(rule: FaultRule, reply: SimulatedReply) -> SimulatedReply:
    body, action = reply.body, rule.action
    keep = len(body) // 2 if rule.size is None else min(rule.size, len(body))
    if action is Action.TRUNCATED:
        return evolve(reply, body=body[:keep])
    if action is Action.CUT:
        way = Delivery(cut_at=min(keep, max(0, len(body) - 1)))
    elif action is Action.STALL:
        way = Delivery(wait=inf if rule.seconds is None else rule.seconds)
    elif action is Action.DRIP:
        pause = 0.1 if rule.seconds is None else rule.seconds
        way = Delivery(piece=max(1, rule.size or 1), pause=pause)
    else:
        size = _OVERSIZED if rule.size is None else rule.size
        way = Delivery(padding=max(0, size - len(body)))
    return evolve(reply, delivery=way)


def _instead(rule: FaultRule, date: dict[str, str]) -> SimulatedReply:
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


def _other_rows(rule: FaultRule, faults: Faults, reply: SimulatedReply) -> SimulatedReply:
    page = _page(reply)
    if page is None:
        return reply
    meta, objects = page["meta"], page["objects"]
    if rule.action is Action.DUPLICATE_ROWS and isinstance(objects, list):
        page["objects"] = [*objects[:1], *objects]
    elif isinstance(meta, dict) and isinstance(meta.get("total"), int):
        # Up and down around the truth by two, another way at each call.
        number = sum(faults.fired)
        meta["total"] = max(0, meta["total"] + number % 5 - 2)
    return evolve(reply, body=written(page))


def _same_cursor(
    faults: Faults, request: SimulatedRequest, now: float, answer: Answer
) -> SimulatedReply:
    asked = request.query()
    again = faults.pages.get(request.path)
    if asked.get("context") == _SAME and again is not None:
        # Asked without the context, so that the service counts the call and dates the reply.
        path = request.path
        reply = answer(evolve(request, target=path), now)
        return evolve(reply, status=HTTPStatus.OK, body=again)
    reply = answer(request, now)
    page = _page(reply)
    if page is None or not isinstance(page["meta"], dict):
        return reply
    page["meta"]["context"] = _SAME
    faults.pages[request.path] = written(page)
    return evolve(reply, body=faults.pages[request.path])


def _page(reply: SimulatedReply) -> dict[str, object] | None:
    page = json.loads(reply.body) if reply.body else None
    return page if isinstance(page, dict) and {"meta", "objects"} <= page.keys() else None
