"""The table `scan_meta` of a store: the scan that it holds. Read with suspicion. Pure."""

import json
from collections.abc import Mapping

from gizwits_async.scan.errors import ScanStoreError, StoreMismatchError
from gizwits_async.scan.scan_range import ScanState

__all__ = ["SCHEMA", "STORE_ID", "TRUST", "state_in", "values_of"]

TRUST = "trust"
"""Key of what is known of the rules by which windows are passed over."""

STORE_ID = "store"
"""Key of a random name of the store, by which an export knows whether a folder is its own."""

SCHEMA = 1
"""Version of the tables; a store with a later one is refused."""


def values_of(state: ScanState | None) -> dict[str, str]:
    """Return what to write: the version of the tables, and the scan if it is known."""
    values = {"schema": str(SCHEMA)}
    if state is not None:
        values |= {
            "product": state.product_key,
            "range": json.dumps([state.start, state.end, state.wanted_end]),
            "run": str(state.run),
            "listing": json.dumps(state.listing),
            "over": json.dumps(state.over),
        }
    return values


def state_in(meta: Mapping[str, str], name: str) -> ScanState | None:
    """Return the scan that the store holds; None if it was never begun.

    Args:
        meta: Key -> value of the table; none for a store that is empty.
        name: What to call the store in a message.

    Raises:
        StoreMismatchError: A newer version wrote it.
        ScanStoreError: It contradicts itself.
    """
    if not meta:
        return None
    try:
        schema = int(meta["schema"])
        if schema > SCHEMA:
            raise StoreMismatchError(
                f"{name} was written by a newer version (schema {schema}, this one knows"
                f" {SCHEMA}): update gizwits-async"
            )
        if "product" not in meta:
            return None
        start, end, wanted = json.loads(meta["range"])
        listing = json.loads(meta["listing"])
        state = ScanState(
            product_key=meta["product"],
            start=int(start),
            end=int(end),
            wanted_end=None if wanted is None else int(wanted),
            run=int(meta["run"]),
            listing=None if listing is None else str(listing),
            over=meta.get("over") == "true",
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ScanStoreError(f"{name}: its table scan_meta is damaged ({error!r})") from error
    if state.start > state.end:
        raise ScanStoreError(f"{name}: its table scan_meta is damaged (the range is reversed)")
    return state
