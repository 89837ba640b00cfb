"""How often one may call: the hourly quota, in one process or shared by many."""

from gizwits_async.quota.hourly import HourlyQuota

__all__ = ["HourlyQuota"]
