"""The console program: names its commands, loads the one that is asked for, and returns its exit code."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from inspect import iscoroutine

from cyclopts import App, CycloptsError

from gizwits_async.cli.commands import COMMANDS, GROUPS
from gizwits_async.cli.exits import Exit, exit_codes
from gizwits_async.cli.help import HelpPages
from gizwits_async.cli.interrupt import Stopped, awaited
from gizwits_async.cli.language import N_, _, use
from gizwits_async.cli.startup import common_flags, log_shown, write_any_character
from gizwits_async.version import __version__

__all__ = ["build", "run"]

_COMMON_FLAGS = N_(
    "With every command: --lang en|zh chooses the language, -v (--debug) shows each call."
)


def build(tokens: Sequence[str] = ()) -> App:
    """Return the program with its texts in the chosen language; no command is loaded yet.

    Args:
        tokens: The command line. If it begins with a command, the program has no
            `--install-completion`, whose modules take longer to load than those of most commands.
    """
    app = App(
        name="gizwits-async",
        help=_("The Gizwits Enterprise API from the command line."),
        version=__version__,
        version_flags=("--version", "-V"),
        help_epilogue=f"{_(_COMMON_FLAGS)}\n\n{exit_codes()}",
        help_format="plaintext",
        help_formatter=HelpPages(),
    )
    parents = {"": app}
    for name, summary in GROUPS.items():
        parents[name] = App(name=name, help=_(summary))
        app.command(parents[name])
    for name, summary, arguments in COMMANDS:
        parent, _space, own = name.rpartition(" ")
        lines = [_("Examples:"), *(f"  gizwits-async {name} {words}" for words in arguments)]
        if name in GROUPS:  # The group itself does something, too.
            if not tokens or tokens[0] == name:
                parents[name].default(getattr(import_module(f"gizwits_async.cli.{own}"), own))
            parents[name].help_epilogue = "\n".join(lines)
            continue
        parents[parent].command(
            f"gizwits_async.cli.{parent or own}:{own}",
            name=own,
            help=_(summary),
            help_epilogue="\n".join(lines),
        )
    if not tokens or tokens[0].startswith("-"):
        app.register_install_completion_command(help=N_("Install completion for this shell."))
    return app


def run(tokens: Sequence[str]) -> int:
    """Run the command that the tokens name, and return the exit code of the program."""
    write_any_character()
    try:
        language, debug, rest = common_flags(tokens)
        use(language)
        command, bound, _ignored = build(rest).parse_args(
            rest, exit_on_error=False, print_error=False
        )
        with log_shown(debug=debug):
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

        return usage_error(error, [name for name, *_rest in COMMANDS])
    except Exception as error:
        from gizwits_async.cli.failures import explained

        if (code := explained(error)) is None:
            raise
        return code
