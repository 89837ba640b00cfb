"""`gizwits-async users`: who registered with an app, or who bound a device."""

from typing import Literal

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.limits import limited
from gizwits_async.cli.output import OutputFlags
from gizwits_async.cli.tables import Column, write_rows

__all__ = ["users"]


@Parameter(name="*")
@frozen(kw_only=True)
class UserQuery(OutputFlags):
    """Which users to list."""

    bound: Flag = False
    """Those who bound a device of the product, and not those who registered."""
    appid: str | None = None
    """Of the registered: only users of this app."""
    username: str | None = None
    """Only the user of this name."""
    phone: str | None = None
    """Only the user of this phone number."""
    email: str | None = None
    """Only the user of this mail address."""
    device: str | None = None
    """Of --bound: only the users of this device id."""
    limit: int | None = None
    """How many at most."""

    @property
    def key(self) -> tuple[Literal["username", "phone", "email", "did"], str] | tuple[None, None]:
        """What a search of bound users looks for."""
        if self.username:
            return "username", self.username
        if self.phone:
            return "phone", self.phone
        if self.email:
            return "email", self.email
        return ("did", self.device) if self.device else (None, None)


async def users(*, query: UserQuery = UserQuery(), connection: Connection = Connection()) -> int:
    """List the users that match the query.

    Args:
        query: Which users.
        connection: How the service is reached.
    """
    columns = (
        Column("uid", "uid"),
        Column("username", _("name")),
        Column("phone", _("phone")),
        Column("email", _("mail")),
        Column("is_owner", _("owner")),
        Column("remark", _("remark")),
    )
    async with connection.client() as gizwits:
        if query.bound:
            kind, value = query.key
            bound = gizwits.users.search_bound(type=kind, value=value)
            await write_rows(limited(bound, query.limit), query.format, columns=columns)
            return Exit.OK
        registered = gizwits.users.search_registered(
            appid=query.appid, username=query.username, phone=query.phone, email=query.email
        )
        await write_rows(limited(registered, query.limit), query.format, columns=columns)
    return Exit.OK
