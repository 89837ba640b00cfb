"""Files for analysts out of a scan's store: Parquet, CSV and JSON Lines by day."""

import sys
from types import ModuleType
from typing import Any

from gizwits_async.scan.export.export import ExportReport, export

__all__ = ["ExportReport", "export"]


class _CallableModule(ModuleType):
    """Lets `from gizwits_async.scan import export` give something to call.

    The import system binds this package to the name `export` of `gizwits_async.scan`, over whatever
    stood there, as soon as anything imports it. So the package itself forwards the call.
    """

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """See `export`."""
        return export(*arguments, **keywords)


sys.modules[__name__].__class__ = _CallableModule
