"""Everything that nobody public knows of the service, as switches. Defaults: the likeliest."""

from collections.abc import Set as AbstractSet
from typing import Literal

from attrs import evolve, field, frozen

__all__ = ["LOGS", "Log", "Quirks"]

Log = Literal["online", "cmd", "data"]
"""The three logs of a device."""

LOGS: tuple[Log, ...] = ("online", "cmd", "data")
"""The three logs of a device, in the order of the API document."""


@frozen(kw_only=True)
class Quirks:
    """How this server behaves where the API document is silent or contradicts itself."""

    # --- logs: which records a query means, and how they are shown
    bounds: Literal["closed", "half_open", "left_open"] = "closed"
    """Whether `start_ts` and `end_ts` belong to a range: both, only the start, only the end."""
    comparison: Literal["float", "whole"] = "float"
    """Whether a record's time is compared with its fraction, or cut to its whole second."""
    data_ts: Literal["whole", "fractional", "hidden"] = "whole"
    """`ts` of the data log: whole seconds through and through, with fraction, or shown whole while
    the server compares and sorts by the fraction."""
    event_timestamp: Literal["whole", "fractional", "hidden"] = "fractional"
    """The same for `timestamp` of the online and cmd logs."""
    second_order: Literal["time", "reversed", "shuffled"] = "time"
    """Order of records inside one second; shuffled anew at each opening."""
    span_strict: bool = False
    """Whether a span of exactly two days is refused (172,799 s then is the longest)."""
    refuse_future_end: bool = False
    """Whether an `end_ts` in the server's future is refused."""
    refuse_old_start: bool = True
    """Whether a `start_ts` older than 30 days is refused; if not, it is moved to that edge."""
    disabled_logs: Literal["shown", "refused"] = "shown"
    """Whether a disabled device still shows its logs, or they are refused with 5304."""
    forbidden_logs: AbstractSet[Log] = frozenset()
    """Logs refused, as for a published product."""
    forbidden_code: Literal[5018, 5024] = 5024
    """How they are refused."""

    # --- logs: the context
    context_place: Literal["meta", "top", "both", "last_object", "extra_object"] = "meta"
    """Where `context` stands; `extra_object`: a last object that holds nothing else."""
    context_end: Literal["empty", "null", "absent"] = "empty"
    """What stands there when nothing is left."""
    last_page: Literal["exact", "full", "empty", "endless"] = "exact"
    """When a context is handed out: only if records are left; with every full page; with every page
    that has records; always, the empty page after the last one included."""
    empty_pages: int = 0
    """How many empty pages with a context come in the middle of each chain."""
    empty_pages_before: int = 1
    """Before which page of the chain, counted from 0, they come."""
    context_kind: Literal["position", "single_use", "scroll"] = "position"
    """A position that can be used again, one that cannot, or a scroll id that stays the same on
    every page while the server moves forward at each use, also when the reply is lost."""
    context_life: float = 3600.0
    """Seconds a context lives."""
    context_life_from: Literal["opening", "use"] = "opening"
    """Whether that counts from the call that opened it, or anew from each use."""
    dead_context: Literal["error", "empty", "restart"] = "error"
    """What a dead context brings: 5002, an innocent empty end, or the first page again."""
    context_death: float = 0.0
    """Probability that a context is found dead when it is used."""
    loop_at: int | None = None
    """From which page of a chain, counted from 0, it goes round in a circle for ever."""
    loop_length: int = 1
    """How many pages that circle has; 1: the same page with the same context."""

    # --- pages
    hits: bool = False
    """Whether `objects` is the envelope `{"hits": {"total", "objects"}, "took", "err_code"}`."""
    total: Literal["right", "missing", "null", "page_only", "over", "drifting"] = "right"
    """What `meta.total` says; `drifting` goes up and down between calls, never below the truth."""
    list_cap: int | None = 100
    """Most rows a page of a list has, whatever was asked; None: no cap."""
    log_cap: int = 100
    """Most records a page of a log has."""
    list_refuse_over: int | None = None
    """A `limit` over this is refused with 5002 on lists; None: never."""
    log_refuse_over: int | None = 100
    """A `limit` over this is refused with 5002 on logs; None: never."""
    list_order: Literal["created", "created_desc", "did"] = "created"
    """Order of listed devices."""
    next_link: Literal["absent", "relative"] = "absent"
    """Whether `meta.next` is null or a relative URL while rows are left."""

    # --- token, errors, clock
    expire_field: Literal["expire_at", "expired_at", "both", "missing"] = "expire_at"
    """Name of the token's end."""
    expire_unit: Literal["s", "ms"] = "s"
    """Its unit."""
    new_token_revokes_old: bool = False
    """Whether a new token ends those before it (of the same product)."""
    error_code: Literal["int", "str"] = "int"
    """Type of `error_code`."""
    error_detail: Literal["detail_message", "detail"] = "detail_message"
    """Name of the field beside it."""
    clock_skew: float = 0.0
    """Seconds the server's own clock is ahead of the caller's."""

    # --- quota
    rate_headers: Literal["always", "never", "refused"] = "always"
    """Which answers carry `X-RateLimit-*`; `refused`: only those with 5013."""
    rate_reset: Literal["epoch", "delta", "ms", "junk"] = "epoch"
    """What `X-RateLimit-Reset` holds."""
    quota_kind: Literal["fixed", "sliding", "weighted", "bucket"] = "fixed"
    """How calls are counted: fixed windows, a sliding log, two weighted windows, a token bucket."""
    quota_anchor: float | None = 0.0
    """Where fixed and weighted windows begin, in epoch seconds; None: at the first call."""
    token_calls_count: bool = True
    """Whether asking for a token is counted."""
    failed_calls_count: bool = True
    """Whether calls answered with an error other than 5013 are counted."""
    refused_calls_count: bool = False
    """Whether calls answered with 5013 are counted."""

    # --- groups, bindings, control
    group_leaf: Literal["text", "null", "object"] = "text"
    """What a group without children is in the tree: `""`, null or `{}`."""
    group_children: Literal["object", "list"] = "object"
    """Whether a group's children are one object, or a list of objects with one name each."""
    write_status: Literal[200, 201] = 200
    """Status of a POST that made a group or a binding."""
    delete_status: Literal[200, 204] = 200
    """Status of a DELETE of a group: 200 with `{}`, or 204 without a body."""
    dids: Literal["array", "text", "either"] = "either"
    """How bindings want their devices: a JSON array, or a text with commas."""
    outcome_labels: Literal["right", "swapped"] = "right"
    """Whether `success` and `failed` of groups and bindings mean what they say."""
    control_forbidden: bool = False
    """Whether control is answered with 5404."""
    control_offline: Literal["refuse", "accept"] = "refuse"
    """Whether control of a device that is offline is 5305, or taken and lost."""
    report_delay: float = 0.3
    """Seconds until a device reports what a control call changed."""
    device_reaction: Literal["obey", "refuse", "silent"] = "obey"
    """What a device does with a command: obeys and reports; stays as it is and reports that; stays
    as it is and says nothing."""

    # --- reports
    summary_path: Literal["/devices/summary", "/summary", "both"] = "/devices/summary"
    """Where the device summary answers."""
    rt_path: Literal["/devices/report/rt", "/devices/report/devices/report/rt", "both"] = "both"
    """Where the real-time report answers."""
    alert_events_path: Literal[
        "/alert/report/events", "/fault/alert/events", "/alert/report/devices"
    ] = "/alert/report/events"
    """Where alert events answer; the last, as printed, hides the report of alerting devices."""
    product_parameter: Literal["product_key", "product_secret", "either"] = "either"
    """Name by which the two enterprise reports want their product."""
    product_value: Literal["key", "secret", "either"] = "key"
    """What they want as its value."""
    city_node: Literal["sample", "number", "object"] = "sample"
    """Whether a city of a location tree is a bare number; `sample`: in `locations` only."""
    weeks: Literal["iso", "sunday", "monday"] = "iso"
    """How weeks are numbered: ISO 8601, or from the year's first Sunday or Monday."""
    report_hours: int = 8
    """Hours east of Greenwich whose days the reports count."""
    report_today: bool = True
    """Whether reports know today; if not, a range that holds it is 5014."""
    empty_rows: bool = True
    """Whether history reports have rows for cycles in which nothing happened."""

    seed: int = field(default=1)
    """Of everything that happens by chance here."""

    def evolve(self, **changes: object) -> "Quirks":
        """Return a copy with these switches set."""
        return evolve(self, **changes)  # type: ignore[arg-type]
