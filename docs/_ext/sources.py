"""Texts that stand in the sources beside the code: docstrings below attributes, titles of groups."""

import ast
import inspect
import re
from types import ModuleType

__all__ = ["attribute_docs", "docs_of_class", "group_titles"]

_TITLE = re.compile(r"^ *# --- (.*)$")


def docs_of_class(cls: type) -> dict[str, str]:
    """Return attribute -> the docstring below it, those of base classes included."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        try:
            found |= _docs(ast.parse(inspect.cleandoc("\n" + inspect.getsource(base))).body[0])
        except (OSError, TypeError):
            continue  # a class of C, or one that was made
    return found


def attribute_docs(module: ModuleType) -> dict[str, str]:
    """Return name -> the docstring below it, for the names that a module assigns."""
    return _docs(ast.parse(inspect.getsource(module)))


def _docs(tree: ast.AST) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            name = getattr(target, "id", "")
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[name] = inspect.cleandoc(str(node.value.value))
            name = ""
        else:
            name = ""
    return found


def group_titles(cls: type) -> dict[str, str]:
    """Return attribute -> title, for each attribute that follows a comment `# --- title`."""
    found: dict[str, str] = {}
    lines, _first = inspect.getsourcelines(cls)
    title = ""
    for line in lines:
        if match := _TITLE.match(line):
            title = match[1]
        elif title and (match := re.match(r"^    (\w+):", line)):
            found[match[1]] = title
            title = ""
    return found
