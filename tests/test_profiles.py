"""Profiles and files of secrets: what is read, what is refused, and that no message quotes a secret."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyrings.alt.file import PlaintextKeyring

from gizwits_async import Credentials, CredentialsError, GizwitsClient
from gizwits_async.profiles import Profile, config_path, load_profile, load_profiles
from tests.canaries import CANARIES, leaks, rendered

SECRET = CANARIES["enterprise secret"]
TWO = f"""
[profiles.acme]
enterprise_id = "eid"
enterprise_secret = '{SECRET}'
base_url = "http://127.0.0.1:1"
calls_per_hour = 7200
quota_url = "redis://:hidden@quota"

[profiles.acme.products.pump]
product_key = "pump-key"
product_secret = "pump-secret"

[profiles.acme.products.valve]
product_key = "valve-key"
product_secret = "valve-secret"

[profiles.solo]
enterprise_id = "other"
enterprise_secret = "s"
product_key = "solo-key"
product_secret = "p"
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a file of mode 0600 and return its path."""

    def written(text: str, name: str = "config.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return written


def test_a_profile_has_products_and_a_lone_product_needs_no_name(write: Any) -> None:
    """Both shapes of the file give credentials; of several products one must be named."""
    profiles = load_profiles(write(TWO))
    acme, solo = profiles["acme"], profiles["solo"]
    assert (acme.calls_per_hour, acme.base_url) == (7200, "http://127.0.0.1:1")
    assert acme.quota_url == "redis://:hidden@quota"
    assert "hidden" not in repr(acme)
    assert acme.product("valve").product_key == "valve-key"
    assert solo.product().product_key == "solo-key"
    with pytest.raises(CredentialsError, match="name one: pump, valve"):
        acme.product()
    with pytest.raises(CredentialsError, match="no product 'fan', only: pump, valve"):
        acme.product("fan")
    assert SECRET not in repr(profiles)
    assert acme.credentials == acme.product("pump")
    alone = Profile(name="alone", credentials=acme.credentials)
    assert alone.products == {"default": acme.credentials}


async def test_a_client_is_made_from_a_profile(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and quota come from the profile; arguments go before it."""
    monkeypatch.setenv("GIZWITS_CONFIG", str(write(TWO)))
    async with GizwitsClient.from_profile("acme", "pump") as client:
        assert client.product_key == "pump-key"
        assert client.quota.snapshot().limit == 7200
    with pytest.raises(ValueError, match="plain http"):
        GizwitsClient.from_profile("solo", base_url="http://example.com")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profiles.x]\nenterprise_id = 'e'", "missing enterprise_secret"),
        (f"[profiles.x]\nenterprise_id = '{SECRET}' junk", "is not a TOML file"),
        ("profiles = 1", "must be tables"),
        ("[profiles.y]\nenterprise_id = 'e'", "has no profile 'x'; it has: y"),
        ("[profiles.x]\nenterprise_secrte = 's'", "unknown keys: enterprise_secrte"),
        ("[profiles.x]\nenterprise_id = 'e'\nenterprise_secret = 's'", "missing product_key"),
        ("[profiles.x]\nenterprise_id = 'e'\ncalls_per_hour = 0", "whole number above 0"),
        ("[profiles.x]\nenterprise_id = 'e'\nsecret_command = 'pass'", "list of words"),
        ("[profiles.x]\nenterprise_id = 'e'\nsecret_command = []", "list of words"),
        ('[profiles.x]\nenterprise_id = "e"\nsecret_command = ["\\u0000"]', "list of words"),
        (
            f"[profiles.x]\nenterprise_id = 'e'\nsecret_command = ['printf', '\\n%s', '{SECRET}']",
            "first line is empty",
        ),
        ("[profiles.x]\nenterprise_id = ['e']", "missing enterprise_id, a text"),
        (
            (
                "[profiles.x]\nenterprise_id = 'e'\nenterprise_secret = 's'\nproduct_key = 'k'\n"
                f"product_secret = '{SECRET} x'"
            ),
            "product_secret must be visible ASCII",
        ),
        (
            (
                "[profiles.x]\nenterprise_id = 'e'\n"
                "[profiles.y]\nenterprise_id = 'e'\ncalls_per_hour = 7200"
            ),
            "x and y are one enterprise, with different calls_per_hour: 3,600 and 7,200",
        ),
        (
            (
                "[profiles.x]\nenterprise_id = 'e'\ncalls_per_hour = 1\n"
                "[profiles.y]\nenterprise_id = 'e'\ncalls_per_hour = 2"
            ),
            "x and y are one enterprise, with different calls_per_hour: 1 and 2",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_named_and_no_secret_quoted(
    text: str, said: str, write: Any
) -> None:
    """The message names the file and the key; the locals of a traceback hide what they hold."""
    with pytest.raises(CredentialsError) as caught:
        load_profile("x", write(text))
    assert said in str(caught.value)
    assert leaks(rendered(caught.value)) == []


def test_a_file_that_others_can_read_is_refused(write: Any) -> None:
    """The message says the command that closes it. Secrets mounted into a container are open to all."""
    path = write(TWO)
    path.chmod(0o640)
    with pytest.raises(CredentialsError, match="chmod 600"):
        load_profile("acme", path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))
        assert load_profile("solo", path).name == "solo"
    with pytest.raises(CredentialsError, match="No such file"):
        load_profile("acme", path.with_name("none.toml"))


