"""The console program: names its commands, loads the one that is asked for, and returns its exit code."""

import os
import sys
from collections.abc import Sequence
from inspect import iscoroutine

from cyclopts import App, CycloptsError

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.help import HelpPages
from gizwits_async.cli.interrupt import Stopped, awaited
from gizwits_async.cli.language import N_, _, use
from gizwits_async.cli.startup import common_flags, show_calls, write_any_character
from gizwits_async.version import __version__

__all__ = ["build", "run"]

_COMMANDS = (
    (
        "demo",
        N_("Scan a made-up fleet on a simulated service and check the result."),
        ("--devices 50",),
    ),
    (
        "scan",
        N_(
            "Bring the logs of all devices into a database; run it again to go on where it stopped."
        ),
        ("--since 4d", "--since last --out fleet.db", "--start 2026-11-20+08:00 --log data"),
    ),
    (
        "plan",
        N_("Say what a scan would cost: calls, hours, and when it would be done."),
        ("--since 30d", "--since last --out fleet.db"),
    ),
    ("devices", N_("List devices."), ("--online --city 广州市", "--format jsonl")),
    (
        "logs",
        N_("Show a log of one device."),
        ("DID --since 1d", "DID --log cmd --decode", "DID --start 2026-11-22T08:00:00+08:00"),
    ),
    (
        "control",
        N_("Send a command to a device, after it was shown and agreed to. It is never sent twice."),
        ("DID --attr switch=true --attr mode=制热 --confirm", "DID --raw 12ff --dry-run"),
    ),
    (
        "export",
        N_("Write the logs of a store as files, one a log and day (UTC)."),
        ("fleet.db --to parquet", "fleet.db --to csv --csv-safe --out files"),
    ),
    ("groups tree", N_("Show the tree of device groups."), ("--format json",)),
    ("groups macs", N_("List the MAC addresses in a group."), ("GID",)),
    ("groups create", N_("Create a group and write its id."), ("--parent GID",)),
    ("groups delete", N_("Delete an empty group."), ("GID",)),
    (
        "groups assign",
        N_("Put devices into a group, or take them out. Exit code 3 if not all of them went."),
        ("GID MAC MAC --move", "GID MAC --remove"),
    ),
    ("reports", N_("Show what the service counts."), ("summary", "active --start 2026-11-01")),
    (
        "simulate",
        N_("Serve a simulated Enterprise API on this machine until interrupted."),
        ("--port 8080 --devices 100", "--faults faults.toml"),
    ),
    (
        "doctor",
        N_("Find out, step by step, whether calls can work from here, at the cost of two calls."),
        ("",),
    ),
)
"""Name, what the command does, and arguments of examples; module and function bear its name."""

_GROUPS = {"groups": N_("Show and change device groups.")}
"""Commands that have commands of their own."""

_EXIT_CODES = N_(
    "Exit codes: 0 done, 1 error, 2 usage, 3 incomplete or not confirmed, 4 credentials,"
    " 5 quota used up and told not to wait, 6 network, 7 the service failed, 8 the store is in use,"
    " 9 no such store, 130 interrupted, 143 terminated."
)
_COMMON_FLAGS = N_(
    "With every command: --lang en|zh chooses the language, -v (--debug) shows each call."
)


def build() -> App:
    """Return the program with its texts in the chosen language; no command is loaded yet."""
    app = App(
        name="gizwits-async",
        help=_("The Gizwits Enterprise API from the command line."),
        version=__version__,
        version_flags=("--version", "-V"),
        help_epilogue=f"{_(_COMMON_FLAGS)}\n\n{_(_EXIT_CODES)}",
        help_format="plaintext",
        help_formatter=HelpPages(),
    )
    parents = {"": app}
    for name, summary in _GROUPS.items():
        parents[name] = App(name=name, help=_(summary))
        app.command(parents[name])
    for name, summary, arguments in _COMMANDS:
        parent, _space, own = name.rpartition(" ")
        lines = [_("Examples:"), *(f"  gizwits-async {name} {words}" for words in arguments)]
        parents[parent].command(
            f"gizwits_async.cli.{parent or own}:{own}",
            name=own,
            help=_(summary),
            help_epilogue="\n".join(lines),
        )
    app.register_install_completion_command(help=N_("Install completion for this shell."))
    return app


def run(tokens: Sequence[str]) -> int:
    """Run the command that the tokens name, and return the exit code of the program."""
    write_any_character()
    try:
        language, debug, rest = common_flags(tokens)
        use(language)
        command, bound, _ignored = build().parse_args(rest, exit_on_error=False, print_error=False)
        if debug:
            show_calls()
        result = command(*bound.args, **bound.kwargs)
        return (awaited(result) if iscoroutine(result) else None) or 0
    except BrokenPipeError:
        # The reader of our output went away; nothing can be written to it any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Stopped as stopped:
        from gizwits_async.cli.output import say

        say(_("interrupted") if stopped.code == Exit.INTERRUPTED else _("terminated"))
        return stopped.code
    except CycloptsError as error:
        from gizwits_async.cli.usage import usage_error

        return usage_error(error, [name for name, *_rest in _COMMANDS])
    except Exception as error:
        from gizwits_async.cli.failures import explained

        if (code := explained(error)) is None:
            raise
        return code
