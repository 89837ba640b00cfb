"""One quota and one login for all processes with the same file, or the same Valkey or Redis."""

from gizwits_async.quota.shared.quota import SharedQuota
from gizwits_async.quota.shared.tokens import SharedTokenStore

__all__ = ["SharedQuota", "SharedTokenStore"]
