"""Paging through a log by contexts, under each quirk."""

import pytest

from gizwits_async.simulator import Fleet, Record

NOW = 1_790_000_000
DID = "d" * 22
TIMES = [NOW - 1000 + 10 * n for n in range(10)]


def fleet(count: int = 10) -> Fleet:
    return Fleet.of([DID], {("online", DID): TIMES[:count]}, now=NOW)


def stamps(pages: list[list[dict]]) -> list[float]:
    return [row["timestamp"] for page in pages for row in page]


@pytest.mark.parametrize("kind", ["position", "single_use", "scroll"])
@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_a_chain_gives_everything_once(serve, kind, sort):
    """With every kind of context, following it returns all records in order."""
    caller = serve(fleet(), context_kind=kind)
    pages = caller.walk("online", DID, limit=3, sort=sort)
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert stamps(pages) == (TIMES if sort == "asc" else TIMES[::-1])


@pytest.mark.parametrize(
    ("last_page", "sizes"),
    [("exact", [5, 5]), ("full", [5, 5, 0]), ("empty", [5, 5, 0])],
)
def test_last_page(serve, last_page, sizes):
    """A chain ends with the page of the last records, or with an empty page after it."""
    caller = serve(fleet(), last_page=last_page)
    assert [len(page) for page in caller.walk("online", DID, limit=5)] == sizes


def test_full_and_empty_differ_by_a_short_page(serve):
    """With `last_page="full"` a short page ends the chain, with `"empty"` it does not."""
    assert len(serve(fleet(), last_page="full").walk("online", DID, limit=4)) == 3
    assert len(serve(fleet(), last_page="empty").walk("online", DID, limit=4)) == 4


def test_endless_contexts(serve):
    """With `last_page="endless"` the empty pages after the end carry a context too."""
    caller = serve(fleet(2), last_page="endless", context_kind="scroll")
    first = caller.log("online", DID)
    second = caller.log("online", DID, context=first["meta"]["context"])
    assert second["objects"] == []
    assert second["meta"]["context"] == first["meta"]["context"]


@pytest.mark.parametrize(
    ("place", "end", "found"),
    [
        ("meta", "empty", {"meta": ""}),
        ("meta", "null", {"meta": None}),
        ("meta", "absent", {}),
        ("top", "empty", {"top": ""}),
        ("both", "null", {"meta": None, "top": None}),
        ("last_object", "empty", {"last": ""}),
        ("last_object", "absent", {}),
        ("extra_object", "null", {"last": None}),
    ],
)
def test_place_and_end_value(serve, place, end, found):
    """The context and its end value are written where the quirks put them."""
    caller = serve(fleet(2), context_place=place, context_end=end)
    page = caller.log("online", DID)
    holders = {"meta": page["meta"], "top": page, "last": page["objects"][-1]}
    assert {name: at["context"] for name, at in holders.items() if "context" in at} == found
    assert len(page["objects"]) == (3 if place == "extra_object" else 2)
    more = caller.log("online", DID, limit=1)
    holders = {"meta": more["meta"], "top": more, "last": more["objects"][-1]}
    assert sum("context" in at for at in holders.values()) == (2 if place == "both" else 1)


@pytest.mark.parametrize("kind", ["position", "single_use", "scroll"])
def test_empty_pages_in_the_middle(serve, kind):
    """Inserted empty pages with a context lose no later record."""
    caller = serve(fleet(), empty_pages=2, context_kind=kind)
    pages = caller.walk("online", DID, limit=4, sort="asc")
    assert [len(page) for page in pages] == [4, 0, 0, 4, 2]
    assert stamps(pages) == TIMES


def test_using_a_context_twice(serve):
    """A position can be used twice, a single-use context expires, a scroll advances."""
    for kind in ("position", "single_use", "scroll"):
        caller = serve(fleet(), context_kind=kind)
        context = caller.log("online", DID, limit=3, sort="asc")["meta"]["context"]
        pages = [caller.log("online", DID, limit=3, sort="asc", context=context) for _ in range(2)]
        if kind == "position":
            assert pages[0] == pages[1]
        elif kind == "single_use":
            assert pages[1]["error_code"] == 5002
        else:
            assert stamps([pages[0]["objects"], pages[1]["objects"]]) == TIMES[3:9]
            assert pages[0]["meta"]["context"] == context


def test_a_context_belongs_to_its_query(serve):
    """A context is refused with another range, order or log."""
    caller = serve(fleet())
    context = caller.log("online", DID, limit=3, sort="asc")["meta"]["context"]
    assert caller.log("online", DID, limit=3, sort="desc", context=context)["error_code"] == 5002
    assert caller.log("cmd", DID, limit=3, sort="asc", context=context)["error_code"] == 5002


