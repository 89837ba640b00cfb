"""Scans of many enterprises by workers on several machines; PostgreSQL is what they share.

```python
app = worker_app("postgresql://db/fleet", load_profiles())
await app.run(concurrency=200)                           # on each machine

await defer_scan("postgresql://db/fleet", "acme", ScanArguments(since=86_400))
for tenant in await fleet_status("postgresql://db/fleet"):
    print(tenant.profile, tenant.state, tenant.windows_left)
```

The unit of work is one enterprise: all its products, by one client and one quota. A job holds the
name of a profile and nothing else; each worker reads the secrets where it runs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gizwits_async.workers.schedules import ScanArguments, Schedule
from gizwits_async.workers.status import State, TenantStatus

if TYPE_CHECKING:
    from gizwits_async.workers.fleet import Fleet, cancel_scan, defer_scan, fleet_status
    from gizwits_async.workers.worker import WorkerApp, worker_app

__all__ = [
    "Fleet",
    "ScanArguments",
    "Schedule",
    "State",
    "TenantStatus",
    "WorkerApp",
    "cancel_scan",
    "defer_scan",
    "fleet_status",
    "worker_app",
]

_LAZY = {
    "Fleet": "fleet",
    "WorkerApp": "worker",
    "cancel_scan": "fleet",
    "defer_scan": "fleet",
    "fleet_status": "fleet",
    "worker_app": "worker",
}
"""What needs the extra `workers`, and the module that it stands in."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gizwits_async"):
            raise
        raise ImportError(f"{name} needs {error.name}: install 'gizwits-async[workers]'") from error
