"""The OpenAPI description: valid, complete for code generators, and equal in all its forms."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gizwits_async.cli.app import run
from gizwits_async.errors import API_ERRORS
from gizwits_async.simulator.openapi import load_openapi
from tests.simulator import openapi_json

SCHEMAS = load_openapi()["components"]["schemas"]
PAGES = [name for name in SCHEMAS if name.endswith("Page") and name != "Page"]


def test_it_is_valid():
    """openapi-spec-validator has no complaint."""
    assert [error.message for error in OpenAPIV31SpecValidator(load_openapi()).iter_errors()] == []


def test_the_json_file_is_generated_from_the_yaml_file():
    """`python -m tests.simulator.openapi_json` brings it up to date; merge keys are not used."""
    assert openapi_json.TARGET.read_text("utf-8") == openapi_json.generated()
    yaml = openapi_json.TARGET.with_suffix(".yaml").read_text("utf-8")
    assert "<<" not in yaml


def test_the_command(capsys: pytest.CaptureFixture[str]):
    """`gizwits-async openapi` writes the description as JSON."""
    assert run(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == load_openapi()


@pytest.mark.parametrize("name", PAGES)
def test_pages_keep_their_rows(name):
    """Pages extend `Page` by a second schema: generators drop properties beside `allOf`."""
    assert len(PAGES) == 6
    assert SCHEMAS[name].keys() == {"allOf"}
    assert SCHEMAS[name]["allOf"][1]["required"] == ["objects"]


def test_free_objects_are_open():
    """Objects without fixed fields say so, or TypeScript generators make them empty."""

    def walk(schema: object, path: str) -> None:
        if isinstance(schema, list):
            for number, item in enumerate(schema):
                walk(item, f"{path}/{number}")
        if not isinstance(schema, dict):
            return
        kind = schema.get("type")
        if kind == "object" or (isinstance(kind, list) and "object" in kind):
            known = {"properties", "additionalProperties", "maxProperties"}
            assert known & schema.keys(), path
        if kind == "array":
            assert "items" in schema, path
        for key, value in schema.items():
            walk(value, f"{path}/{key}")

    walk(SCHEMAS, "")


def test_error_codes_are_listed():
    """Each status lists the documented codes that the endpoints answer with it."""
    responses = load_openapi()["components"]["responses"]
    text = responses["NotFound"]["description"]
    for code in (5003, 5007, 5015, 5016, 5017, 5202, 5206, 5301, 5402, 5405):
        assert API_ERRORS[code][0] == 404
        assert str(code) in text