@pytest.fixture
def keyring_file(tmp_path: Path) -> Iterator[Any]:
    """A keyring whose secrets lie in a file, as `keyrings.alt` brings one."""
    before, kept = keyring.get_keyring(), PlaintextKeyring()
    kept.file_path = str(tmp_path / "keyring.cfg")
    keyring.set_keyring(kept)
    yield kept
    keyring.set_keyring(before)


def test_what_a_keyring_lacks_is_said(write: Any, keyring_file: Any) -> None:
    """Without the secret the command that adds it; a machine without any keyring is no traceback."""
    path = write(
        "[profiles.x]\nenterprise_id='e'\nproduct_key='k'\nproduct_secret='p'\nkeyring=true\n"
    )
    with pytest.raises(CredentialsError, match="keyring set gizwits-async x/enterprise_secret"):
        load_profile("x", path)
    keyring.set_keyring(NoKeyring())
    with pytest.raises(CredentialsError, match="the keyring cannot be used: NoKeyringError"):
        load_profile("x", path)


def test_a_secret_comes_from_a_file_a_command_or_the_keyring(write: Any, keyring_file: Any) -> None:
    """No byte order mark, line break or note of `pass` is part of it; a failing command is named only."""
    kept = write(f"\ufeff{SECRET}\r\n", "secret")
    base = "[profiles.x]\nenterprise_id='e'\nproduct_key='k'\nproduct_secret='p'\n"
    command = [
        sys.executable,
        "-c",
        f"print(open({str(kept)!r}, encoding='utf-8-sig').read(), 'notes')",
    ]

    keyring.set_password("gizwits-async", "x/enterprise_secret", SECRET)
    for way in (
        f"enterprise_secret_file = {str(kept)!r}", f"secret_command = {command!r}", "keyring = true"
    ):  # fmt: skip
        found = load_profile("x", write(base + way)).product()
        assert found.enterprise_secret == SECRET
    failing = [sys.executable, "-c", f"raise SystemExit({SECRET!r})"]
    with pytest.raises(CredentialsError, match="secret_command failed") as caught:
        load_profile("x", write(base + f"secret_command = {failing!r}"))
    assert leaks(str(caught.value)) == []


def test_the_environment_may_name_files(write: Any) -> None:
    """As Docker and Kubernetes mount secrets; a variable with the value itself goes before."""
    names = ("ENTERPRISE_ID", "ENTERPRISE_SECRET", "PRODUCT_KEY", "PRODUCT_SECRET")
    environ = {f"GIZWITS_{name}_FILE": str(write(f"{name}\n", name)) for name in names}
    found = Credentials.from_env(environ)
    assert (found.enterprise_id, found.product_secret) == ("ENTERPRISE_ID", "PRODUCT_SECRET")
    assert Credentials.from_env({**environ, "GIZWITS_PRODUCT_KEY": "pk"}).product_key == "pk"
    with pytest.raises(ValueError, match="is empty"):
        Credentials.from_env({**environ, "GIZWITS_PRODUCT_KEY_FILE": str(write("", "empty"))})


def test_the_file_lies_in_the_platforms_folder_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`GIZWITS_CONFIG` goes before."""
    monkeypatch.delenv("GIZWITS_CONFIG", raising=False)
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: tmp_path / name)
    path = tmp_path / "gizwits-async" / "config.toml"
    assert config_path() == path
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(TWO)
    assert list(load_profiles()) == ["acme", "solo"]
    monkeypatch.setenv("GIZWITS_CONFIG", "elsewhere.toml")
    assert config_path() == Path("elsewhere.toml")
