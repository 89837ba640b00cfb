"""`client.send`: calls to endpoints without a method."""

from gizwits_async import delete, get, post, put
from gizwits_async.models.values import JsonObject
from tests.doubles.scripted import NOW, ScriptedTransport, answers, client_on, reply


async def test_agg_data_is_one_line() -> None:
    """An endpoint without a method is one line with `send`; this one was documented until 2017."""
    answer = {"query": {"unit": "HOURS"}, "data": [{"attrs": {"t1": 3, "t2": 66.6}}]}
    transport = ScriptedTransport(answers(reply(answer)))
    async with client_on(transport) as client:
        path = "/v1/products/pk/devices/d1/agg_data"
        got = await client.send(get(path, JsonObject, attrs="t1,t2", start_ts=(NOW - 7200) * 1000))
    assert got == answer
    assert transport.calls[0].query == {"attrs": "t1,t2", "start_ts": str((NOW - 7200) * 1000)}


async def test_any_verb_goes_through_send() -> None:
    """`get`, `post`, `put` and `delete` make requests for any endpoint."""
    transport = ScriptedTransport(answers(reply({"gid": "g"})))
    async with client_on(transport, max_retries=0) as client:
        for made in (
            get("/v1/x", dict, a=True),
            post("/v1/x", dict, json={"b": 1}),
            put("/v1/x", dict, json={"b": 2}),
            delete("/v1/x", dict, json={"b": 3}),
        ):
            assert await client.send(made) == {"gid": "g"}
    assert [(sent.method, sent.query, sent.body) for sent in transport.calls] == [
        ("GET", {"a": "1"}, None),
        ("POST", {}, b'{"b":1}'),
        ("PUT", {}, b'{"b":2}'),
        ("DELETE", {}, b'{"b":3}'),
    ]
