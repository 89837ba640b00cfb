"""Chapter "user reports": how many users are new and active, and where they are.

Reports that a batch job of the service makes may not be there yet: `NotFoundError` with code 5014.
"""

from gizwits_async.models.locations import Location
from gizwits_async.models.user_reports import ActiveUsers, NewUsers, UserTotal
from gizwits_async.sections.base import Section
from gizwits_async.sections.periods import Cycle, Day, as_day, days, merged, parts
from gizwits_async.wire.request import Auth, QueryValue, Request, T, get

__all__ = ["UserReports"]


class UserReports(Section):
    """Numbers about the users of the product's devices."""

    async def new_users(
        self, cycle: Cycle, start: Day, end: Day, *, gid: str | None = None
    ) -> NewUsers:
        """Return how many users first bound a device in each day, week or month. Mainland only.

        Arguments and errors as `device_reports.liveness_history`; a long range takes several calls.

        GET /v1/products/{product_key}/users/report/new (api document: "new users")
        """
        ask = get(self._at("users/report/new"), NewUsers, gid=gid)
        return merged([await self._send(part) for part in parts(ask, cycle, start, end)])

    async def active_users(
        self,
        start: Day,
        end: Day,
        *,
        appid: str | None = None,
        product_secret: str | None = None,
    ) -> ActiveUsers:
        """Return how many of the enterprise's users were active on each day.

        Asked with the enterprise's id and secret in the header, without a token.

        Args:
            start: First day, as a date or as text (`2016-08-01`).
            end: Last day, included.
            appid: Only users of this app.
            product_secret: Value of the query parameter of this name. The document describes it as
                the product key, so that is sent if None; the real secret would stand in a URL.

        Raises:
            ArgumentError: A range in reverse, a datetime or no date at all.
            NotFoundError: No such app (5016), or the report has not been made yet (5014).

        GET /v1/users/liveness_total (api document: "enterprise active users")
        """
        first, last = days(as_day("start", start), as_day("end", end))
        ask = self._asking("liveness_total", ActiveUsers, product_secret)
        return await self._send(ask.asking(appid=appid, start_date=first, end_date=last))

    async def locations(self, *, product_secret: str | None = None) -> Location:
        """Return how many of the enterprise's users are in which place: the root of the tree.

        Asked with the enterprise's id and secret in the header, without a token.

        Args:
            product_secret: As in `active_users`.

        GET /v1/users/location (api document: "user locations")
        """
        return await self._send(self._asking("location", Location, product_secret))

    async def total(self, gid: str | None = None) -> UserTotal:
        """Return how many users ever bound a device of the product.

        Args:
            gid: Only devices of this group.

        Raises:
            NotFoundError: There is no such group (5206).

        GET /v1/products/{product_key}/users/report/total (api document: "total users")
        """
        return await self._get("users/report/total", UserTotal, gid=gid)

    def _asking(self, report: str, returns: type[T], product_secret: str | None) -> Request[T]:
        # Sent under both names: the document names the parameter "product_secret" and describes it as
        # the product key.
        key = self._product_key
        names: dict[str, QueryValue] = {"product_key": key, "product_secret": product_secret or key}
        return get(f"/v1/users/{report}", returns, **names).evolve(auth=Auth.ENTERPRISE)
