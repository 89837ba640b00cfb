"""Days of UTC as stores and lakes count them, from 1970-01-01 on, and their dates. Pure."""

from datetime import date, timedelta

__all__ = ["date_of", "iso_day", "number_of"]

_FIRST = date(1970, 1, 1)


def date_of(number: int) -> date:
    """Return the date of a day."""
    return _FIRST + timedelta(days=number)


def iso_day(number: int) -> str:
    """Return the date of a day as ISO 8601 writes it."""
    return date_of(number).isoformat()


def number_of(iso: str) -> int:
    """Return the number of a day whose date ISO 8601 writes so."""
    return (date.fromisoformat(iso) - _FIRST).days
