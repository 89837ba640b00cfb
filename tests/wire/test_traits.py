"""What a client learned is shared by its views: traits of service and products, and the logins."""

import asyncio
import gc

import pytest

from gizwits_async.errors import InvalidResponseError, NotSentError
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.wire.traits import ProductTraits, ServiceTraits
from tests.doubles import virtual, virtually
from tests.doubles.scripted import ScriptedTransport, answers, client_on, reply

EMPTY = ProductDataPoints(product_key="pk", entities=(), protocol_type="standard")


class Service:
    """Answers with a definition after a second, or fails."""

    def __init__(self, *fails: Exception) -> None:
        self.fails = list(fails)
        self.fetched = 0

    async def fetch(self) -> ProductDataPoints:
        self.fetched += 1
        await asyncio.sleep(1)
        if self.fails:
            raise self.fails.pop()
        return EMPTY


def test_a_definition_is_fetched_once_for_all_and_in_every_loop() -> None:
    """Concurrent callers share one fetch; another event loop uses what the first one learned."""
    service, traits = Service(), ProductTraits()

    async def ask() -> set[int]:
        codecs = await asyncio.gather(*(traits.codec(service.fetch) for _ in range(5)))
        return set(map(id, codecs))

    first, second = virtually(ask()), virtually(ask())
    assert first == second
    assert len(first) == service.fetched == 1


def test_a_failed_fetch_is_not_kept() -> None:
    """The next caller tries again, in the same loop or in another one."""
    service, traits = Service(NotSentError("a"), NotSentError("b")), ProductTraits()

    async def ask() -> None:
        calls = traits.codec(service.fetch), traits.codec(service.fetch)
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(end) for end in ended] == [NotSentError, NotSentError]

    virtually(ask())
    virtually(traits.codec(service.fetch))
    assert service.fetched == 3


@virtual
async def test_a_contradictory_definition_is_the_fault_of_the_service() -> None:
    """An InvalidResponseError, for no argument of the caller is to blame."""

    async def fetch() -> ProductDataPoints:
        return ProductDataPoints(product_key="pk", entities=(), protocol_type="odd")

    with pytest.raises(InvalidResponseError, match="odd"):
        await ProductTraits().codec(fetch)


def test_each_product_has_its_traits() -> None:
    """The same ones each time, and none of another product."""
    traits = ServiceTraits()
    assert traits.product("a") is traits.product("a")
    assert traits.product("a") is not traits.product("b")


@virtual
async def test_views_of_one_product_share_one_login() -> None:
    """A handler that makes a view for each request does not log in each time."""
    transport = ScriptedTransport(answers(reply({"did": "d"})))
    async with client_on(transport) as client:
        views = [client.for_product("pk2", "secret") for _ in range(5)]
        await asyncio.gather(*(view.devices.detail("m") for view in views))
        assert transport.logins == 1
        await client.for_product("pk3", "secret").devices.detail("m")
        assert transport.logins == 2
        del views
        gc.collect()
        # Of products without a view nothing is left in memory but the token in the store.
        assert len(client._gateway.service.token_sources) == 1
