"""The language of the console program: English texts in the code, a gettext catalogue for Chinese."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from gettext import GNUTranslations

__all__ = [
    "DOMAIN",
    "LANGUAGES",
    "LOCALE",
    "N_",
    "Language",
    "_",
    "chosen",
    "from_environment",
    "use",
]

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
DOMAIN = "gizwits_async"
LOCALE = Path(__file__).parent / "locale"
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which gettext reads them; the first that is set decides."""


class _Chosen:
    """The catalogue of the language that this process writes; None for English."""

    catalogue: "GNUTranslations | None" = None


def _(message: str, /, **values: object) -> str:
    """Return a text in the chosen language.

    Args:
        message: The English text, with placeholders as in `str.format`.
        values: What replaces the placeholders; without any the text is taken as it stands.
    """
    if _Chosen.catalogue is not None:
        message = _Chosen.catalogue.gettext(message)
    return message.format_map(values) if values else message


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for the catalogue that is translated where it is shown."""
    return message


def use(language: Language) -> None:
    """Write in this language from now on."""
    if language == "en":
        _Chosen.catalogue = None
        return
    from gettext import translation

    _Chosen.catalogue = translation(DOMAIN, LOCALE, languages=[language])


def chosen() -> Language:
    """Return the language in which this process writes."""
    return "en" if _Chosen.catalogue is None else "zh"


def from_environment(environ: Mapping[str, str]) -> Language:
    """Return the language that the environment asks for: Chinese for `zh...`, else English."""
    wanted = next((found for name in _VARIABLES if (found := environ.get(name))), "")
    return "zh" if wanted.lower().startswith("zh") else "en"
