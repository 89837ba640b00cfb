"""The version, as the installed distribution states it."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("gizwits-async")
except PackageNotFoundError:  # A source tree that was never installed.
    __version__ = "0+unknown"
