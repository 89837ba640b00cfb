"""Changes the page in a reply as a fault rule prescribes: rows, totals and contexts. No I/O."""

import json
from typing import Any

from attrs import evolve

from gizwits_async.simulator.faults.rules import FaultRule
from gizwits_async.simulator.messages import Action, SimulatedReply, encode_json

__all__ = ["PAGE_ACTIONS", "REPEATED_CONTEXT", "change_page", "repeat_context"]

PAGE_ACTIONS = frozenset(
    {
        Action.DUPLICATE_ROWS,
        Action.DRIFTING_TOTAL,
        Action.EMPTY_PAGE,
        Action.ODD_ROW,
        Action.MISSING_FIELD,
    }
)
REPEATED_CONTEXT = "the-same-cursor"


def change_page(rule: FaultRule, reply: SimulatedReply, number: int) -> SimulatedReply:
    """Return the reply with its page changed; unchanged if it has no page.

    Args:
        rule: A rule whose action is in `PAGE_ACTIONS`.
        reply: The service's reply.
        number: Number of calls that rules have made fail so far, for totals that drift.
    """
    page: Any = json.loads(reply.body) if reply.body else None
    found = _find_rows(page) if isinstance(page, dict) else None
    if found is None:
        return reply
    holder, name = found
    rows = holder[name]
    match rule.action:
        case Action.DUPLICATE_ROWS:
            holder[name] = [*rows[:1], *rows]
        case Action.DRIFTING_TOTAL:
            _change_total(page, number % 5 - 2)
        case Action.EMPTY_PAGE:
            holder[name] = []
            for part in (page, page.get("meta")):
                if isinstance(part, dict):
                    part.pop("context", None)
        case _:
            chosen = range(len(rows)) if rule.row is None else range(rule.row, rule.row + 1)
            holder[name] = [
                _odd(rule, row) if index in chosen else row for index, row in enumerate(rows)
            ]
    return evolve(reply, body=encode_json(page))


def repeat_context(reply: SimulatedReply) -> SimulatedReply | None:
    """Return the reply with a made-up context in `meta`; None if it has no page."""
    page = json.loads(reply.body) if reply.body else None
    if not isinstance(page, dict) or not isinstance(page.get("meta"), dict):
        return None
    page["meta"]["context"] = REPEATED_CONTEXT
    return evolve(reply, body=encode_json(page))


def _find_rows(page: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    # Lists and logs have `objects`, possibly with the rows inside `hits`; groups and reports differ.
    objects = page.get("objects")
    if isinstance(objects, dict) and isinstance(objects.get("hits"), dict):
        page = objects["hits"]
    for name in ("objects", "macs", "data"):
        if isinstance(page.get(name), list):
            return page, name
    return None


def _change_total(page: dict[str, Any], deviation: int) -> None:
    meta = page.get("meta")
    if isinstance(meta, dict) and isinstance(meta.get("total"), int):
        meta["total"] = max(0, meta["total"] + deviation)


def _odd(rule: FaultRule, row: object) -> object:
    if rule.key is None:
        return rule.value
    if not isinstance(row, dict):
        return row
    others = {name: value for name, value in row.items() if name != rule.key}
    return others if rule.action is Action.MISSING_FIELD else {**others, rule.key: rule.value}
