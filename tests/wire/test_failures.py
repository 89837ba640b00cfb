"""A failed call is one line of the log: class, route, attempts and cause, never a secret or an id."""

import logging
from typing import Any

import pytest

from gizwits_async.errors import GizwitsError, NotSentError
from gizwits_async.models.devices import DeviceDetail
from gizwits_async.wire.request import Path, get, post
from tests.doubles import virtually
from tests.doubles.scripted import ScriptedTransport, answers, gateway_of, refused, reply

READ = get(Path.of("/v1/devices/{did}", did="abc123"), DeviceDetail)
WRITE = post(Path.of("/v1/devices/{did}/control", did="abc123"), dict, json={})
DOWN = NotSentError("no connection to api.example:443: connection refused")


def lines_of(caplog: pytest.LogCaptureFixture, request: Any, *script: Any) -> list[str]:
    """Return the lines that three failing calls of one gateway write."""

    async def calls() -> None:
        gateway = gateway_of(ScriptedTransport(answers(*script)), max_retries=1)
        for _ in range(3):
            with pytest.raises(GizwitsError):
                await gateway.send(request)

    with caplog.at_level(logging.INFO, "gizwits_async.wire.report"):
        virtually(calls())
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records]


def test_a_failed_call_is_one_warning_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """Three calls that fail alike within a minute: one line, with host, port and cause in words."""
    start = "WARNING GET /v1/devices/{did} failed after 2 attempts: NotSentError: "
    assert lines_of(caplog, READ, DOWN) == [f"{start}{DOWN}"]


def test_an_answer_of_the_service_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    """That a device does not exist is for the caller, not for the engineer on call."""
    assert lines_of(caplog, READ, refused(5301, 404, "device abc123 not exist")) == [
        "INFO GET /v1/devices/{did} failed after 1 attempt: NotFoundError: error_code 5301, HTTP 404"
    ]


def test_an_unknown_outcome_names_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the id in the path nor the text of the service is in the line."""
    [line] = lines_of(caplog, WRITE, reply(b"oops abc123", 502))
    assert line.startswith(
        "WARNING POST /v1/devices/{did}/control failed after 1 attempt: OutcomeUnknownError: sent,"
    )
    assert "abc123" not in line


def test_a_failed_login_is_logged_once_for_all_its_callers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The login is a call of its own; the calls that waited for its token add no lines."""

    async def calls() -> None:
        gateway = gateway_of(ScriptedTransport(answers(reply({})), answers(DOWN)), max_retries=0)
        for _ in range(3):
            with pytest.raises(NotSentError):
                await gateway.send(READ)

    virtually(calls())
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "POST /v1/products/{product_key}/access_token failed after 1 attempt"
    ]
