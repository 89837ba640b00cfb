"""Answers of chapter "user reports": new users, active users, totals."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from gizwits_async.models.report import Report, with_periods
from gizwits_async.schema import Model

__all__ = ["ActiveUsers", "ActiveUsersRow", "NewUsers", "NewUsersRow", "UserTotal"]


@frozen(kw_only=True)
class NewUsersRow(Model):
    """How many users first bound a device in one day, week or month."""

    count: int | None = None
    """Users."""
    date: str | None = None
    """The day, `YYYY-MM-DD`, in a report by `date`."""
    week: str | None = None
    """The week, `YYYY-WW`, in a report by `week`."""
    month: str | None = None
    """The month, `YYYY-MM`, in a report by `month`."""

    @property
    def period(self) -> str | None:
        """The day, week or month, whichever the report counts by."""
        return self.date or self.week or self.month


@frozen(kw_only=True)
class NewUsers(Report):
    """How many users were new, over time. New: bound a device of the product for the first time."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    cycle: str | None = None
    """`date`, `week` or `month`."""
    start: str | None = None
    """First day, week or month, in the format of the cycle."""
    end: str | None = None
    """Last day, week or month, included."""
    data: tuple[NewUsersRow, ...]
    """One row a day, week or month, oldest first."""

    @classmethod
    def prepare(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the period of a row also under the name `data`, as the document's table has it."""
        return with_periods(super().prepare(value))


@frozen(kw_only=True)
class ActiveUsersRow(Model):
    """How many users were active on one day."""

    count: int | None = None
    """Users."""
    date: str | None = None
    """The day, `YYYY-MM-DD`, in the time zone of the service (not documented; likely UTC+8)."""


@frozen(kw_only=True)
class ActiveUsers(Report):
    """How many users were active, day by day."""

    data: tuple[ActiveUsersRow, ...]
    """One row a day, in the order of the service."""


@frozen(kw_only=True)
class UserTotal(Report):
    """How many users ever bound a device of the product."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    total: int | None = None
    """Users."""
