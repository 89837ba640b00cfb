"""The environment variables under which a client reaches a simulated service."""

from gizwits_async.simulator.cloud import SimulatedCloud

__all__ = ["environment_of"]


def environment_of(cloud: SimulatedCloud, url: str) -> dict[str, str]:
    """Return the variables of the URL and of the credentials, by name.

    The secrets are of nothing that exists: the simulator made them up.
    """
    own = cloud.credentials
    return {
        "GIZWITS_BASE_URL": url,
        "GIZWITS_ENTERPRISE_ID": str(own.enterprise_id),
        "GIZWITS_ENTERPRISE_SECRET": str(own.enterprise_secret),
        "GIZWITS_PRODUCT_KEY": str(own.product_key),
        "GIZWITS_PRODUCT_SECRET": str(own.product_secret),
    }
