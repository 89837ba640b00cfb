"""Catalogues of translations that change only with their texts: without dates and names."""

from datetime import UTC, datetime

from babel.messages.catalog import Catalog

__all__ = ["plain_catalog"]

_DATE = datetime(2026, 11, 28, tzinfo=UTC)


def plain_catalog(locale: str, project: str, comment: str, version: str | None = None) -> Catalog:
    """Return an empty catalogue.

    Args:
        locale: The language that texts are translated into.
        project: Name of what the texts belong to.
        comment: First line of the file.
        version: Version of the project.
    """
    return Catalog(
        locale=locale,
        project=project,
        version=version,
        header_comment=f"# {comment}",
        creation_date=_DATE,
        revision_date=_DATE,
        last_translator="The gizwits_async team",
        language_team=locale,
        msgid_bugs_address="none",
        fuzzy=False,
    )
