"""What goes over the wire, as values: paths that cannot be bent, queries that cannot be broken."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from gizwits_async.errors import ArgumentError
from gizwits_async.wire.request import Auth, Path, Request, delete, get, post, put

BAD = [
    *("", ".", "..", "%2e%2e", "%2E", "a%2fb", "%", "a/b", "/", "\\", "a\\b", "?", "a?b=1", "#"),
    *(
        "a#b",
        "\0",
        "a\0b",
        "a\r\nb",
        "\n",
        " ",
        "a b",
        "\t",
        "\x7f",
        "\u200b",
        "a\u202eb",
        "\u2028",
    ),
    *("\ud800", "a\udfff", "\ufeff", "\xa0"),
]
TEMPLATE = "/v1/products/{product_key}/devices/{did}/data"


@pytest.mark.parametrize("segment", [*BAD, None, 5, b"x", ["x"]])
@pytest.mark.fault("P11")
def test_a_segment_that_could_bend_a_path_is_refused(segment: Any) -> None:
    """A ValueError that names the argument, before any I/O."""
    with pytest.raises(ValueError, match="did"):
        Path.of(TEMPLATE, product_key="pk", did=segment)
    if isinstance(segment, str) and "/" not in segment:
        with pytest.raises(ValueError, match="path"):
            get(f"/v1/{segment}/x", object)


@given(st.text(max_size=20))
@pytest.mark.fault("P11")
def test_any_text_is_one_segment_or_refused(text: str) -> None:
    """Whatever is let through arrives as exactly one segment, and says the same at the other end."""
    try:
        path = Path.of(TEMPLATE, product_key="pk", did=text)
    except ValueError:
        return
    url = URL(f"https://x.invalid{path}", encoded=True)
    assert url.raw_path == str(path)
    assert len(url.parts) == len(TEMPLATE.split("/"))
    assert url.parts[5] == text
    assert URL(str(url)).raw_path == str(path), "normalising it again changes nothing"
    assert re.fullmatch(r"[!-~]+", path)


@given(st.text(alphabet="./%2eE\\a", min_size=1, max_size=12))
@pytest.mark.fault("P11")
def test_no_mixture_of_dots_and_escapes_climbs(text: str) -> None:
    """Dots, escapes and slashes in any mixture stay below the product, or are refused."""
    try:
        path = Path.of(TEMPLATE, product_key="pk", did=text)
    except ValueError:
        return
    for url in (URL(f"https://x.invalid{path}"), URL(f"https://x.invalid{path}", encoded=True)):
        assert url.path.startswith("/v1/products/pk/devices/")
        assert url.path.endswith("/data")


def test_a_path_remembers_its_template() -> None:
    """What a list refuses is remembered by route, not by device."""
    path = Path.of(TEMPLATE, product_key="pk", did="设备")
    assert path == "/v1/products/pk/devices/%E8%AE%BE%E5%A4%87/data"
    assert path.route == TEMPLATE
    assert Path.of("/v1/{a}", a="{b}").startswith("/v1/")
    assert get("/v1/x", object).path.route == "/v1/x"


@pytest.mark.parametrize("path", ["", "v1/x", "//x", "/v1//x", "/v1/", "https://evil/", None, 7])
def test_a_path_that_is_none_is_refused(path: Any) -> None:
    """A path by hand is checked like one of a template."""
    with pytest.raises(ValueError, match="path"):
        get(path, object)


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "1"), (False, "0"), (0, "0"), (1.5, "1.5"), ("a b&c=d#é", "a%20b%26c%3Dd%23%C3%A9")],
)
def test_a_query_is_written_as_the_service_reads_it(value: Any, written: str) -> None:
    """Booleans are 1 and 0; all else is quoted, so that no value adds a parameter."""
    assert get("/x", object, q=value).target == f"/x?q={written}"


def test_none_leaves_a_parameter_out() -> None:
    """None in a query means "leave out", also when it replaces one."""
    request = get("/x", object, a=None, b=1)
    assert request.target == "/x?b=1"
    assert request.asking(b=None).target == "/x"
    assert request.asking(c=2).query == {"b": "1", "c": "2"}
    assert request.query == {"b": "1"}


@pytest.mark.parametrize(
    "value", [[1], {"a": 1}, b"x", object(), float("nan"), float("inf"), "\ud800"]
)
def test_a_query_that_cannot_be_written_is_refused_at_once(value: Any) -> None:
    """Not when the call is sent: by then a token may have been fetched."""
    with pytest.raises(ValueError, match="q"):
        get("/x", object, q=value)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=4))
def test_any_query_arrives_as_it_was_given(query: dict[str, str]) -> None:
    """Names and values come out at the other end, or are refused."""
    try:
        request = get("/x", object).asking(**query)
    except ValueError:
        return
    url = URL(f"https://x.invalid{request.target}", encoded=True)
    assert dict(url.query) == query
    assert url.path == "/x"


def test_the_verbs_say_what_may_be_repeated() -> None:
    """Only a GET is repeatable by itself; the body stays out of the repr."""
    assert get("/x", int).repeatable
    for make in (post, put, delete):
        request: Request[int] = make("/x", int, json={"secret": "canary"}, q="canary")
        assert not request.repeatable
        assert request.verb == make.__name__.upper()
        assert request.auth is Auth.TOKEN
        assert "canary" not in repr(request) + request.where
    assert post("/x", int).evolve(repeatable=True).repeatable


def test_a_request_is_frozen() -> None:
    """A request is changed by copy only, its query too."""
    request = get("/x", int, a=1)
    with pytest.raises(AttributeError):
        request.verb = "POST"  # type: ignore[misc]
    with pytest.raises(TypeError):
        request.query["a"] = "2"  # type: ignore[index]


def test_a_copy_is_checked_like_the_request_itself() -> None:
    """A changed path and query are converted and checked, and an unknown field is refused."""
    request = get("/x", int, skip=0)
    changed = request.evolve(path="/y", query={"limit": 5, "none": None})
    assert (changed.target, request.target) == ("/y?limit=5", "/x?skip=0")
    with pytest.raises(ArgumentError):
        request.evolve(path="/..")
    with pytest.raises(ArgumentError):
        request.asking(value="\ud800")
    with pytest.raises(TypeError, match="limits"):
        request.evolve(limits=1)
