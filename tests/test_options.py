"""Settings are checked where they are made, and show no secret."""

import pickle
from inspect import signature
from typing import Any, Unpack, get_origin

import pytest
from attrs import fields

from gizwits_async import ClientSettings, ConnectionSettings, GizwitsClient, OptionChanges
from gizwits_async.options import Credentials, Lane, Options, QuotaSnapshot, Secret

GOOD = {
    "enterprise_id": "eid",
    "enterprise_secret": "es-canary",
    "product_key": "pk",
    "product_secret": "ps-canary",
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    "value", ["", None, 5, b"x", "a b", "a\r\nX: y", "a\0b", "schlüssel", "a\u200bb", "\t", "ключ"]
)
@pytest.mark.fault("P12")
def test_credentials_that_cannot_stand_in_a_header_are_refused(name: str, value: object) -> None:
    """CR, LF, NUL, blanks and other than ASCII never reach aiohttp, which would send them raw."""
    with pytest.raises(ValueError, match=name) as caught:
        Credentials(**{**GOOD, name: value})  # type: ignore[arg-type]
    assert "canary" not in str(caught.value)


def test_secrets_do_not_show_in_the_repr() -> None:
    """Neither the credentials nor the secret itself print what they hold."""
    credentials = Credentials(**GOOD)
    assert "canary" not in repr(credentials) + repr(credentials.product_secret)
    assert "canary" not in repr(vars(type("X", (), {"s": credentials.enterprise_secret})))
    assert credentials.product_secret == "ps-canary"
    assert pickle.loads(pickle.dumps(credentials)) == credentials
    assert isinstance(pickle.loads(pickle.dumps(credentials)).product_secret, Secret)


def test_from_env_names_what_is_missing_and_shows_no_value() -> None:
    """A missing variable is named; those that are there are not shown."""
    environ = {"GIZWITS_ENTERPRISE_ID": "eid", "GIZWITS_ENTERPRISE_SECRET": "es-canary"}
    with pytest.raises(ValueError, match="GIZWITS_PRODUCT_KEY, GIZWITS_PRODUCT_SECRET") as caught:
        Credentials.from_env(environ)
    assert "canary" not in str(caught.value)
    full = {f"GIZWITS_{name.upper()}": value for name, value in GOOD.items()}
    assert Credentials.from_env(full) == Credentials(**GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", float("nan")),
        ("timeout", "10"),
        ("timeout", None),
        ("timeout", True),
        ("deadline", 0),
        ("deadline", "5"),
        ("max_quota_wait", -0.1),
        ("max_quota_wait", "2"),
        ("max_quota_wait", float("nan")),
        ("lane", "fast"),
        ("max_retries", -1),
        ("max_retries", 1.5),
        ("page_size", 0),
        ("page_size", 101),
        ("page_size", True),
        ("max_log_span", 1),
        ("max_log_span", 172_800.0),
        ("start_inclusive", "false"),
        ("context_lifetime", 0),
        ("max_response_bytes", 0),
    ],
)
def test_a_bad_setting_is_refused_by_name(name: str, value: Any) -> None:
    """Settings fail where they are made, with a ValueError that says which one."""
    with pytest.raises(ValueError, match=name if name != "lane" else "fast"):
        Options(**{name: value})
    with pytest.raises(ValueError, match=name if name != "lane" else "fast"):
        Options().evolve(**{name: value})


def test_the_promised_defaults_hold() -> None:
    """Design section 9."""
    assert Options() == Options(
        timeout=10.0,
        deadline=None,
        max_quota_wait=None,
        lane=Lane.INTERACTIVE,
        max_retries=3,
        page_size=100,
        max_log_span=172_800,
        start_inclusive=False,
        context_lifetime=3600.0,
        max_response_bytes=16 * 2**20,
    )
    assert Options(lane="bulk").lane is Lane.BULK  # type: ignore[arg-type]
    assert Options(max_quota_wait=0).max_quota_wait == 0


def test_options_are_frozen_and_copied() -> None:
    """A changed copy leaves the original as it was."""
    options = Options()
    assert options.evolve(timeout=3).timeout == 3
    assert options.timeout == 10
    with pytest.raises(AttributeError):
        options.timeout = 5  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(options)) == options
    assert QuotaSnapshot(limit=1, remaining=1).source == "local"


def test_a_quota_that_is_used_up_makes_a_job_wait() -> None:
    """An estimate begins with the wait for the first permit."""
    used = QuotaSnapshot(limit=3600, remaining=0, next_in={Lane.BULK: 3000.0})
    assert used.seconds_for(10, now=0.0) == 3010.0
    assert used.seconds_for(0, now=0.0) == 0.0


def test_the_types_of_changes_name_each_option_and_argument() -> None:
    """Type checkers find a misspelt name only if the typed dictionaries are complete."""
    assert set(OptionChanges.__annotations__) == {field.name for field in fields(Options)}
    parameters = set(signature(GizwitsClient).parameters) - {"credentials"}
    assert set(ClientSettings.__annotations__) == parameters
    assert set(ConnectionSettings.__annotations__) == parameters - {"options", "on_call"}
    for method in (GizwitsClient.with_options, GizwitsClient.from_env, Options.evolve):
        [changes] = [p for p in signature(method).parameters.values() if p.kind is p.VAR_KEYWORD]
        assert get_origin(changes.annotation) is Unpack