@pytest.mark.parametrize("since", ["opening", "use"])
def test_life_of_a_context(serve, since):
    """A context expires an hour after the opening, or after its latest use."""
    caller = serve(fleet(), context_life_from=since)
    context = caller.log("online", DID, limit=3)["meta"]["context"]
    caller.now += 3000
    context = caller.log("online", DID, limit=3, context=context)["meta"]["context"]
    caller.now += 3000
    refused = "error_code" in caller.log("online", DID, limit=3, context=context)
    assert refused == (since == "opening")


def test_how_a_dead_context_answers(serve):
    """An expired context is refused, ends the chain, or restarts it."""
    for dead in ("error", "empty", "empty_with_total", "restart"):
        caller = serve(fleet(), dead_context=dead)
        first = caller.log("online", DID, limit=3)
        caller.now += 3601
        page = caller.log("online", DID, limit=3, context=first["meta"]["context"])
        if dead == "error":
            assert page["error_code"] == 5002
        elif dead.startswith("empty"):
            assert (page["objects"], page["meta"]["context"]) == ([], "")
            assert page["meta"]["total"] == (0 if dead == "empty" else 10)
        else:
            assert page["objects"] == first["objects"]


@pytest.mark.parametrize("kind", ["position", "single_use", "scroll"])
def test_a_page_whose_context_is_always_dead(serve, kind):
    """With `dead_page` every chain ends before that page, however often it is opened."""
    caller = serve(fleet(), dead_page=2, dead_context="empty_with_total", context_kind=kind)
    for _ in range(3):
        pages = caller.walk("online", DID, limit=3, sort="asc")
        assert [len(page) for page in pages] == [3, 3, 0]
    caller = serve(fleet(), dead_page=1)
    context = caller.log("online", DID, limit=3)["meta"]["context"]
    assert caller.log("online", DID, limit=3, context=context)["error_code"] == 5002


@pytest.mark.parametrize("before", [0, 1])
def test_many_empty_pages(serve, before):
    """Any number of empty pages with a context can come before any page, the first one included."""
    caller = serve(fleet(), empty_pages=5, empty_pages_before=before)
    pages = caller.walk("online", DID, limit=6, sort="asc")
    assert [len(page) for page in pages] == [6] * before + [0] * 5 + [6, 4][before:]
    assert stamps(pages) == TIMES


def test_random_death(serve):
    """Random expiry depends on the seed alone."""

    def lives(seed: int) -> list[bool]:
        caller = serve(fleet(), context_death=0.5, seed=seed)
        found = []
        for _ in range(20):
            context = caller.log("online", DID, limit=3)["meta"]["context"]
            page = caller.log("online", DID, limit=3, context=context)
            found.append("error_code" not in page)
        return found

    assert lives(1) == lives(1) != lives(2)
    assert True in lives(1)
    assert False in lives(1)


@pytest.mark.parametrize("kind", ["position", "single_use", "scroll"])
@pytest.mark.parametrize("length", [1, 2])
def test_circles(serve, kind, length):
    """A looping chain repeats its pages; with a length of one also the context."""
    caller = serve(fleet(), loop_at=1, loop_length=length, context_kind=kind)
    context, seen = None, []
    for _ in range(1 + 2 * length):
        page = caller.log("online", DID, limit=2, sort="asc", context=context)
        context = page["meta"]["context"]
        seen.append((context, stamps([page["objects"]])))
    assert seen[1 : 1 + length] == seen[1 + length :]
    assert len({tuple(rows) for _, rows in seen}) == 1 + length


def test_a_chain_is_a_snapshot(serve):
    """Records that arrive while a chain is read do not shift its pages."""
    caller = serve(fleet())
    first = caller.log("online", DID, limit=3)
    caller.cloud.fleet.append("online", DID, Record(at=NOW - 1.0, body={"type": "new"}))
    page = caller.log("online", DID, limit=3, context=first["meta"]["context"])
    assert stamps([page["objects"]]) == TIMES[6:3:-1]
    assert caller.log("online", DID, limit=3)["objects"][0]["type"] == "new"


def test_memory_of_ended_chains_is_bounded(serve):
    """The number of stored chains stays bounded over many windows."""
    caller = serve(fleet(), quota=10_000)
    for _ in range(300):
        caller.walk("online", DID, limit=5)
    assert len(caller.cloud.contexts._chains) <= 64
