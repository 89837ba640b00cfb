"""Metrics for OpenTelemetry: calls as its HTTP clients are measured, quota and scans beside them.

```python
metrics = observe(base_url=client_url, **{"gizwits.profile": "acme"})
async with GizwitsClient(credentials, on_call=metrics) as gizwits:
    metrics.watch(gizwits.quota)
    await FleetScan(gizwits, "fleet.db", start=Since(86_400)).run(on_progress=metrics.on_progress)
```

No attribute holds an id, a secret or a query: a call is named by the template of its path.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter_provider

from gizwits_async import CallReport, Quota
from gizwits_async.options import BASE_URL
from gizwits_async.version import __version__

if TYPE_CHECKING:
    from gizwits_async.scan import ScanProgress

__all__ = ["Metrics", "observe"]

Attributes: TypeAlias = Mapping[str, str | int]
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Bounds that the semantic conventions recommend for durations."""
_WAITS = (0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
_PORTS = {"http": 80, "https": 443}
_STOPPED = "Stopped"
"""Error of a call that a scan did not make, because it was asked to stop."""


class _Instruments:
    """The instruments of one provider; all clients share them."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter("gizwits_async", __version__)
        self.duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Time on the wire of a call.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.body = meter.create_histogram(
            "http.client.response.body.size", "By", "Bytes of replies."
        )
        self.wait = meter.create_histogram(
            "gizwits.quota.wait",
            "s",
            "Wait of a call for its permits.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        counter, gauge = meter.create_counter, meter.create_gauge
        self.attempts = counter(
            "gizwits.call.attempts", "{attempt}", "Requests, with repeated ones."
        )
        self.records = counter(
            "gizwits.scan.records", "{record}", "Records that scans have stored."
        )
        self.windows = counter("gizwits.scan.windows", "{window}", "Windows that scans have read.")
        self.calls = counter("gizwits.scan.calls", "{call}", "Calls that scans have made.")
        self.left = gauge("gizwits.scan.windows_left", "{window}", "Windows left to read.")
        self.failed = gauge("gizwits.scan.failed", "{log}", "Logs of devices that were set aside.")
        self.quotas: WeakKeyDictionary[Quota, Attributes] = WeakKeyDictionary()
        """Quotas that are looked at whenever metrics are collected."""
        for name, text in {
            "limit": "Calls of a period.",
            "remaining": "Calls that are left of it.",
            "waiting": "Calls that wait for a permit.",
        }.items():
            meter.create_observable_gauge(
                f"gizwits.quota.{name}", [_Look(self.quotas, name)], "{call}", text
            )


class _Look:
    """Reads one number of all quotas."""

    def __init__(self, quotas: "WeakKeyDictionary[Quota, Attributes]", name: str) -> None:
        self._quotas, self._name = quotas, name

    def __call__(self, _options: CallbackOptions) -> Iterable[Observation]:
        return list(self._observations())

    def _observations(self) -> Iterator[Observation]:
        for quota, attributes in list(self._quotas.items()):
            known = quota.snapshot()
            if self._name == "waiting":
                for lane, count in (known.waiting or {}).items():
                    yield Observation(count, {**attributes, "gizwits.lane": lane.value})
            else:
                number = known.limit if self._name == "limit" else known.remaining
                yield Observation(number, attributes)


_OF_PROVIDER: WeakKeyDictionary[MeterProvider, _Instruments] = WeakKeyDictionary()


class Metrics:
    """The metrics of one client; an `on_call`, and an `on_progress` for its scans."""

    def __init__(self, instruments: _Instruments, base_url: str, attributes: Attributes) -> None:
        parts = urlsplit(base_url)
        self._own = dict(attributes)
        self._server = {
            "server.address": parts.hostname or "",
            "server.port": parts.port or _PORTS.get(parts.scheme, 0),
            "url.scheme": parts.scheme,
            **attributes,
        }
        self._instruments = instruments
        self._scanned = (0, 0, 0)

    def __call__(self, report: CallReport) -> None:
        """Take in the report of a call."""
        if report.error == _STOPPED:
            return
        attributes: dict[str, str | int] = {
            **self._server,
            "http.request.method": report.verb,
            "url.template": report.route,
        }
        if report.status is not None:
            attributes["http.response.status_code"] = report.status
        if report.error is not None:
            attributes["error.type"] = report.error
        if report.error_code is not None:
            attributes["gizwits.error_code"] = report.error_code
        found = self._instruments
        found.wait.record(report.quota_wait, self._own)
        if report.attempts:
            found.duration.record(report.wire_time, attributes)
            found.body.record(report.bytes_received, attributes)
            found.attempts.add(report.attempts, self._own)

    def watch(self, quota: Quota) -> None:
        """Show limit, remaining calls and waiting callers of a quota, until it is gone."""
        self._instruments.quotas[quota] = self._own

    def on_progress(self, now: "ScanProgress") -> None:
        """Take in how far a scan is; scans of one client run one after the other."""
        at = (sum(now.records.values()), now.windows, now.calls)
        if any(new < old for new, old in zip(at, self._scanned, strict=True)):
            self._scanned = (0, 0, 0)  # Another run has begun.
        records, windows, calls = (new - old for new, old in zip(at, self._scanned, strict=True))
        self._scanned = at
        found = self._instruments
        found.records.add(records, self._own)
        found.windows.add(windows, self._own)
        found.calls.add(calls, self._own)
        found.left.set(now.windows_left, self._own)
        found.failed.set(now.failed, self._own)


def observe(
    provider: MeterProvider | None = None, /, *, base_url: str = BASE_URL, **attributes: str | int
) -> Metrics:
    """Return what measures the calls, the quota and the scans of one client.

    `http.client.request.duration` and `http.client.response.body.size` follow the semantic conventions
    of HTTP clients: `http.request.method`, `server.address`, `server.port`, `url.scheme`,
    `url.template`, `http.response.status_code` (an integer) and `error.type`. Our own metrics begin with
    `gizwits.quota`, `gizwits.scan` and `gizwits.call`, and have the given attributes only.

    Args:
        provider: Where metrics go; None is the global provider.
        base_url: Where the service is, for `server.address`.
        attributes: Attributes of all metrics, such as `**{"gizwits.profile": "acme"}`.
    """
    chosen = get_meter_provider() if provider is None else provider
    instruments = _OF_PROVIDER.get(chosen)
    if instruments is None:
        instruments = _OF_PROVIDER[chosen] = _Instruments(chosen)
    return Metrics(instruments, base_url, attributes)
