"""Help pages in the chosen language: cyclopts lays them out, the texts go through the catalogue."""

from typing import TYPE_CHECKING, Any

from gizwits_async.cli.language import _

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

__all__ = ["HelpPages"]

_NO_DEFAULT = frozenset({"()", "None"})
"""Defaults that say nothing; the flag's text says what their absence means."""


class HelpPages:
    """Formats each part of a help page; cyclopts calls it.

    Rich and the layout are loaded only when a page is shown.
    """

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Print one panel: commands, arguments or flags."""
        from cyclopts.help.formatters import DefaultFormatter

        entries = [_translated(entry) for entry in panel.entries]
        DefaultFormatter()(console, options, panel.copy(title=_text(panel.title), entries=entries))

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:
        """Print the line that begins with `Usage:`."""
        del options
        if usage:
            console.print(_("Usage: {usage}", usage=str(usage)), style="bold")

    def render_description(self, console: "Console", options: "ConsoleOptions", text: Any) -> None:
        """Print what the command does; it is in the chosen language already."""
        del options
        if text:
            console.print(text)


def _text(value: Any) -> str:
    """Return a text of the source in the chosen language; its line breaks count as spaces."""
    plain = getattr(getattr(value, "primary_renderable", value), "plain", value)
    words = " ".join(str(plain or "").split())
    return _(words) if words else ""


def _translated(entry: "HelpEntry") -> "HelpEntry":
    from rich.text import Text

    notes = []
    if entry.choices:
        notes.append(_("[choices: {names}]", names=", ".join(entry.choices)))
    if entry.default is not None and entry.default not in _NO_DEFAULT:
        notes.append(_("[default: {value}]", value=entry.default))
    if entry.required:
        notes.append(_("[required]"))
    description = Text(" ".join([_text(entry.description), *notes]))
    return entry.copy(description=description, choices=None, default=None, required=False)
