"""The charts of a report, as SVG: they need no script where they are shown, and print well."""

from collections.abc import Sequence
from io import StringIO
from typing import Any

import altair as alt

from gizwits_async.cli.language import _
from gizwits_async.scan.calendar import iso_day
from gizwits_async.scan.summary import StoreSummary
from gizwits_async.scan.task import LOGS

__all__ = ["calls", "coverage", "online", "records"]

_WIDTH = 860
_FONT = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
_COLOURS = {"online": "#2a9d8f", "cmd": "#e9a23b", "data": "#3d6fb4"}


def coverage(summary: StoreSummary) -> str:
    """Return the coverage of each log and day: a calendar, green where all was read."""
    rows = [
        {"day": iso_day(day), "log": log, "share": share}
        for log, days in summary.coverage.items()
        for day, share in days.items()
    ]
    base = alt.Chart(_data(rows)).encode(
        x=_days(rows), y=alt.Y("log:N", title=None, sort=list(summary.coverage))
    )
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color(
            "share:Q",
            title=_("read"),
            scale=alt.Scale(domain=[0, 0.5, 1], range=["#c8443a", "#f0d585", "#3c9a5f"]),
            legend=alt.Legend(format="%", orient="top", gradientLength=160),
        )
    )
    # Also for those who cannot tell the colours, and on black and white paper.
    marks = base.transform_filter("datum.share < 0.9995").mark_text(fontSize=9)
    return _svg(cells + marks.encode(text=alt.Text("share:Q", format=".0%")), height=100)


def records(summary: StoreSummary) -> str:
    """Return the records of each day, by log."""
    rows = [
        {"day": iso_day(day), "log": log, "count": count}
        for log, days in summary.records.items()
        for day, count in sorted(days.items())
    ]
    bars = alt.Chart(_data(rows)).mark_bar()
    return _svg(
        bars.encode(
            x=_days(rows),
            y=alt.Y("count:Q", title=None, axis=alt.Axis(format=",.0f")),
            color=_by_log(),
            order=alt.Order("log:N"),
        ),
        height=180,
    )


def online(summary: StoreSummary) -> str:
    """Return the part of the devices that were connected, hour by hour."""
    rows = [{"hour": hour * 1000, "share": share} for hour, share in summary.online]
    area = alt.Chart(_data(rows)).mark_area(
        line={"color": _COLOURS["online"]}, color=_COLOURS["online"], opacity=0.35
    )
    return _svg(
        area.encode(
            x=alt.X(
                "hour:T",
                title=None,
                scale=alt.Scale(type="utc"),
                axis=alt.Axis(format="%m-%d", labelOverlap=True),
            ),
            y=alt.Y(
                "share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
            ),
        ),
        height=160,
    )


def calls(summary: StoreSummary) -> str:
    """Return the calls that each log took."""
    rows = [{"log": log, "calls": summary.calls[log]} for log in LOGS if log in summary.calls]
    order = [row["log"] for row in rows]
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("log:N", title=None, scale=alt.Scale(domain=order)),
        x=alt.X("calls:Q", title=None, axis=alt.Axis(format=",.0f", tickCount=6)),
    )
    numbers = base.mark_text(align="left", dx=4).encode(text=alt.Text("calls:Q", format=","))
    return _svg(base.mark_bar().encode(color=_by_log(legend=False)) + numbers, height=90)


def _by_log(*, legend: bool = True) -> alt.Color:
    scale = alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    shown = alt.Legend(orient="top") if legend else None
    return alt.Color("log:N", title=None, scale=scale, legend=shown)


def _days(rows: Sequence[dict[str, Any]]) -> alt.X:
    few = sorted({row["day"] for row in rows})
    axis = alt.Axis(labelAngle=-45, labelOverlap=True, labelExpr="slice(datum.label, 5)")
    return alt.X("day:O", title=None, sort=few, axis=axis)


def _data(rows: Sequence[dict[str, Any]]) -> alt.Data:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def _svg(chart: alt.Chart | alt.LayerChart, *, height: int) -> str:
    text = StringIO()
    config = {"font": _FONT, "view": {"stroke": None}, "axis": {"labelFontSize": 11}}
    sized = chart.properties(width=_WIDTH, height=height, config=config)
    sized.save(text, format="svg")
    return text.getvalue()
