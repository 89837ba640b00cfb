"""Numbers on the command line that must lie in a range."""

from math import inf

from gizwits_async.cli.language import _

__all__ = ["LAST_PORT", "MOST_DEVICES", "within"]

LAST_PORT = 65_535
MOST_DEVICES = 1_000_000
"""Of a simulated fleet: its memory grows with them."""


def within(flag: str, value: float, least: int, most: int | None = None) -> None:
    """Check the number that a flag was given; infinity and NaN are never in the range.

    Raises:
        ValueError: It is less than `least`, or more than `most`.
    """
    if most is not None and not least <= value <= most:
        raise ValueError(
            _(
                "{flag} must be from {least} to {most}, not {value}",
                flag=flag,
                least=least,
                most=most,
                value=value,
            )
        )
    if not least <= value < inf:
        raise ValueError(
            _("{flag} must be at least {least}, not {value}", flag=flag, least=least, value=value)
        )
