"""The product's data points, kept beside its logs because an export needs their types. No SQL."""

import json
import logging
from collections.abc import Mapping

from gizwits_async.errors import (
    CLIENT_WIDE_ERRORS,
    ApiError,
    GizwitsError,
    InvalidResponseError,
    ServerError,
)
from gizwits_async.models import to_dict
from gizwits_async.models.converter import structure
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.store.protocol import ScanStore

__all__ = ["DESCRIBED", "definition_in", "learn_definition", "run_in", "values_of_definition"]

DESCRIBED = frozenset({"cmd", "data"})
"""Logs whose records hold data points."""

_log = logging.getLogger("gizwits_async.scan")
_KEY, _KEY_OF_RUN = "datapoints", "datapoints_run"


async def learn_definition(client: BulkClient, store: ScanStore) -> None:
    """Ask for the product's data points and store them; a scan is complete without them, too.

    Raises:
        GizwitsError: The credentials were refused, the quota is used up, the client or the store
            cannot be used.
    """
    points = None
    try:
        points = await client.datapoints()
    except CLIENT_WIDE_ERRORS:
        raise
    except GizwitsError as error:
        _log.warning("the product's data points are not known: %s", error)
        if not isinstance(error, ApiError) or isinstance(error, ServerError):
            return  # A temporary failure: the next run asks again.
    await store.keep_datapoints(points)


def values_of_definition(points: ProductDataPoints | None, run: int) -> dict[str, str]:
    """Return the rows for `scan_meta`.

    None keeps the data points of an earlier run, and notes that this run has asked.
    """
    values = {_KEY_OF_RUN: str(run)}
    return values if points is None else {**values, _KEY: json.dumps(to_dict(points))}


def run_in(meta: Mapping[str, str]) -> str | None:
    """Return the run in which the data points were last asked for."""
    return meta.get(_KEY_OF_RUN)


def definition_in(meta: Mapping[str, str], name: str) -> ProductDataPoints | None:
    """Return the data points that a store holds; None if it has none.

    Args:
        meta: Key -> value of its table `scan_meta`.
        name: What to call the store in a message.

    Raises:
        ScanStoreError: They cannot be read.
    """
    if _KEY not in meta:
        return None
    try:
        return structure(json.loads(meta[_KEY]), ProductDataPoints)
    except (ValueError, InvalidResponseError) as error:
        raise ScanStoreError(f"{name}: its table scan_meta is damaged ({_KEY}: {error})") from error
