"""Switches for behaviour that the API document leaves open; the defaults are the most likely."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from attrs import evolve, field, frozen

__all__ = ["LOGS", "Log", "Quirks", "parse_quirks"]

Log = Literal["online", "cmd", "data"]
"""The three logs of a device."""

LOGS: tuple[Log, ...] = ("online", "cmd", "data")
"""The three logs of a device, in the order of the API document."""


@frozen(kw_only=True)
class Quirks:
    """Behaviour of the server where the API document is silent or contradicts itself."""

    # --- logs: which records a query selects, and how they are written
    bounds: Literal["closed", "half_open", "left_open"] = "closed"
    """Which of `start_ts` and `end_ts` a range includes: both, the start, or the end."""
    comparison: Literal["float", "whole"] = "float"
    """Whether ranges are compared with a record's exact time or with its whole second."""
    data_ts: Literal["whole", "fractional", "hidden"] = "whole"
    """`ts` of the data log: whole seconds; with a fraction; or written whole while the server compares
    and sorts by the fraction."""
    event_timestamp: Literal["whole", "fractional", "hidden"] = "fractional"
    """The same for `timestamp` of the online and cmd logs."""
    second_order: Literal["time", "reversed", "shuffled"] = "time"
    """Order of the records within a second; `shuffled`: differently for each query."""
    span_strict: bool = False
    """Whether a span of exactly two days is refused, so that 172,799 s is the maximum."""
    refuse_future_end: bool = False
    """Whether an `end_ts` in the server's future is refused."""
    refuse_old_start: bool = True
    """Whether a `start_ts` older than 30 days is refused; otherwise the range is cut there."""
    log_days: int = 30
    """Days for which logs are kept; `refuse_old_start` decides about older ranges."""
    record_lag: float = 0.0
    """Seconds after its time until a record appears in queries."""
    online_details: Literal["payload", "flat"] = "payload"
    """Where the online log has its details: in `payload`, or beside an empty `payload`."""
    report_frames: Literal["plain", "with_did"] = "plain"
    """Whether reports in the cmd log are frames 0x0091, or frames 0x0093 with flag 1 and the did."""
    disabled_logs: Literal["shown", "refused"] = "shown"
    """Whether the logs of a disabled device are returned, or refused with 5304."""
    forbidden_logs: AbstractSet[Log] = frozenset()
    """Logs that are refused, as for a published product."""
    forbidden_code: Literal[5018, 5024] = 5024
    """Error code of that refusal."""

    # --- logs: the context
    context_place: Literal["meta", "top", "both", "last_object", "extra_object"] = "meta"
    """Where `context` is written; `extra_object`: in an additional last object."""
    context_end: Literal["empty", "null", "absent"] = "empty"
    """Value of `context` on the last page."""
    last_page: Literal["exact", "full", "empty", "endless"] = "exact"
    """Which pages carry a context: those followed by records; full pages; pages with records; all
    pages, the empty one after the end included."""
    empty_pages: int = 0
    """Number of empty pages with a context inserted into each chain."""
    empty_pages_before: int = 1
    """Number of the page, counted from 0, before which they are inserted."""
    context_kind: Literal["position", "single_use", "scroll"] = "position"
    """`position`: can be used again; `single_use`: cannot; `scroll`: the same id on every page, and
    each use advances the server, even if the reply is lost."""
    context_life: float = 3600.0
    """Lifetime of a context in seconds."""
    context_life_from: Literal["opening", "use"] = "opening"
    """Whether the lifetime starts at the opening call, or again at each use."""
    dead_context: Literal["error", "empty", "empty_with_total", "restart"] = "error"
    """Reply to an expired context: 5002; an empty last page, whose total is 0 or that of the query; or
    the first page again."""
    context_death: float = 0.0
    """Probability that a context has expired when it is used."""
    dead_page: int | None = None
    """Number of the page, counted from 0, whose context has always expired; None: no such page."""
    loop_at: int | None = None
    """Number of the page, counted from 0, from which a chain repeats itself endlessly; None: never."""
    loop_length: int = 1
    """Number of pages that repeat; 1: the same page with the same context."""

    # --- pages
    hits: bool = False
    """Whether `objects` is the envelope `{"hits": {"total", "objects"}, "took", "err_code"}`."""
    total: Literal["right", "missing", "null", "page_only", "short", "over", "drifting"] = "right"
    """Value of `meta.total`; `short` is half the true total; `drifting` varies between calls and is
    never too low."""
    list_cap: int | None = 100
    """Maximum rows of a list page, whatever `limit` says; None: no maximum."""
    log_cap: int = 100
    """Maximum records of a log page, whatever `limit` says."""
    list_refuse_over: int | None = None
    """A larger `limit` is refused with 5002 on lists; None: never."""
    log_refuse_over: int | None = 100
    """A larger `limit` is refused with 5002 on logs; None: never."""
    max_skip: int | None = None
    """Largest `skip` that lists answer; None: any."""
    beyond_max_skip: Literal["empty", 5002, 5409] = 5002
    """Reply to a larger `skip`: an empty page, or this error code."""
    list_order: Literal["created", "created_desc", "did"] = "created"
    """Order of listed devices."""
    next_link: Literal["absent", "relative"] = "absent"
    """Whether `meta.next` is null or a relative URL while more rows follow."""

    listing: Literal["right", "still", "wrong"] = "right"
    """`is_online` and `online_latest` of listed devices: as the online log has them; as it had them at
    the fleet's `now`; or nothing to do with it. For fleets whose logs go on."""
    listing_lag: float = 0.0
    """Seconds by which the two are late."""

    # --- token, errors, clock
    expire_field: Literal["expire_at", "expired_at", "both", "missing"] = "expire_at"
    """Name of the field with the token's expiry."""
    expire_unit: Literal["s", "ms"] = "s"
    """Unit of the token's expiry."""
    new_token_revokes_old: bool = False
    """Whether a new token revokes the product's earlier tokens."""
    error_code: Literal["int", "str"] = "int"
    """Type of `error_code`."""
    error_detail: Literal["detail_message", "detail"] = "detail_message"
    """Name of the field with the detail of an error."""
    clock_skew: float = 0.0
    """Seconds by which the server's clock is ahead of the caller's."""
    node_clocks: tuple[float, ...] = (0.0,)
    """Seconds by which the clock behind the header `Date` is ahead, for each node of the server; every
    call is answered by a random node."""

    # --- quota
    rate_headers: Literal["always", "never", "refused"] = "always"
    """Which replies carry `X-RateLimit-*`; `refused`: only those with 5013."""
    rate_reset: Literal["epoch", "delta", "ms", "junk"] = "epoch"
    """Format of `X-RateLimit-Reset`."""
    quota_kind: Literal["fixed", "sliding", "weighted", "bucket"] = "fixed"
    """How calls are counted: fixed windows, sliding log, weighted window counter, token bucket."""
    quota_anchor: float | None = 0.0
    """Start of the fixed and weighted windows, in epoch seconds; None: at the first call."""
    token_calls_count: bool = True
    """Whether token calls are counted."""
    failed_calls_count: bool = True
    """Whether calls answered with an error other than 5013 are counted."""
    refused_calls_count: bool = False
    """Whether calls answered with 5013 are counted."""

    # --- groups, bindings, control
    group_leaf: Literal["text", "null", "object"] = "text"
    """Value of a group without children in the tree: `""`, null or `{}`."""
    group_children: Literal["object", "list"] = "object"
    """Whether a group's children are one object, or a list of objects with one key each."""
    write_status: Literal[200, 201] = 200
    """Status of a POST that created a group or a binding."""
    delete_status: Literal[200, 204] = 200
    """Status of the DELETE of a group: 200 with `{}`, or 204 without a body."""
    dids: Literal["array", "text", "either"] = "either"
    """Accepted type of `dids` of bindings: a JSON array, or a string with commas."""
    outcome_labels: Literal["right", "swapped"] = "right"
    """Whether `success` and `failed` of groups and bindings are right or exchanged."""
    control_forbidden: bool = False
    """Whether control is refused with 5404."""
    control_offline: Literal["refuse", "accept"] = "refuse"
    """Whether control of an offline device is refused with 5305, or accepted without effect."""
    report_delay: float = 0.3
    """Seconds until a device reports its state after a control call."""
    device_reaction: Literal["obey", "refuse", "silent"] = "obey"
    """Reaction of a device to a command: it executes it and reports; it ignores it and reports; it
    ignores it and does not report."""

    # --- reports
    summary_path: Literal["/devices/summary", "/summary", "both"] = "/devices/summary"
    """Path of the device summary."""
    rt_path: Literal["/devices/report/rt", "/devices/report/devices/report/rt", "both"] = "both"
    """Path of the real-time report."""
    alert_events_path: Literal[
        "/alert/report/events", "/fault/alert/events", "/alert/report/devices"
    ] = "/alert/report/events"
    """Path of the alert events; the last one, printed in the document, hides the alert devices."""
    product_parameter: Literal["product_key", "product_secret", "either"] = "either"
    """Parameter by which the two enterprise reports select their product."""
    product_value: Literal["key", "secret", "either"] = "key"
    """Value of that parameter."""
    city_node: Literal["sample", "number", "object"] = "sample"
    """Whether a city of a location tree is a number; `sample`: only in `locations`."""
    report_counts: Literal["nested", "flat"] = "nested"
    """Whether the reports of real-time, fault and alert counts have them in `count`, as in the examples,
    or at the top level, as in the tables of response parameters."""
    history_names: Literal["examples", "tables"] = "examples"
    """Names in history reports: `gid` and the cycle, or `did` and `data`."""
    weeks: Literal["iso", "sunday", "monday"] = "iso"
    """Numbering of weeks: ISO 8601, or from the first Sunday or Monday of the year."""
    report_hours: int = 8
    """Offset of the reports' time zone from UTC, in hours."""
    report_today: bool = True
    """Whether reports cover today; otherwise a range that includes it is refused with 5014."""
    empty_rows: bool = True
    """Whether history reports contain rows with a count of zero."""

    seed: int = field(default=1)
    """Seed of all random behaviour."""

    def evolve(self, **changes: object) -> "Quirks":
        """Return a copy with these switches set."""
        return evolve(self, **changes)  # type: ignore[arg-type]


def parse_quirks(settings: Iterable[str]) -> Quirks:
    """Return the quirks that texts `NAME=VALUE` set.

    Args:
        settings: Values as in Python, without quotes; several values with commas between them.

    Raises:
        ValueError: A name or value is unknown; the message lists the known ones.
    """
    types = get_type_hints(Quirks)
    found: dict[str, object] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in types:
            raise ValueError(f"unknown quirk {name!r}; known are {', '.join(types)}")
        try:
            found[name] = _value(types[name], text)
        except ValueError as error:
            raise ValueError(f"quirk {name}: {error}") from None
    return Quirks(**found)  # type: ignore[arg-type]


def _value(kind: Any, text: str) -> object:
    options = get_args(kind)
    origin = get_origin(kind)
    if origin is Literal:
        for option in options:
            if str(option) == text:
                return option
        raise ValueError(f"{text!r} is none of {', '.join(map(str, options))}")
    if origin in (tuple, AbstractSet):
        values = [_value(options[0], part) for part in text.split(",") if part]
        return tuple(values) if origin is tuple else frozenset(values)
    if NoneType in options:
        return None if text.lower() == "none" else _value(options[0], text)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text.lower() == "true"
    return kind(text)
