"""`gizwits-async status`: what a store holds and what is left to scan; the service is not called."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import LOGS
from gizwits_async.cli.language import _
from gizwits_async.cli.output import Format, OutputFlags
from gizwits_async.cli.scan_report import rule_text, utc
from gizwits_async.cli.tables import write_value

if TYPE_CHECKING:
    from gizwits_async.scan import Rule, RuleTrust

__all__ = ["status"]

_WINDOW = 172_799
"""Seconds that one query of a log brings."""


async def status(store: str, /, *, output: OutputFlags = OutputFlags()) -> int:
    """Write where the scan of a store stands. Exit code 3 if something is left, 9 without a store.

    Args:
        store: SQLite file or SQLAlchemy URL.
        output: How it is written.
    """
    from gizwits_async.scan import SqlStore, StoreMissingError
    from gizwits_async.scan.trust import Trust

    held = SqlStore(store)
    try:
        state = await held.peek()
        if state is None:
            raise StoreMissingError(f"{held.name}: there is no store")
        left = await held.remaining(LOGS, state.end, _WINDOW)
        trust = Trust.from_json(await held.trust())
    finally:
        await held.aclose()
    windows = {log: count for log, count in left.windows.items() if count}
    complete = state.listing == "done" and not windows
    found: dict[str, Any] = {
        "store": held.name,
        "product_key": state.product_key,
        "start": state.start,
        "end": state.end,
        "devices": left.devices,
        "windows_left": windows,
        "complete": complete,
        "rules": {
            rule: {
                "proven": known.proven,
                "confirmed": known.confirmed,
                "sampled": known.sampled,
                "skipped": known.skipped,
                "refuted": known.refuted,
            }
            for rule, known in trust.rules.items()
        },
    }
    as_table = output.format.chosen is Format.TABLE
    write_value(_rows(found, trust.rules) if as_table else found, output.format)
    return Exit.OK if complete else Exit.INCOMPLETE


def _rows(found: Mapping[str, Any], rules: "Mapping[Rule, RuleTrust]") -> dict[str, str]:
    span = _("{start} to {end}", start=utc(found["start"]), end=utc(found["end"]))
    rows = {
        _("store"): found["store"],
        _("product"): found["product_key"],
        _("range (UTC)"): span,
        _("devices"): f"{found['devices']:,}",
    }
    for log, count in found["windows_left"].items():
        rows[_("{log} windows left", log=log)] = f"{count:,}"
    rows |= {_("rule {rule}", rule=rule): rule_text(known) for rule, known in rules.items()}
    if found["complete"]:
        rows[_("state")] = _("complete")
    else:
        rows[_("state")] = _("unfinished")
        rows[_("to go on")] = f"gizwits-async scan --since last --out {found['store']}"
    return rows
