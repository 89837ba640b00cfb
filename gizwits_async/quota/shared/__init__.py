"""One quota and one login for all processes with the same Valkey or Redis. Needs the extra `redis`."""

from gizwits_async.quota.shared.quota import SharedQuota
from gizwits_async.quota.shared.tokens import SharedTokenStore

__all__ = ["SharedQuota", "SharedTokenStore"]
