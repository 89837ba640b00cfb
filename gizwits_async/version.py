"""The version; the distribution is built with this one."""

__all__ = ["__version__"]

__version__ = "0.2.0"
