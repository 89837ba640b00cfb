"""Reports with several possible paths: candidates in order, and the answer is remembered."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gizwits_async import GizwitsClient, errors
from gizwits_async.sections.device_reports import PATHS
from tests.doubles.scripted import Answer, ScriptedTransport, Sent, client_on, refused, reply

CALLS: dict[str, Callable[[GizwitsClient], Awaitable[Any]]] = {
    "summary": lambda c: c.device_reports.summary(),
    "realtime": lambda c: c.device_reports.realtime(),
    "alert_events": lambda c: c.device_reports.alert_events(),
}
EVERY = [(report, path) for report, paths in PATHS.items() for path in paths]
EVENTS = {"total": 0, "count": {"total": 1}, "detail": {"alert_full": {"total": 1}}}
HTML = reply(b"<html>404 Not Found</html>", 404)


def only(path: str, answer: Any = EVENTS, otherwise: Answer = HTML) -> ScriptedTransport:
    """Return a service that knows one path below the product."""
    return ScriptedTransport(
        lambda sent: reply(answer) if sent.path == f"/v1/products/pk/{path}" else otherwise
    )


def asked(transport: ScriptedTransport) -> list[str]:
    return [sent.path.removeprefix("/v1/products/pk/") for sent in transport.calls]


@pytest.mark.parametrize(("report", "path"), EVERY)
async def test_candidates_are_tried_in_order_and_the_one_that_answers_is_kept(
    report: str, path: str
) -> None:
    """The search costs its calls once in the life of a client, views included."""
    transport = only(path)
    async with client_on(transport) as client:
        view = client.with_options(timeout=5.0)
        await CALLS[report](view)
        before = list(PATHS[report][: PATHS[report].index(path) + 1])
        assert asked(transport) == before
        await CALLS[report](client)
        await CALLS[report](client.with_options(page_size=20))
        assert asked(transport) == [*before, path, path]
        assert client.device_reports.paths == {report: path}


@pytest.mark.parametrize(
    "otherwise",
    [HTML, reply(b"", 404), reply({"detail": "Not found."}, 404), refused(9404, 404)],
)
async def test_c9_realtime_falls_back_to_the_doubled_path(otherwise: Answer) -> None:
    """C9: the document doubles a part of the path; it is tried second, after a 404 without a known code."""
    transport = only(PATHS["realtime"][1], {"count": {"activated": 4}}, otherwise)
    async with client_on(transport) as client:
        assert (await client.device_reports.realtime()).count.activated == 4
    assert asked(transport) == ["devices/report/rt", "devices/report/devices/report/rt"]


async def test_c10_the_last_candidate_must_answer_with_detail() -> None:
    """C10: the printed path is that of the alert devices; without `detail` it is that report."""
    transport = only(PATHS["alert_events"][2], {"count": {"total": 1}, "location": {}})
    async with client_on(transport) as client:
        for _ in range(2):
            with pytest.raises(errors.InvalidResponseError, match="that of another report"):
                await client.device_reports.alert_events()
        assert client.device_reports.paths == {}
        assert (await client.device_reports.alert_devices()).count.total == 1


async def test_c10_elsewhere_detail_may_be_missing() -> None:
    """C10: where nothing can be confused, a report without alerts may leave `detail` out."""
    async with client_on(only(PATHS["alert_events"][0], {"count": {}})) as client:
        assert (await client.device_reports.alert_events()).detail is None


async def test_c11_summary_falls_back_to_its_operation_id() -> None:
    """C11: `/devices/summary` is a manual correction of the document; the operation is called `/summary`."""
    transport = only("summary", {"online": 3})
    async with client_on(transport) as client:
        assert (await client.device_reports.summary()).online == 3
    assert asked(transport) == ["devices/summary", "summary"]


@pytest.mark.parametrize("report", PATHS)
@pytest.mark.parametrize(
    ("otherwise", "error"),
    [
        (refused(5206, 404), errors.NotFoundError),
        (refused(5014, 400), errors.NotFoundError),
        (reply(b"gone", 410), errors.InvalidRequestError),
        (refused(5024, 403), errors.ForbiddenError),
        (reply(b"<html>", 500), errors.ServerError),
    ],
)
async def test_only_a_404_without_a_known_code_moves_on(
    report: str, otherwise: Answer, error: type[errors.GizwitsError]
) -> None:
    """Any other refusal is the answer of an existing endpoint."""
    transport = only(PATHS[report][1], otherwise=otherwise)
    async with client_on(transport, max_retries=0) as client:
        with pytest.raises(error):
            await CALLS[report](client)
        assert client.device_reports.paths == {}
    assert asked(transport) == [PATHS[report][0]]


async def test_no_candidate_answers() -> None:
    """If no path answers, the error is that of the likeliest one, and the next call searches again."""
    transport = only("nowhere")
    async with client_on(transport) as client:
        with pytest.raises(errors.NotFoundError, match="/v1/products/pk/devices/summary: "):
            await client.device_reports.summary()
    assert asked(transport) == list(PATHS["summary"])


async def test_the_caller_can_set_the_path() -> None:
    """A path that was set is the only one tried, checked like every path, and can be taken back."""
    transport = only("summary", {"online": 3})
    async with client_on(transport) as client:
        paths = client.device_reports.paths
        paths["summary"] = "summary"
        assert (await client.device_reports.summary()).online == 3
        paths["summary"] = "other/place"
        with pytest.raises(errors.NotFoundError):
            await client.device_reports.summary()
        paths["summary"] = "../secret"
        with pytest.raises(ValueError, match="path cannot stand in a path"):
            await client.device_reports.summary()
        assert asked(transport) == ["summary", "other/place"]
        del paths["summary"]
        await client.device_reports.summary()
    assert asked(transport)[2:] == list(PATHS["summary"])


async def test_another_product_of_the_service_has_the_same_paths() -> None:
    """The path found is a property of the service, and is shared by all products."""

    def script(sent: Sent) -> Answer:
        return reply({"online": 1}) if sent.path.endswith("/other/summary") else HTML

    transport = ScriptedTransport(script)
    async with client_on(transport) as client:
        client.device_reports.paths["summary"] = "summary"
        assert (await client.for_product("other", "s").device_reports.summary()).online == 1
