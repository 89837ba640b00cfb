"""The OpenAPI description: valid, complete for code generators, and equal in all its forms."""

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gizwits_async.cli.app import run
from gizwits_async.error_codes import API_ERRORS
from gizwits_async.simulator.openapi import load_openapi
from tests.simulator import openapi_json

SCHEMAS = load_openapi()["components"]["schemas"]
CODE = re.compile(r"`[^`]*`|\b[0-9][0-9:,-]*[0-9]\b")
"""Names in backticks and numbers."""
PAGES = [name for name in SCHEMAS if name.endswith("Page") and name != "Page"]


def test_it_is_valid():
    """openapi-spec-validator has no complaint."""
    assert [error.message for error in OpenAPIV31SpecValidator(load_openapi()).iter_errors()] == []


def test_the_json_files_are_generated_from_the_yaml_files():
    """`python -m tests.simulator.openapi_json` brings them up to date; merge keys are not used."""
    assert openapi_json.TARGET.read_text("utf-8") == openapi_json.generated()
    assert openapi_json.CHINESE.read_text("utf-8") == openapi_json.translated()
    assert "<<" not in openapi_json.SOURCE.read_text("utf-8")


def test_every_text_is_in_chinese():
    """The catalogue has each title, summary and description, with the code words of the English one."""
    catalogue = openapi_json.catalogue()
    assert set(catalogue) == set(openapi_json.texts())
    assert len(catalogue) > 130
    for english, chinese in catalogue.items():
        assert re.search("[\u4e00-\u9fff]", chinese), english
        assert sorted(CODE.findall(chinese)) == sorted(CODE.findall(english)), english


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command(language: str, capsys: pytest.CaptureFixture[str]):
    """`gizwits-async openapi --lang zh` writes the description as JSON, with its texts in Chinese."""
    assert run(["openapi", "--lang", language]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written == load_openapi(language)
    assert written["info"]["title"].startswith({"en": "Gizwits", "zh": "机智云"}[language])


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
