#!/bin/sh
# Expected: two clients in one process each create the instruments of their library, with callbacks of their own,
# and both are measured: instruments of the same name, unit and description are one, as with counters.
# What happens: opentelemetry-sdk 1.45.2 keeps the callbacks of the first observable gauge of a name. When a second
# one is created, it returns the first and drops the callbacks of the second, without an error or a line in the log:
# the quota of the second client is in no metric. A counter that is created twice has the numbers of both clients.
# Callbacks cannot be added later, so a library needs one gauge for all clients of a provider, with a callback that
# asks each of them. gizwits_async keeps its instruments by provider for that.
# Seen with opentelemetry-sdk 1.45.2 on Python 3.11 on 2026-11-28.
# Source: opentelemetry/sdk/metrics/_internal/__init__.py (`Meter.create_observable_gauge`);
# https://github.com/open-telemetry/opentelemetry-python/issues/2454 (callbacks cannot be added or removed);
# the same in Go: https://github.com/open-telemetry/opentelemetry-go/issues/5380.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "opentelemetry-sdk==1.45.2"
cat > "$folder/seen.py" <<'PYTHON'
import logging
import sys
from importlib.metadata import version

from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader


class Client:
    """A client of one product, that measures its calls and what is left of its quota."""

    def __init__(self, provider, product, left):
        meter = provider.get_meter("client")
        self._product, self._left = {"product": product}, left
        meter.create_observable_gauge("quota.remaining", [self._look])
        meter.create_counter("calls").add(1, self._product)

    def _look(self, options):
        return [Observation(self._left, self._product)]


class Log(logging.Handler):
    """Keeps what is logged."""

    def emit(self, record):
        logged.append(record.getMessage())


logged = []
logging.getLogger().addHandler(Log())
reader = InMemoryMetricReader()
provider = MeterProvider([reader])
clients = [Client(provider, "lamps", 3000), Client(provider, "plugs", 200)]
(resource,) = reader.get_metrics_data().resource_metrics
(scope,) = resource.scope_metrics
seen = {
    metric.name: [(point.attributes["product"], point.value) for point in metric.data.data_points]
    for metric in scope.metrics
}
print("opentelemetry-sdk", version("opentelemetry-sdk"))
print("calls:", seen["calls"])
print("quota.remaining:", seen["quota.remaining"])
print("logged:", logged)
changed = seen != {"quota.remaining": [("lamps", 3000)], "calls": [("lamps", 1), ("plugs", 1)]}
sys.exit(bool(changed or logged))
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
