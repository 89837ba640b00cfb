"""Reports whose path is in doubt: the candidates in one table, and how the right one is found."""

from collections.abc import Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import TypeVar

from gizwits_async.errors import API_ERRORS, InvalidResponseError, NotFoundError
from gizwits_async.sections.base import Section
from gizwits_async.wire.request import QueryValue, get

__all__ = ["PATHS", "DoubtfulSection"]

T = TypeVar("T")

PATHS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # The table and the link of the document differ; it was corrected by hand once (C11).
        "summary": ("devices/summary", "summary"),
        # Printed doubled; all its neighbours, and its own operation id, are not (C9).
        "realtime": ("devices/report/rt", "devices/report/devices/report/rt"),
        # Printed with the path of the alert devices, which has another shape (C10).
        "alert_events": ("alert/report/events", "fault/alert/events", "alert/report/devices"),
    }
)
"""Report -> paths below the product, the likeliest first."""


class DoubtfulSection(Section):
    """A chapter with reports whose path is in doubt."""

    @property
    def paths(self) -> MutableMapping[str, str]:
        """Report -> its path below the product, of `summary`, `realtime` and `alert_events`.

        Empty at first; the candidate that answered is kept for the life of the client and all its
        views. Set one (`client.device_reports.paths["summary"] = "summary"`) and only that is tried;
        delete it and the search begins anew.
        """
        return self._gateway.paths

    async def _find(
        self,
        report: str,
        returns: type[T],
        *,
        accept: Callable[[str, T], bool] = lambda _path, _answer: True,
        **query: QueryValue,
    ) -> T:
        """Return the answer of the first path that there is; a 404 with a documented code is one."""
        known = self.paths.get(report)
        missing: NotFoundError | None = None
        for path in PATHS[report] if known is None else (known,):
            request = get(f"/v1/products/{self._product_key}/{path}", returns, **query)
            try:
                answer = await self._send(request)
            except NotFoundError as error:
                if error.code in API_ERRORS:
                    raise  # The endpoint is there; what it looked for is not.
                missing = missing or error
                continue
            if not accept(path, answer):
                problem = "the answer is that of another report @ $"
                raise InvalidResponseError(f"{request.where}: {problem}", problems=(problem,))
            self.paths[report] = path
            return answer
        if missing is None:
            raise AssertionError("unreachable")
        raise missing
