"""Clients that generators of others make from the OpenAPI description: typed, compiled, and used.

Slow: see `tools.py`. The TypeScript ones run where Node is installed.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from gizwits_async.simulator.openapi import load_openapi
from gizwits_async.testing import ThreadedSimulator
from tests.contract.tools import NPM, npm_tools, python_tools, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROGRAMS = Path(__file__).parent / "programs"
OPERATIONS = {
    item["operationId"]: item
    for methods in load_openapi()["paths"].values()  # type: ignore[attr-defined]
    for verb, item in methods.items()
    if verb != "parameters"
}


@frozen
class Generator:
    """A generator, and how to judge and use what it makes."""

    generate: tuple[str, ...]
    """The command, in a folder with `openapi.json`."""
    typed: Callable[[Path], set[str]]
    """The operations whose arguments and replies have types in what was made in the folder."""
    program: str
    """File of `programs/` that uses it: a token, a search, a data log, a control."""
    strict: bool = True
    """Whether strict compilers accept the code of the generator's own templates; else only the program,
    with the types that it imports, is compiled strictly."""


def _of_modules(folder: Path) -> set[str]:
    modules = [path for path in folder.glob("generated/api/*/*.py") if path.stem != "__init__"]
    found = {path.stem for path in modules if "Response[Any]" not in path.read_text()}
    return {name for name in OPERATIONS if _snake(name) in found}


def _of_models(folder: Path) -> set[str]:
    # It makes no functions: an operation is typed if there are models of its body and its reply.
    models = set(
        re.findall(
            r"^(?:class )?(\w+)(?:\(| = | \()", (folder / "models.py").read_text(), re.MULTILINE
        )
    )
    return {name for name, item in OPERATIONS.items() if _schemas(item) <= models}


def _of_operations(folder: Path) -> set[str]:
    operations = (folder / "types.ts").read_text().partition("export interface operations {")[2]
    _before, *parts = re.split(r"^    (\w+): \{$", operations, flags=re.MULTILINE)
    reply = re.compile(r'responses: .*? 20\d: .*?"application/json": components\[', re.DOTALL)
    return {name for name, text in zip(parts[::2], parts[1::2], strict=True) if reply.search(text)}


def _of_responses(folder: Path) -> set[str]:
    functions = (folder / "generated" / "sdk.gen.ts").read_text()
    _before, *parts = re.split(
        r"^export type (\w+)Responses = ",
        (folder / "generated" / "types.gen.ts").read_text(),
        flags=re.MULTILINE,
    )
    types = dict(zip(parts[::2], parts[1::2], strict=True))
    return {
        name
        for name in re.findall(r"^export const (\w+) = ", functions, re.MULTILINE)
        if re.search(
            r"^    20\d: [A-Z]\w+;", types[_pascal(name)].partition("\n};")[0], re.MULTILINE
        )
    }


def _of_fetchers(folder: Path) -> set[str]:
    text = (folder / "generated.ts").read_text()
    named = r"^export type (\w+)Response20\d = \{\n  data: [A-Z]\w+$"
    functions = r"^export const (\w+) = async "
    return set(re.findall(named, text, re.MULTILINE)) & set(
        re.findall(functions, text, re.MULTILINE)
    )


def _schemas(item: dict) -> set[str]:
    kept = {"requestBody": item.get("requestBody"), "responses": item["responses"]}
    kept["responses"] = {code: one for code, one in item["responses"].items() if code < "300"}
    return set(re.findall(r"#/components/schemas/(\w+)", json.dumps(kept)))


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def _snake(name: str) -> str:
    return re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name)


GENERATORS = {
    "openapi-python-client": Generator(
        ("openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none", "--output-path", "generated"),
        _of_modules,
        "python_client.py",
        strict=False,  # `__exit__(self, *args)` of its client, a field named as the class in lower case
    ),
    "datamodel-code-generator": Generator(
        (
            *("datamodel-codegen", "--input", "openapi.json", "--input-file-type", "openapi"),
            *("--output", "models.py", "--output-model-type", "pydantic_v2.BaseModel"),
            *("--target-python-version", "3.11", "--use-annotated", "--disable-timestamp"),
        ),
        _of_models,
        "datamodel.py",
    ),
    "openapi-typescript": Generator(
        ("openapi-typescript", "openapi.json", "-o", "types.ts"), _of_operations, "types_only.ts"
    ),
    "@hey-api/openapi-ts": Generator(
        ("openapi-ts", "-i", "openapi.json", "-o", "generated", "-c", "@hey-api/client-fetch"),
        _of_responses,
        "hey_api.ts",
    ),
    "orval": Generator(
        ("orval", "--input", "openapi.json", "--output", "generated.ts", "--client", "fetch"),
        _of_fetchers,
        "orval.ts",
    ),
}  # fmt: skip


def _compiled_python(folder: Path, generator: Generator) -> list[object]:
    follow = "normal" if generator.strict else "silent"
    run(folder, python_tools() / "mypy", "--strict", "--follow-imports", follow, generator.program)
    return [python_tools() / "python", generator.program]


def _compiled_typescript(folder: Path, generator: Generator) -> list[object]:
    options = ("--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable")
    modules = ("--module", "nodenext", "--moduleResolution", "nodenext")
    run(folder, "npx", "tsc", *options, *modules, generator.program)
    return ["node", generator.program.replace(".ts", ".js")]


@pytest.mark.parametrize(
    "name", [name for name, one in GENERATORS.items() if NPM or one.program.endswith(".py")]
)
def test_a_generated_client_works(name: str, tmp_path: Path) -> None:
    """All operations are typed, strict compilers accept them, and four calls work."""
    generator = GENERATORS[name]
    (tmp_path / "openapi.json").write_text(json.dumps(load_openapi()), "utf-8")
    tool, *arguments = generator.generate
    shutil.copy(PROGRAMS / generator.program, tmp_path)
    if generator.program.endswith(".py"):
        run(tmp_path, python_tools() / tool, *arguments, PATH=f"{python_tools()}:/usr/bin:/bin")
    else:
        (tmp_path / "node_modules").symlink_to(npm_tools() / "node_modules")
        run(tmp_path, "npx", tool, *arguments)
    assert generator.typed(tmp_path) == set(OPERATIONS)
    assert len(OPERATIONS) == 32
    compiled = _compiled_python if generator.program.endswith(".py") else _compiled_typescript
    program = compiled(tmp_path, generator)
    with ThreadedSimulator() as simulator:
        shown = run(tmp_path, *program, **simulator.environment).split()
        assert simulator.cloud.tally["devices.control"] == 1
        assert simulator.cloud.tally["log.data"] == 1
    assert int(shown[0]) > 0
