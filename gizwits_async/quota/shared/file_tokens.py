"""Tokens and the login lock of the processes of one machine, in files only their user can read."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from tempfile import mkstemp

from gizwits_async.models.authorization import Token
from gizwits_async.quota.shared.locks import Lock, lock_at
from gizwits_async.quota.shared.token_text import read_token, write_token

__all__ = ["FileTokens"]

_log = logging.getLogger("gizwits_async.quota")
_POLL = 0.05
"""Seconds between attempts to get the login lock."""


class FileTokens:
    """Keeps tokens in a JSON file beside the quota's; mode 0600."""

    def __init__(self, path: str, *, lock_life: float) -> None:
        """Make a store; nothing is opened yet.

        Args:
            path: The file of the quota; the names of token file and lock are made from it.
            lock_life: Seconds after which a process logs in although another holds the lock.
        """
        self._lock_life = lock_life
        self._path = f"{path}.tokens"
        self._lock_path = f"{path}.login"

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or none that can be read."""
        return read_token(self._read().get(key))

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key`."""
        self._write({**self._read(), key: write_token(token)})

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        tokens = self._read()
        if tokens.get(key) == write_token(token):
            del tokens[key]
            self._write(tokens)

    @asynccontextmanager
    async def renewing(self, key: str) -> AsyncIterator[None]:
        """Hold the login lock: one process at a time fetches a new token."""
        del key
        lock: Lock | None = None
        try:
            lock = lock_at(self._lock_path)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lock_life):
                    while not lock.acquire():  # noqa: ASYNC110 - no process can set an event here
                        await asyncio.sleep(_POLL)
        except OSError as error:
            _log.debug("no lock for the login: %s", error.strerror)
        try:
            yield
        finally:
            if lock is not None:
                lock.close()

    async def aclose(self) -> None:
        """Nothing is held between calls."""

    def _read(self) -> dict[str, str]:
        try:
            with open(self._path, "rb") as file:  # noqa: PTH123 - a few hundred bytes
                found = json.load(file)
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, tokens: dict[str, str]) -> None:
        # Replaced as a whole: readers, and a process that is killed, see the old file or the new one.
        try:
            folder, name = os.path.split(self._path)
            descriptor, temporary = mkstemp(prefix=f".{name}.", dir=folder)
            try:
                with os.fdopen(descriptor, "w") as file:
                    json.dump(tokens, file)
                os.replace(temporary, self._path)  # noqa: PTH105
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)  # noqa: PTH108
                raise
        except OSError as error:
            _log.debug("the token could not be shared: %s", error.strerror)
