"""Exports a store, and kills itself at a step: `python lake_child.py STORE OUT FORMAT STEP`."""

import asyncio
import os
import signal
import sys
from typing import Any

import deltalake

from gizwits_async.scan.export import export, lake, sinks


def main(store: str, out: str, to: Any, step: int) -> None:
    """Count the calls that touch the lake, and kill this process in the middle of one of them."""
    left = step

    def counted(function: Any) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            found = function(*arguments, **keywords)
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return call

    for owner, name in (
        (lake.Draft, "finish"), (lake._Folder, "publish"), (lake._Folder, "draft"),
        (sinks.Part, "write"),
    ):  # fmt: skip
        setattr(owner, name, counted(getattr(owner, name)))
    if to == "delta":
        deltalake.write_deltalake = counted(deltalake.write_deltalake)
    asyncio.run(export(store, out, to))
    sys.stdout.write(str(step - left))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
