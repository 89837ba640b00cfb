"""Errors of the library in the language of the console, with times as dates instead of epoch seconds.

The library writes its errors in English, for programmers. Those that an operator meets are listed
here as templates: a text that fits one is said in its translation.
"""

import re
from functools import lru_cache

from gizwits_async.cli.language import N_, _
from gizwits_async.cli.moments import clock_time, zone_name

__all__ = ["TEMPLATES", "reworded"]

TEMPLATES = (
    # Credentials and profiles.
    N_("missing in the environment: {names}"),
    N_("{path} can be read by others; run: chmod 600 {command}"),
    N_("{path} is not a TOML file"),
    N_("{path} has no profile {name}; it has: {known}"),
    N_("{path} has profiles, name one: {known}"),
    N_("profile {profile} has several products, name one: {known}"),
    N_("profile {profile} has no product {name}, only: {known}"),
    N_("{where}: unknown keys: {keys}"),
    N_("{where}: missing {key}, a text"),
    N_("{where}: missing product_key, or [products.NAME] with one"),
    N_("{where}: secret_command failed: {reason}"),
    # The connection.
    N_("no connection to proxy {proxy}: {reason}"),
    N_("no connection to {host}: {reason}"),
    N_("no connection through proxy {proxy}: {reason}"),
    N_("no complete reply from {host} within {limit} s"),
    N_("{host} closed the connection without a reply"),
    N_("the connection to {host} broke: {reason}"),
    N_("{call}: answered with a redirect, not followed"),
    N_(
        "{call}: sent, but the outcome is unknown ({error}); check the state before sending it again"
    ),
    N_("the service refused (5013), next attempt in {length}"),
    N_("the {period} is used up until {end}"),
    N_("too many at once, next permit in {length}"),
    N_("{name} must be a whole number above 0, of {digits} digits at most, not {value}"),
    N_("{name} must be 1 or 0, not {value}"),
    # Ranges and devices.
    N_("logs are kept for 30 days: start {start} is too old, the oldest allowed is {oldest}"),
    N_("the range begins in the future: {start} is after {now}, now"),
    N_("the range is reversed: start {start} is after end {end}"),
    N_("the range is reversed or empty: start {start}, end {end}"),
    N_("there is no last scan to go on from: give a start"),
    N_("{name} cannot stand in a path: {value}"),
    N_("this is no resume token of this version of gizwits_async"),
    N_("the resume token is damaged"),
    N_(
        "the resume token belongs to another query: use the same arguments as the walk that returned it"
    ),
    # Stores.
    N_("{store} is in use by another scan{holder}; wait for it or stop it"),
    N_("{store}: there is no such folder"),
    N_("{store}: there is no store"),
    N_("{store} holds tables, but no scan; it was left as it is"),
    N_("the store holds product {held}, this scan is of {product}"),
    N_(
        "the store holds {start} to {end}, which is not the range asked for; ask for that one, or for"
        " Since(), or name another store"
    ),
    N_("concurrency must be positive, not {value}"),
)
"""The first one that fits is taken."""

_WORDS = (
    N_("connection refused"),
    N_("no such host"),
    N_("timed out"),
    N_("host name not resolved"),
    N_("connection reset by the other side"),
    N_("hour"),
)
_TIMES = frozenset({"start", "end", "oldest", "now"})
_EPOCH = re.compile(r"\d{9,11}(\.\d+)?")


def reworded(text: str) -> str:
    """Return an error of the library in the chosen language; unchanged if no template fits."""
    for template in TEMPLATES:
        if found := _pattern(template).fullmatch(text):
            return _(
                template, **{name: _worded(name, one) for name, one in found.groupdict().items()}
            )
    return text


def _worded(name: str, value: str) -> str:
    if name in _TIMES and _EPOCH.fullmatch(value):
        return f"{clock_time(float(value))} {zone_name()}"
    return _(value) if value in _WORDS else value


@lru_cache(maxsize=len(TEMPLATES))
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    texts = (
        re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+?)" for at, part in enumerate(parts)
    )
    return re.compile("".join(texts), re.DOTALL)
