"""Fills records of plain classes by msgspec in C, also from fields in other spellings. Pure."""

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, TypedDict

import attrs
import msgspec

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.converter import structure_hook
from gizwits_async.models.json import load_json
from gizwits_async.models.row_reader import message_of

__all__ = ["REFUSALS", "Filler"]

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises: a ValueError for a lone surrogate."""
_put = object.__setattr__  # The classes are frozen.
_put_class = vars(object)["__class__"].__set__  # Half the time that `_put` takes for it.


class Filler:
    """Fills the records of a plain class, some of whose fields may have any value."""

    def __init__(self, record: Any, odd: frozenset[str] = frozenset()) -> None:
        """Prepare for one class.

        Args:
            record: The class, which must be plain.
            odd: Names of the fields whose values msgspec would refuse, so that the converter reads them.
        """
        fields = [one for one in attrs.fields(record) if one.name in odd]
        self._record = record
        self._odd = [(one, structure_hook(one.type)) for one in fields]
        self._is_whole: Callable[[Any], bool] | None = getattr(record, "is_whole", None)
        self._beside: tuple[str, Any] | None = getattr(record, "beside", None)
        kind = record
        if fields:
            # A subclass without slots of its own, so that its instances can become records.
            annotations = {one.name: Any for one in fields}
            members = {"__slots__": (), "__annotations__": annotations}
            kind = type(record.__name__, (record,), members)
        self.kind = kind
        """The class that msgspec has to fill: the record, or one that takes any value in odd fields."""
        self._decode = msgspec.json.Decoder(kind, strict=False).decode

    @cached_property
    def _read_members(self) -> Callable[[msgspec.Raw], Any]:
        return msgspec.json.Decoder(_members(self._record)).decode

    def plain(self, text: msgspec.Raw) -> Any:
        """Return a row as plain JSON, without the members that nothing reads if they cannot be read.

        Such a member (bytes that are no UTF-8, a number beyond all floats) is passed over where
        msgspec fills the row, so it must not matter here either.
        """
        try:
            return load_json(bytes(text))
        except InvalidResponseError:
            return self._read_members(text)

    def fill(self, texts: Sequence[msgspec.Raw]) -> tuple[list[Any], Collection[int]]:
        """Return rows, given as JSON texts, as `finish` leaves them; and the positions of refused ones.

        A row that msgspec refused is plain JSON.
        """
        decode = self._decode
        rows, refused = [], {}
        for index, text in enumerate(texts):
            try:
                rows.append(decode(text))
            except REFUSALS:
                refused[index] = self.plain(text)

        def rows_as(kind: Any) -> list[Any]:
            filled = [text for index, text in enumerate(texts) if index not in refused]
            return list(map(msgspec.json.Decoder(kind).decode, filled))

        self.finish(rows, rows_as)
        for index, row in refused.items():
            rows.insert(index, row)
        return rows, refused.keys()

    def finish(self, rows: list[Any], rows_as: Callable[[Any], list[Any]]) -> bool:
        """Replace what msgspec filled by records, or by what else `row_reader` takes.

        Args:
            rows: What msgspec filled.
            rows_as: Takes another type that msgspec fills; returns the same rows as it.

        Returns:
            Whether all are records.
        """
        unread = self._read_odd(rows) if self._odd else {}
        only_records = not unread
        if self._beside is not None:
            _put_beside(rows, *self._beside, rows_as)
        if self._is_whole is not None and not all(map(self._is_whole, rows)):
            for index, text in enumerate(rows_as(msgspec.Raw)):
                if not self._is_whole(rows[index]):
                    rows[index], only_records = self.plain(text), False
                    unread.pop(index, None)
        for index, reasons in unread.items():
            rows[index] = rows[index], reasons
        return only_records

    def _read_odd(self, rows: list[Any]) -> dict[int, dict[str, str]]:
        """Read the odd fields; return row -> field -> reason for those that cannot be read."""
        unread: dict[int, dict[str, str]] = {}
        for one, read in self._odd:
            name, kind = one.name, one.type
            for index, row in enumerate(rows):
                try:
                    value = read(getattr(row, name), kind)
                except REFUSALS as error:
                    value = _default(one)
                    unread.setdefault(index, {})[name] = message_of(error)
                _put(row, name, value)
        for row in rows:
            _put_class(row, self._record)
        return unread


def _put_beside(
    rows: list[Any], name: str, members: Any, rows_as: Callable[[Any], list[Any]]
) -> None:
    """Put members that stand beside a field into it, where it is empty."""
    content = attrgetter(name)
    if all(map(content, rows)):
        return
    for row, beside in zip(rows, rows_as(members), strict=True):
        if beside and not content(row):
            _put(row, name, beside)


def _members(record: Any) -> Any:
    """Return a type that msgspec fills with the members of a row that anything reads."""
    _, beside = getattr(record, "beside", ("", None))
    names = [*(one.name for one in attrs.fields(record)), *getattr(beside, "__annotations__", ())]
    typed: Any = TypedDict  # mypy knows only those whose names are written out.
    return typed("Members", dict.fromkeys([*names, "context"], Any), total=False)


def _default(one: "attrs.Attribute[Any]") -> Any:
    default: Any = one.default
    return default.factory() if hasattr(default, "factory") else default
