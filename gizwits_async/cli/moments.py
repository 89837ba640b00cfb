"""Points in time for people: local time, or UTC where it is asked for."""

from datetime import UTC, datetime

__all__ = ["clock_time", "zone_name"]


def clock_time(seconds: float, *, utc: bool = False) -> str:
    """Return epoch seconds as a date and time of day."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment if utc else moment.astimezone():%Y-%m-%d %H:%M:%S}"


def zone_name(*, utc: bool = False) -> str:
    """Return the offset from UTC of the times that `clock_time` writes, such as `+08:00`."""
    if utc:
        return "UTC"
    offset = datetime.now().astimezone().strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"
