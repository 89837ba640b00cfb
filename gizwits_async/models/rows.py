"""Rows of lists, of which each is read for itself: an odd one does not end the listing. Pure."""

from collections.abc import Mapping
from typing import TypeVar

from attrs import frozen

from gizwits_async.schema import Model

__all__ = ["Problem", "Row", "RowsReply", "keep_unread"]

T = TypeVar("T")


class Row(Model):
    """The base of all records that come in lists."""

    # Not an attrs field: it takes no part in equality, JSON, repr or the columns of a store.
    __slots__ = ("_unread",)
    _unread: Mapping[str, str]

    @property
    def unread(self) -> Mapping[str, str]:
        """Optional fields that could not be read -> why, without their values; empty for most rows.

        Such a field has its default, which is mostly None. Copies of the row do not keep this.
        """
        try:
            return self._unread
        except AttributeError:
            return {}


def keep_unread(row: T, reasons: Mapping[str, str]) -> T:
    """Return a new row, with the reasons why some of its fields could not be read."""
    if isinstance(row, Row):
        object.__setattr__(row, "_unread", reasons)
    return row


@frozen(kw_only=True)
class Problem:
    """Why a row, or one field of it, could not be read. Names positions and fields, never values."""

    path: str
    """Where it stands in the reply, such as `$.objects[3].longitude`."""
    field: str | None
    """The field; None if the row as a whole is unusable."""
    reason: str
    """What was expected, and what kind of value came."""
    set_aside: bool
    """Whether the row was set aside; else its field has the default."""

    def __str__(self) -> str:
        return f"{self.reason} @ {self.path}"


@frozen(kw_only=True)
class RowsReply:
    """The base of replies that hold rows."""

    set_aside: int = 0
    """Rows without a readable identity, which are left out."""
    problems: tuple[Problem, ...] = ()
    """Everything that could not be read."""
