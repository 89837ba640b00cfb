"""`gizwits-async status`: what a store holds and what is left to scan; the service is not called."""

import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen
from cyclopts import Parameter

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.output import Format, OutputFlags, say
from gizwits_async.cli.scan_report import rule_rows, utc
from gizwits_async.cli.suggestions import next_scan
from gizwits_async.cli.tables import write_value

if TYPE_CHECKING:
    from gizwits_async.scan import Rule, RuleTrust
    from gizwits_async.scan.store.status import ProductStatus, StoreStatus

__all__ = ["status"]


@Parameter(name="*")
@frozen(kw_only=True)
class StatusFlags(OutputFlags):
    """What is shown, and how."""

    devices: Flag = False
    """Say of each log of each device how far it was read, and list the gaps."""
    schema: str | None = None
    """Schema of a PostgreSQL database that holds the store."""
    json: Flag = False
    """As --format json."""


async def status(store: str, /, *, flags: StatusFlags = StatusFlags()) -> int:
    """Write where the scans of a store stand. Exit code 3 if something is left, 9 without a store.

    Args:
        store: SQLite file or SQLAlchemy URL.
        flags: What is shown.
    """
    from gizwits_async.scan import store_status

    held = await store_status(store, schema=flags.schema)
    found = [_as_json(held, product, devices=flags.devices) for product in held.products]
    form = Format.JSON if flags.json else flags.format
    if form.chosen is Format.TABLE:
        for one, product in zip(found, held.products, strict=True):
            write_value(_rows(one, product.trust.rules), form)
            if not product.complete:
                derives = product.trust.derives
                go_on = next_scan(store, flags.schema, one["logs"], derives=derives)
                say(_("to go on:"), command=go_on)
    else:
        shown: list[Any] = [found] if form.chosen is Format.JSON and len(found) > 1 else [*found]
        for value in shown:
            write_value(value, form)
    complete = all(product.complete for product in held.products)
    return Exit.OK if complete else Exit.INCOMPLETE


def _as_json(held: "StoreStatus", product: "ProductStatus", *, devices: bool) -> dict[str, Any]:
    state, left = product.state, product.left
    shown: dict[str, Any] = {
        "store": held.name,
        "bytes": held.bytes,
        "product_key": state.product_key,
        "start": state.start,
        "end": state.end,
        "age": int(time.time()) - state.end,
        "devices": left.devices,
        "windows_left": {log: count for log, count in left.windows.items() if count},
        "complete": product.complete,
        "logs": _logs(held, product),
        "gaps": product.gap_count,
        "runs": [asdict(run) for run in product.runs],
        "rules": {
            rule: {
                "proven": known.proven,
                "confirmed": known.confirmed,
                "sampled": known.sampled,
                "skipped": known.skipped,
                "refuted": known.refuted,
            }
            for rule, known in product.trust.rules.items()
        },
    }
    if devices:
        shown["coverage"] = [asdict(log) for log in product.logs]
        shown["missing"] = [asdict(gap) for gap in product.gaps]
    return shown


def _logs(held: "StoreStatus", product: "ProductStatus") -> dict[str, dict[str, Any]]:
    """Return for each log how many devices were read to the end, and which days have records."""
    from gizwits_async.scan.calendar import iso_day

    counts: dict[str, Counter[str]] = {}
    for log in product.logs:
        count = counts.setdefault(log.log, Counter())
        count["failed" if log.failed else "read" if log.until >= product.state.end else "left"] += 1
        count["gap_seconds"] += log.gaps
    shown: dict[str, dict[str, Any]] = {}
    for name, count in counts.items():
        days = held.days.get(name)  # type: ignore[call-overload]
        first, last, number = (None, None, 0) if days is None else days
        shown[name] = {
            "devices_read": count["read"],
            "devices_left": count["left"],
            "devices_failed": count["failed"],
            "gap_seconds": count["gap_seconds"],
            "first_day": None if first is None else iso_day(first),
            "last_day": None if last is None else iso_day(last),
            "days": number,
        }
    return shown


def _rows(found: Mapping[str, Any], rules: "Mapping[Rule, RuleTrust]") -> dict[str, str]:
    span = _("{start} to {end}", start=utc(found["start"]), end=utc(found["end"]))
    rows = {
        _("store"): found["store"],
        _("size"): f"{found['bytes'] / 2**20:,.1f} MiB",
        _("product"): found["product_key"],
        _("range (UTC)"): span,
        _("age"): str(timedelta(seconds=max(0, found["age"]))),
        _("devices"): f"{found['devices']:,}",
    }
    for log, known in found["logs"].items():
        rows[_("{log} log", log=log)] = _(
            "{read:,} devices read, {left:,} not yet, {failed:,} failed; days {first} to {last}",
            read=known["devices_read"],
            left=known["devices_left"],
            failed=known["devices_failed"],
            first=known["first_day"] or "-",
            last=known["last_day"] or "-",
        )
    for log, count in found["windows_left"].items():
        rows[_("{log} windows left", log=log)] = f"{count:,}"
    if found["gaps"]:
        rows[_("gaps")] = f"{found['gaps']:,}"
    for run in found["runs"]:
        ended = utc(run["ended"]) if run["ended"] is not None else _("unfinished")
        rows[_("run {number}", number=run["run"])] = f"{utc(run['began'])} - {ended}"
    for one in found.get("coverage", ()):
        rows[f"{one['did']} {one['log']}"] = utc(one["until"])
    rows |= rule_rows(rules)
    rows[_("state")] = _("complete") if found["complete"] else _("unfinished")
    return rows
