"""How the console reaches the service: which account, which address, and what programs share."""

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.cli.connection import Connection
from gizwits_async.quota.shared import SharedQuota
from gizwits_async.simulator import SimulatedCloud
from tests.ports import valkey_server


def profile_file(cloud: SimulatedCloud, folder: Path) -> Path:
    """Write a file with a profile for this service."""
    own, path = cloud.credentials, folder / "config.toml"
    path.write_text(
        f"""[profiles.acme]
enterprise_id = "{own.enterprise_id}"
enterprise_secret = "{own.enterprise_secret!s}"
base_url = "{os.environ["GIZWITS_BASE_URL"]}"
[profiles.acme.products.pump]
product_key = "{own.product_key}"
product_secret = "{own.product_secret!s}"
""",
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take all settings out of the environment."""
    for name in list(os.environ):
        if name.startswith("GIZWITS_"):
            monkeypatch.delenv(name)


async def test_a_profile_brings_account_and_address(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By flag or variable; one that is not there names those that are."""
    path = profile_file(cloud, tmp_path)
    forget_settings(monkeypatch)
    assert (await program("devices"))[0] == 4
    assert (await program("devices", "--credentials", str(path), "--profile", "acme"))[0] == 0
    monkeypatch.setenv("GIZWITS_CONFIG", str(path))
    monkeypatch.setenv("GIZWITS_PROFILE", "acme")
    code, _, err = await program("doctor")
    assert code == 0
    assert f"credentials: profile acme of {path}" in err
    code, _, err = await program("devices", "--profile", "amce")
    assert (code, "it has: acme" in err) == (4, True)
    code, _, err = await program("devices", "--product", "fan")
    assert (code, "only: pump" in err) == (4, True)


async def test_missing_variables_point_to_the_profiles(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """To their names, to a file that is not there, to one without profiles, or to a first profile."""
    path = profile_file(cloud, tmp_path)
    forget_settings(monkeypatch)
    code, _, err = await program("devices")
    assert (code, "choose one by --profile; `gizwits-async simulate`" in err) == (4, True)
    monkeypatch.setenv("GIZWITS_CONFIG", str(path))
    path.write_text(path.read_text() + '[profiles.solo.products.fan]\nproduct_key = "f"\n')
    code, _, err = await program("devices")
    assert (code, err.endswith("PRODUCT_SECRET; or choose --profile acme or solo\n")) == (4, True)
    path.write_text('enterprise_id = "e"\n')
    assert (await program("devices"))[2].endswith(f"; or give --credentials {path}\n")
    path.chmod(0o644)
    assert "chmod 600" in (await program("devices"))[2]
    path.unlink()
    assert f"GIZWITS_CONFIG names {path}, which does not exist" in (await program("devices"))[2]
    monkeypatch.setenv("GIZWITS_DATABASE_URL", "postgresql://localhost/none")
    for words in (["worker"], ["schedule", "add", "acme", "--every", "1d"]):
        code, _, err = await program(*words)
        assert (code, f"{path} does not exist: set GIZWITS_CONFIG or" in err) == (4, True)


async def test_a_profile_brings_the_quota_that_others_use_too(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its calls are counted there, and `profiles check` names a store that cannot be used."""
    path, where = profile_file(cloud, tmp_path), (tmp_path / "shared").as_uri()
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("base_url", f'quota_url = "{where}"\nbase_url'), "utf-8")
    monkeypatch.setenv("GIZWITS_CONFIG", str(path))
    assert (await program("devices", "--profile", "acme"))[0] == 0
    quota = SharedQuota(where, str(cloud.credentials.enterprise_id))
    await quota.acquire()
    assert quota.snapshot().remaining <= 3600 - 3, "a login, a call, and the one above"
    await quota.aclose()
    with valkey_server() as server:
        url = f"valkey://app:hunter2@127.0.0.1:{server.port}"
        path.write_text(text.replace("base_url", f'quota_url = "{url}"\nbase_url'), "utf-8")
        code, out, _ = await program("profiles", "check")
    (row,) = map(json.loads, out.splitlines())
    assert (code, row["ok"]) == (3, False)
    assert "password" in row["problem"]
    assert "hunter2" not in out


async def test_a_rehearsal_spends_nothing_of_the_quota_of_a_profile(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`--base-url` names another service, such as a simulator, whose calls are no calls of the profile."""
    path, where = profile_file(cloud, tmp_path), (tmp_path / "shared").as_uri()
    text = path.read_text(encoding="utf-8")
    address = tomllib.loads(text)["profiles"]["acme"]["base_url"]
    path.write_text(text.replace("base_url", f'quota_url = "{where}"\nbase_url'), "utf-8")
    monkeypatch.setenv("GIZWITS_CONFIG", str(path))
    assert (await program("devices", "--profile", "acme", "--base-url", address))[0] == 0
    assert not (tmp_path / "shared").exists()


def test_programs_of_a_machine_share_the_quota_of_a_real_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By a file whose path holds no secret; not for a simulator on this machine, nor with `--no-shared-state`."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("GIZWITS_BASE_URL", raising=False)
    url = (tmp_path / "gizwits-async" / "quota").as_uri()
    assert Connection().quota_url(None) == url
    assert Connection().quota_url("https://other.example") == url
    assert Connection(no_shared_state=True).quota_url(None) == ""
    for local in ("http://127.0.0.1:8080", "http://[::1]:1", "http://localhost"):
        assert Connection().quota_url(local) == ""


@pytest.mark.usefixtures("cloud")
async def test_a_wrong_setting_of_the_shared_quota_is_a_failed_line(
    program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The doctor names it, and a scan ends before its store exists; neither shows the password."""
    with valkey_server() as server:
        url = f"valkey://app:hunter2@127.0.0.1:{server.port}"
        monkeypatch.setenv("GIZWITS_QUOTA_URL", url)
        code, out, err = await program("doctor")
        assert code == 1
        assert "failed   quota and login are not shared with other processes" in err
        assert "the shared quota refuses: it does not accept the user or the password" in err
        code, _, said = await program("scan", "--since", "1d", "--out", str(tmp_path / "fleet.db"))
        assert code == 1
        assert "refuses: it does not accept the user or the password" in said
        assert not (tmp_path / "fleet.db").exists()
    assert "hunter2" not in out + err + said
