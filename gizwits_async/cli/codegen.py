"""`gizwits-async codegen`: a typed class for the product, as Python source."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.payload.codegen import source

__all__ = ["codegen"]


async def codegen(
    *,
    out: Annotated[Path | None, Parameter(name=("--out", "-o"))] = None,
    name: str = "Product",
    connection: Connection = Connection(),
) -> int:
    """Write a module with a class for the data points of the product.

    Args:
        out: The file; it is replaced if it exists. Standard output if not given.
        name: The name of the class.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        text = source(await gizwits.product.datapoints(), name)
    if out is None:
        sys.stdout.write(text)
        return Exit.OK
    partial = out.with_name(f"{out.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(out)  # Whole or not at all: an editor or a type checker may read it now.
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise OSError(error.errno, error.strerror, str(out)) from None
    return Exit.OK
