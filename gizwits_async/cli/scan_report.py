"""What a scan came to, for people: a table and what is missing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gizwits_async.cli.language import _
from gizwits_async.cli.library_texts import reworded
from gizwits_async.cli.output import printable, say, stderr
from gizwits_async.cli.tables import pairs

if TYPE_CHECKING:
    from gizwits_async.scan import RuleTrust, ScanReport
    from gizwits_async.scan.rules import Rule

__all__ = ["rule_rows", "rule_text", "show_report", "utc"]

_SHOWN = 20
"""Failures and gaps that are listed; the JSON report has more of them."""


def show_report(report: "ScanReport", out: str) -> None:
    """Write the report on stderr.

    Args:
        report: What the scan came to.
        out: The name of the store.
    """
    title = _("scan of {product}", product=report.product_key)
    stderr().print(pairs(dict(_rows(report, out)), printable(title)))
    for failure in report.failures[:_SHOWN]:
        log = f"{failure.did} {failure.log}: {failure.error}: {reworded(failure.text)}"
        say(_("failed: {log}", log=log))
    if report.failed > len(report.failures[:_SHOWN]):
        say(_("... {count:,} logs failed in all", count=report.failed))
    for gap in report.gaps[:_SHOWN]:
        log, first, after = f"{gap.did} {gap.log}", utc(gap.start), utc(gap.end)
        say(
            _(
                "gap: {log}: {first} to {after} fell off the 30-day edge",
                log=log,
                first=first,
                after=after,
            )
        )
    if report.gap_count > len(report.gaps[:_SHOWN]):
        say(_("... {count:,} gaps in all", count=report.gap_count))
    if report.listing:
        say(reworded(report.listing))
    for rule, window in report.refuted.items():
        say(_("rule {rule} does not hold here: {window}", rule=rule, window=reworded(window)))
    for note in report.notes:
        say(_("note: {text}", text=reworded(note)))
    if report.hint:
        say(_("to go on: {hint}", hint=_(report.hint)))


def _rows(report: "ScanReport", out: str) -> list[tuple[str, str]]:
    rows = [
        (_("range (UTC)"), _("{start} to {end}", start=utc(report.start), end=utc(report.end))),
        (_("devices"), f"{report.devices:,}"),
    ]
    for name, count in report.records.items():
        again = report.read_again.get(name, 0)
        parts = _("{count:,}, {again:,} of them in seconds read before", count=count, again=again)
        rows.append((_("{log} records", log=name), parts if again else f"{count:,}"))
    rows += [
        (
            _("calls"),
            _(
                "{calls:,}, of them {log_calls:,} to logs",
                calls=report.calls,
                log_calls=report.log_calls,
            ),
        ),
        (
            _("least possible log calls"),
            _("{least:,} (ratio {ratio:.3f})", least=report.calls_least, ratio=report.ratio),
        ),
        (_("pages that held a record"), f"{report.pages_with_records:,}"),
        (_("seconds"), f"{report.seconds:,.1f}"),
        (_("written to"), out),
    ]
    if report.windows_left:
        rows.append((_("windows left"), f"{report.windows_left:,}"))
    if report.skipped:
        passed_over = sum(report.skipped.values())
        counts = ", ".join(f"{rule} {count:,}" for rule, count in report.skipped.items())
        rows.append((_("windows passed over"), f"{passed_over:,} ({counts})"))
        rows.append((_("windows read as samples"), f"{report.sampled:,}"))
    rows += rule_rows(report.rules).items()
    if report.set_aside:
        rows.append((_("rows set aside"), f"{report.set_aside:,}"))
    rows += [
        (_("{log} given up", log=name), reworded(said)) for name, said in report.given_up.items()
    ]
    return rows


def rule_rows(rules: "Mapping[Rule, RuleTrust]") -> dict[str, str]:
    """Return a row for each rule that was ever right, wrong or used."""
    return {
        _("rule {rule}", rule=rule): rule_text(known)
        for rule, known in rules.items()
        if known.confirmed or known.skipped or known.refuted
    }


def rule_text(known: "RuleTrust") -> str:
    """Return what a store knows of a rule by which windows are passed over."""
    if known.refuted:
        return _("does not hold here: {window}", window=reworded(known.refuted))
    return _(
        "{confirmed:,} times right ({sampled:,} of them samples), {skipped:,} windows passed over",
        confirmed=known.confirmed,
        sampled=known.sampled,
        skipped=known.skipped,
    )


def utc(seconds: float) -> str:
    """Return epoch seconds as a date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
