"""Chapter "users": registered users, and users who bound a device."""

from operator import attrgetter

from gizwits_async.models.users import BoundUser, RegisteredUser
from gizwits_async.sections.base import Section
from gizwits_async.streams import PageStream
from gizwits_async.wire.request import Auth

__all__ = ["Users"]


class Users(Section):
    """Users of the enterprise's apps and of the product's devices."""

    def search_registered(
        self,
        *,
        appid: str | None = None,
        username: str | None = None,
        phone: str | None = None,
        email: str | None = None,
    ) -> PageStream[RegisteredUser]:
        """Return the registered users who match all that is given.

        Asked with the enterprise's id and secret in the header, without a token.

        Args:
            appid: Only users of this app.
            username: Only the user of this name.
            phone: Only the user of this phone number.
            email: Only the user of this mail address.

        Raises:
            NotFoundError: When the walk begins: no such app (5016).

        GET /v1/users/search (api document: "search registered users")
        """
        asked = {"appid": appid, "username": username, "phone": phone, "email": email}
        own, key = {"product_key": self._product_key}, attrgetter("uid")
        path, auth = "/v1/users/search", Auth.ENTERPRISE
        return self._listed(path, RegisteredUser, key=key, auth=auth, **own, **asked)

    def search_bound(
        self,
        *,
        gid: str | None = None,
        type: str | None = None,  # noqa: A002 - the API's word
        value: str | None = None,
    ) -> PageStream[BoundUser]:
        """Return the users who have bound a device of the product, and match what is given.

        Args:
            gid: Only users of devices in this group.
            type: What `value` is: `uid`, `username`, `phone`, `email`, `did`, `mac` or `device_sn`;
                only a search by `did` sets `is_owner`.
            value: What to look for.

        Raises:
            NotFoundError: When the walk begins: no such group (5206).

        GET /v1/products/{product_key}/users/search (api document: "search bound users")
        """
        path, key = self._at("users/search"), attrgetter("uid")
        return self._listed(path, BoundUser, key=key, gid=gid, type=type, val=value)
