"""Loads the OpenAPI 3.1 description of the service.

The description is a YAML file, because YAML allows comments. PyYAML (extra `simulator`) is imported
only when the description is requested, so that the simulator works without it.
"""

from functools import cache
from importlib.resources import files

__all__ = ["load_openapi"]


@cache
def load_openapi() -> dict[str, object]:
    """Return the OpenAPI description as JSON values. The result is cached: do not modify it.

    Raises:
        ModuleNotFoundError: PyYAML is not installed.
    """
    try:
        import yaml  # noqa: PLC0415 - needs the extra `simulator`
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the OpenAPI description needs PyYAML: pip install 'gizwits-async[simulator]'"
        ) from None
    text = files("gizwits_async.simulator").joinpath("openapi.yaml").read_text("utf-8")
    found: dict[str, object] = yaml.safe_load(text)
    return found
