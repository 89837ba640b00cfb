"""The description of the service as OpenAPI 3.1, for whoever wants to check it or build on it.

It is written and shipped as YAML, with its reasons beside it. PyYAML (extra `simulator`) is needed
only by those who ask for it; nothing else of the package does.
"""

from functools import cache
from importlib.resources import files

__all__ = ["load_openapi"]


@cache
def load_openapi() -> dict[str, object]:
    """Return the OpenAPI description as JSON values; do not change it.

    Raises:
        ModuleNotFoundError: PyYAML is not installed.
    """
    try:
        import yaml  # noqa: PLC0415 - see above
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the OpenAPI description needs PyYAML: pip install 'gizwits-async[simulator]'"
        ) from None
    text = files("gizwits_async.simulator").joinpath("openapi.yaml").read_text("utf-8")
    found: dict[str, object] = yaml.safe_load(text)
    return found
