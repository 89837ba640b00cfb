"""The table `scan_meta` of a store: the scans that it holds, one a product. Read with suspicion. Pure."""

import json
from collections.abc import Mapping
from typing import TypeAlias

from gizwits_async.scan.errors import ScanStoreError, StoreMismatchError
from gizwits_async.scan.scan_range import ScanState

__all__ = [
    "SCHEMA",
    "STORE_ID",
    "TRUST",
    "Meta",
    "products_in",
    "rows_of",
    "schema_in",
    "state_in",
    "values_in",
]

Meta: TypeAlias = Mapping[str, Mapping[str, str]]
"""Product -> key -> value; the product is empty for what holds for the whole store."""

TRUST = "trust"
"""Key of what is known of the rules by which windows are passed over."""

STORE_ID = "store"
"""Key of a random name of the store, by which an export knows whether a folder is its own."""

SCHEMA = 2
"""Version of the tables; a store with a later one is refused, one with an earlier one upgraded."""
_COMMON = frozenset({"schema", STORE_ID})
"""Keys of what holds for the whole store."""


def rows_of(values: Mapping[str, str], product: str) -> list[dict[str, str]]:
    """Return rows of the table for values of a product."""
    return [
        {"product": "" if key in _COMMON else product, "key": key, "value": value}
        for key, value in values.items()
    ]


def products_in(meta: Meta) -> list[str]:
    """Return the product keys of the scans in a store, sorted."""
    return sorted(product for product in meta if product)


def values_in(meta: Meta, product: str, name: str) -> dict[str, str]:
    """Return key -> value for one product and the store as a whole.

    Args:
        meta: The table; empty for a store that is empty.
        product: The product key; empty for the only product of the store.
        name: What to call the store in a message.

    Raises:
        ScanStoreError: The store holds several products, and none was named.
    """
    products = products_in(meta)
    if not product and len(products) > 1:
        raise ScanStoreError(f"{name} holds several products, name one: {', '.join(products)}")
    chosen = product or "".join(products)
    return {**meta.get("", {}), **meta.get(chosen, {})}


def schema_in(text: str | None, name: str) -> int:
    """Return the version of the tables of a store.

    Raises:
        StoreMismatchError: A newer version wrote it.
        ScanStoreError: It is damaged.
    """
    try:
        schema = int(text or "")
    except ValueError:
        schema = 0
    if schema > SCHEMA:
        raise StoreMismatchError(
            f"{name} was written by a newer version (schema {schema}, this one knows"
            f" {SCHEMA}): update gizwits-async"
        )
    if schema < 1:
        raise ScanStoreError(f"{name}: its table scan_meta is damaged (schema {text!r:.20})")
    return schema


def values_of(state: ScanState) -> dict[str, str]:
    """Return what to write of a scan."""
    return {
        "product": state.product_key,
        "range": json.dumps([state.start, state.end, state.wanted_end]),
        "run": str(state.run),
        "listing": json.dumps(state.listing),
        "over": json.dumps(state.over),
    }


def state_in(meta: Mapping[str, str], name: str) -> ScanState | None:
    """Return the scan that the store holds; None if it was never begun.

    Args:
        meta: Key -> value of a product; none for a store that is empty.
        name: What to call the store in a message.

    Raises:
        ScanStoreError: It contradicts itself.
    """
    if "product" not in meta:
        return None
    try:
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
