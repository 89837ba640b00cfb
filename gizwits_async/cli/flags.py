"""Types of flags and arguments: how times, spans and logs are written on the command line."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from gizwits_async.cli.language import _

__all__ = ["LOGS", "Duration", "Flag", "Log", "Logs", "Moment"]

Log: TypeAlias = Literal["online", "cmd", "data"]
LOGS: tuple[Log, ...] = ("online", "cmd", "data")
Logs: TypeAlias = Annotated[tuple[Log, ...], Parameter(negative="", show_default=False)]
Flag: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]
"""A switch that is off unless it is given."""


def _not_negative(kind: Any, span: timedelta | None) -> None:
    del kind
    if span is not None and span < timedelta():
        raise ValueError(_("a span must not be negative"))


Duration: TypeAlias = Annotated[timedelta, Parameter(metavar="SPAN", validator=_not_negative)]
"""`90s`, `30m`, `12h`, `4d`, `1w`; cyclopts reads it."""

_EPOCH = re.compile(r"\d{1,12}(\.\d{1,6})?")
_DAY_WITH_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:?\d\d)")


def _moment(kind: Any, tokens: Sequence[Any]) -> float | datetime:
    """Read epoch seconds, or ISO 8601 with an offset; a day with an offset is its first moment."""
    del kind
    text = tokens[0].value
    if _EPOCH.fullmatch(text):
        return float(text)
    day = _DAY_WITH_OFFSET.fullmatch(text)
    try:
        read = datetime.fromisoformat(f"{day[1]}T00:00{day[2]}" if day else text)
    except ValueError:
        raise ValueError(
            _("not a time; write 2026-11-22T08:00:00+08:00, 2026-11-22+08:00 or epoch seconds")
        ) from None
    if read.utcoffset() is None:
        raise ValueError(_("no offset from UTC; add Z, or +08:00 and the like"))
    return read


Moment: TypeAlias = Annotated[
    float | datetime, Parameter(converter=_moment, n_tokens=1, metavar="TIME")
]
"""A point in time: epoch seconds, or ISO 8601 with an offset."""
