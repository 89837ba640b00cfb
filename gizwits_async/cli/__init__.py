"""The console program `gizwits-async`; needs the extra `cli`."""

import atexit
import gc
import sys

__all__ = ["main"]


def main() -> int:
    """Run the console program on `sys.argv` and return its exit code."""
    # Modules stay: to walk them again and again while they load is a twentieth of a start, and to walk
    # them once more at the exit, which frees all memory anyway, is a seventh of a short command.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    try:
        from gizwits_async.cli.interrupt import ends_on_sigterm

        ends_on_sigterm()
        from gizwits_async.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gizwits_async"):
            raise
        print(  # noqa: T201
            f"gizwits-async: {error.name} is not installed; install 'gizwits-async[cli]'",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return run(sys.argv[1:])
