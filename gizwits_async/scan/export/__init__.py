"""Files for analysts out of a scan's store: Parquet, CSV and JSON Lines by day."""

from gizwits_async.scan.export.export import ExportReport, export

__all__ = ["ExportReport", "export"]
