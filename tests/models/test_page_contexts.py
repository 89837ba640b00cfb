"""Where the context of a log page is found, by the fast path as by the slow one."""

import json
from typing import Any

import pytest

from gizwits_async.models.converter import structure
from gizwits_async.models.decoder import decode_page
from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.page import LogReply


@pytest.mark.parametrize(
    "envelope",
    [
        {"meta": {"total": 300, "context": None}},
        {"meta": {"total": 300, "context": ""}},
        {"meta": {"total": 300}, "context": ""},
        {"meta": {"total": 300}},
    ],
)
def test_an_empty_context_hides_none_in_the_last_record(envelope: dict[str, Any]) -> None:
    """Null or empty in the envelope says nothing, if the last record has one."""
    row = {"timestamp": 1.5, "type": "app2dev", "payload": "00", "context": "abc"}
    page = {**envelope, "objects": [row]}
    fast = decode_page(json.dumps(page).encode(), LogReply[CommandRecord])
    slow = structure(page, LogReply[CommandRecord])
    assert slow.context == "abc"
    assert fast is None or fast.context == "abc"
