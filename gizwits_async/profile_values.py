"""Values of a profile: texts that must be there, and secrets from a text, a file, a command or a keyring."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gizwits_async.errors import CredentialsError
from gizwits_async.options import Secret
from gizwits_async.secret_files import read_secret

__all__ = ["enterprise_secret", "required_text", "secret_of"]

_SERVICE = "gizwits-async"
"""Under which the system keyring holds our secrets; the user name is `PROFILE/enterprise_secret`."""
_COMMAND_TIMEOUT = 60.0
"""Seconds that `secret_command` may take: it may ask for a passphrase."""


def required_text(where: str, keys: Mapping[str, Any], key: str) -> str:
    """Return a text that a table must have.

    Args:
        where: The file and the table, for an error.
        keys: The table.
        key: Its key.

    Raises:
        CredentialsError: It is missing, empty, or no text.
    """
    value = keys.get(key)
    if not isinstance(value, str) or not value:
        raise CredentialsError(f"{where}: missing {key}, a text")
    return value


def secret_of(where: str, keys: Mapping[str, Any], key: str) -> Secret:
    """Return the secret `key`, or that in the file which `key_file` names.

    Raises:
        CredentialsError: As `required_text` and `read_secret`.
    """
    if f"{key}_file" not in keys:
        return Secret(required_text(where, keys, key))
    return read_secret(Path(required_text(where, keys, f"{key}_file")).expanduser())


def enterprise_secret(where: str, name: str, table: Mapping[str, Any]) -> Secret:
    """Return the secret of an enterprise, from wherever its profile says.

    Args:
        where: The file and the profile, for an error.
        name: The name of the profile, under which a keyring holds the secret.
        table: The profile.

    Raises:
        CredentialsError: It is missing, or cannot be read; no message quotes what a command wrote.
    """
    if "secret_command" in table:
        return _by_command(where, table["secret_command"])
    if table.get("keyring") is True:
        return _from_keyring(where, name)
    return secret_of(where, table, "enterprise_secret")


def _by_command(where: str, command: object) -> Secret:
    words = command if isinstance(command, list) else []
    if not words or not all(isinstance(word, str) and "\0" not in word for word in words):
        raise CredentialsError(f'{where}: secret_command must be a list of words, ["pass", "show"]')
    reason = "its first line is empty"
    try:
        if found := _first_line(words):
            return found
    except (OSError, subprocess.SubprocessError) as error:
        reason = type(error).__name__  # Its text could quote what the command wrote.
    raise CredentialsError(f"{where}: secret_command failed: {reason}")


def _first_line(words: list[str]) -> Secret:
    # `pass` writes notes below the secret.
    done = subprocess.run(  # noqa: S603 - the owner of the file chose it
        words, stdout=subprocess.PIPE, check=True, timeout=_COMMAND_TIMEOUT
    )
    return Secret(done.stdout.decode(errors="replace").partition("\n")[0].strip("\r"))


def _from_keyring(where: str, name: str) -> Secret:
    try:
        import keyring  # noqa: PLC0415 - comes with an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ModuleNotFoundError:
        raise CredentialsError(f"{where}: install 'gizwits-async[keyring]'") from None
    found, reason = None, ""
    try:
        found = keyring.get_password(_SERVICE, f"{name}/enterprise_secret")
    except KeyringError as error:  # There is none in a container, or it stays locked.
        reason = type(error).__name__
    if reason:
        raise CredentialsError(f"{where}: the keyring cannot be used: {reason}")
    if not found:
        raise CredentialsError(
            f"{where}: the keyring has no secret; run: keyring set {_SERVICE} {name}/enterprise_secret"
        )
    return Secret(found)
