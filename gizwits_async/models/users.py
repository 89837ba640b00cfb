"""Answers of chapter "users": registered users, and users who bound a device."""

from datetime import datetime

from attrs import frozen

from gizwits_async.models.rows import Row
from gizwits_async.models.times import utc
from gizwits_async.models.values import Identity, JsonObject, Number

__all__ = ["BoundUser", "RegisteredUser", "User"]


@frozen(kw_only=True)
class User(Row):
    """The fields of every user, registered or found by a device."""

    uid: Identity
    """User id."""
    username: str | None = None
    """Name used to log in."""
    phone: str | None = None
    """Phone number."""
    email: str | None = None
    """Mail address."""
    birthday: str | None = None
    """Day of birth, as the user's app wrote it."""
    is_anonymous: bool | None = None
    """Whether the account has no name, phone number or mail address to log in with."""
    gender: str | None = None
    """Gender, as the service writes it."""
    address: str | None = None
    """Postal address."""
    remark: str | None = None
    """Free text."""
    created_at: Number | None = None
    """When the user registered, in epoch seconds UTC."""

    @property
    def time(self) -> datetime | None:
        """`created_at` as an aware UTC datetime."""
        return None if self.created_at is None else utc(self.created_at)


@frozen(kw_only=True)
class RegisteredUser(User):
    """One user of one of the enterprise's apps."""

    updated_at: Number | None = None
    """When the user was last changed, in epoch seconds UTC."""


@frozen(kw_only=True)
class BoundUser(User):
    """One user who bound a device of the product."""

    name: str | None = None
    """The user's own name."""
    auth_src: JsonObject | None = None
    """What the login provider sent, for users who log in through a third party."""
    is_owner: bool | None = None
    """Whether the user owns the device; only set by a search by `did`, else None."""
