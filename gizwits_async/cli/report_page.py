"""One page that shows a store: texts and tables around the charts. It loads nothing, and runs no script."""

from collections.abc import Iterable, Sequence
from html import escape

from gizwits_async.cli import report_charts
from gizwits_async.cli.language import _
from gizwits_async.cli.scan_report import utc
from gizwits_async.models.times import LOG_LIFE
from gizwits_async.options import CALLS_PER_HOUR
from gizwits_async.scan.summary import StoreSummary

__all__ = ["page"]

_HOUR = 3600
_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif;
  color: #1d2733; background: #f4f6f8; margin: 0; }
main { max-width: 980px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 0 0 10px; }
p { margin: 0 0 8px; }
.quiet { color: #5b6875; }
section, .tiles div { background: #fff; border: 1px solid #dde3e9; border-radius: 8px; }
section { padding: 16px 20px; margin-top: 16px; overflow-x: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 16px; }
.tiles div { padding: 12px 16px; }
.tiles b { display: block; font-size: 24px; font-weight: 600; font-variant-numeric: tabular-nums; }
svg { display: block; max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid #e8ecf0; vertical-align: top; }
th { font-weight: 600; color: #5b6875; white-space: nowrap; }
td.number, th.number { text-align: right; }
td { overflow-wrap: anywhere; }
code { font: 13px/1.4 ui-monospace, Consolas, Menlo, monospace; background: #f0f3f6; padding: 2px 6px;
  border-radius: 4px; overflow-wrap: anywhere; }
@media print {
  @page { size: A4; margin: 14mm; }
  body { background: #fff; font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  section, .tiles div { break-inside: avoid; }
  section { padding: 10px 12px; margin-top: 10px; overflow: visible; }
  .tiles { grid-template-columns: repeat(4, 1fr); }
  h1 { font-size: 19px; } h2 { font-size: 14px; } .tiles b { font-size: 18px; }
  h2 { break-after: avoid; } tr { break-inside: avoid; }
}
"""


def page(summary: StoreSummary, *, language: str, now: float, go_on: str) -> str:
    """Return the page as HTML.

    Args:
        summary: What it shows.
        language: Of the page, as BCP 47 says it.
        now: When it is made, in epoch seconds UTC.
        go_on: The command of the next run.
    """
    title = _("Scan of {product}", product=summary.product_key)
    span = _("{start} to {end} (UTC)", start=utc(summary.start), end=utc(summary.end))
    made = _("made {time} UTC from {store}", time=utc(now), store=summary.store)
    body = "\n".join(
        (
            f"<h1>{escape(title)}</h1>",
            f'<p class="quiet">{escape(span)}<br>{escape(made)}</p>',
            _tiles(summary),
            *(_section(heading, content) for heading, content in _sections(summary, go_on)),
        )
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _tiles(summary: StoreSummary) -> str:
    records = sum(sum(days.values()) for days in summary.records.values())
    share = (
        sum(part for _hour, part in summary.online) / len(summary.online) if summary.online else 0.0
    )
    tiles = (
        (f"{summary.devices:,}", _("devices")),
        (f"{records:,}", _("records")),
        (_percent(summary.complete), _("of all logs read")),
        (f"{share:.0%}", _("online on average")),
    )
    inner = "".join(f"<div><b>{escape(value)}</b>{escape(label)}</div>" for value, label in tiles)
    return f'<div class="tiles">{inner}</div>'


def _sections(summary: StoreSummary, go_on: str) -> Iterable[tuple[str, str]]:
    yield _("Coverage of each log and day"), report_charts.coverage(summary)
    yield _("Records a day"), report_charts.records(summary)
    yield _("Share of devices online"), report_charts.online(summary)
    yield _("Quota use"), _quota(summary) + report_charts.calls(summary)
    yield _("What is missing"), _missing(summary)
    yield _("Devices with the most trouble"), _faulty(summary)
    yield _("Errors"), _errors(summary)
    yield _("Next run"), _next(summary, go_on)


def _quota(summary: StoreSummary) -> str:
    total = sum(summary.calls.values())
    text = _(
        "{calls:,} calls to logs in all runs: {hours:.1f} hours of a quota of {quota:,} calls an hour.",
        calls=total,
        hours=total / CALLS_PER_HOUR,
        quota=CALLS_PER_HOUR,
    )
    return f"<p>{escape(text)}</p>"


def _missing(summary: StoreSummary) -> str:
    reasons = {
        "expired": _("fell off the 30-day edge"),
        "failed": _("could not be read"),
        "unread": _("not read yet"),
    }
    rows = [
        (one.log, utc(one.start), utc(one.end), f"{one.devices:,}", reasons[one.reason])
        for one in summary.missing
    ]
    heads = (_("log"), _("from (UTC)"), _("to (UTC)"), _("devices"), _("reason"))
    return _table(heads, rows, numbers={3}) if rows else _nothing(_("Nothing is missing."))


def _faulty(summary: StoreSummary) -> str:
    rows = [
        (
            one.mac or one.did,
            f"{one.alarms:,}",
            f"{one.disconnects:,}",
            f"{one.failed:,}",
            f"{one.lost / _HOUR:,.1f}",
        )
        for one in summary.faulty
    ]
    heads = (
        _("device"),
        _("reports with an alert or fault"),
        _("disconnects"),
        _("failed logs"),
        _("lost hours"),
    )
    none = _("No device reported an alert or a fault, and none disconnected.")
    return _table(heads, rows, numbers={1, 2, 3, 4}) if rows else _nothing(none)


def _errors(summary: StoreSummary) -> str:
    rows = [(text, f"{count:,}") for text, count in summary.errors]
    none = _("No log failed.")
    return _table((_("error"), _("logs")), rows, numbers={1}) if rows else _nothing(none)


def _next(summary: StoreSummary, go_on: str) -> str:
    due = summary.end if summary.oldest_missing is None else summary.oldest_missing
    text = _(
        "Before {time} UTC, or records are lost: the service keeps logs for 30 days.",
        time=utc(due + LOG_LIFE),
    )
    return f"<p>{escape(text)}</p><p><code>{escape(go_on)}</code></p>"


def _section(heading: str, content: str) -> str:
    return f"<section>\n<h2>{escape(heading)}</h2>\n{content}\n</section>"


def _nothing(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: set[int]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        kind = ' class="number"'
        return "".join(
            f"<{tag}{kind if at in numbers else ''}>{escape(cell)}</{tag}>"
            for at, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f"<table><thead><tr>{row(heads, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def _percent(share: float) -> str:
    """Return a share as a text that says 100 % only of a whole."""
    return "100%" if share >= 1 else f"{min(share, 0.9999):.2%}"
