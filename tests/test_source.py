"""Rules that the source keeps: who reveals secrets, no mocks, docstrings, sizes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "narrowgate"
SOURCES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FILE_LIMIT, FUNCTION_LIMIT = 400, 60
# Where a secret leaves the program on purpose: the request signer and the sinks.
MAY_REVEAL = frozenset(
    {
        "adapters/aws.py",
        "adapters/sandbox/guest.py",
        "adapters/sinks/_cloud.py",
        "adapters/sinks/credential_process.py",
        "adapters/sinks/csv.py",
        "adapters/sinks/env.py",
        "adapters/sinks/env_yaml.py",
        "adapters/sinks/profile.py",
    }
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def trees(files: list[Path], root: Path) -> Iterator[tuple[str, ast.Module]]:
    for file in files:
        yield file.relative_to(root).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def revealing(tree: ast.Module) -> bool:
    """Whether the module touches `reveal`, or a secret's own text, by attribute or by name."""
    names = {"reveal", "_text"} if "class Secret" not in ast.unparse(tree) else set()
    touched = any(isinstance(n, ast.Attribute) and n.attr == "reveal" for n in ast.walk(tree))
    spelled = any(isinstance(n, ast.Constant) and n.value in names for n in ast.walk(tree))
    return touched or spelled


def patching(tree: ast.Module) -> list[str]:
    """Everything in a test that mocks or patches."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names) if any(a.name.startswith(("unittest.mock", "mock", "pytest_mock")) for a in names):
                found.append(f"{node.lineno}: import")
            case ast.ImportFrom(module=str(module)) if module.startswith(("unittest", "mock", "pytest_mock")):
                found.append(f"{node.lineno}: from {module}")
            case ast.Attribute(attr="setattr" | "delattr" | "setitem" | "delitem", value=ast.Name(id="monkeypatch")):
                found.append(f"{node.lineno}: monkeypatch.{node.attr}")
            case ast.Attribute(attr="patch", value=ast.Name(id="mock" | "mocker")):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def undocumented(tree: ast.Module) -> list[str]:
    """Public definitions without a docstring, nested functions left out."""
    missing = [] if ast.get_docstring(tree) else ["the module"]

    def look(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, Definition) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    missing.append(f"{prefix}{node.name}")
                if isinstance(node, ast.ClassDef):
                    look(node.body, f"{prefix}{node.name}.")

    look(tree.body, "")
    return missing


def own_length(function: Function) -> int:
    """Lines of the function without those of the functions inside it, which are measured themselves."""
    inner = sum(own_length(n) for n in ast.walk(function) if isinstance(n, Function) and n is not function)
    return (function.end_lineno or function.lineno) - function.lineno + 1 - inner


def long_functions(tree: ast.Module) -> list[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    return [f"{f.name}: {own_length(f)} lines" for f in functions if own_length(f) > FUNCTION_LIMIT]


def test_secrets_are_revealed_where_they_leave_on_purpose_only() -> None:
    found = {name for name, tree in trees(SOURCES, SOURCE) if revealing(tree)}
    assert found == MAY_REVEAL


def test_no_test_mocks_or_patches() -> None:
    found = {name: p for name, tree in trees(TESTS, ROOT / "tests") if (p := patching(tree))}
    assert found == {}


def test_every_public_name_has_a_docstring() -> None:
    found = {name: m for name, tree in trees(SOURCES, SOURCE) if (m := undocumented(tree))}
    assert found == {}


def test_files_and_functions_are_short() -> None:
    lengths = {f.relative_to(SOURCE).as_posix(): len(f.read_text().splitlines()) for f in SOURCES}
    assert {name: n for name, n in lengths.items() if n > FILE_LIMIT} == {}
    assert {name: found for name, tree in trees(SOURCES, SOURCE) if (found := long_functions(tree))} == {}


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("x = secret.reveal()", revealing),
        ("take = secret.reveal", revealing),
        ("x = getattr(secret, 'reveal')()", revealing),
        ("x = getattr(secret, '_text')", revealing),
        ("from unittest.mock import patch", patching),
        ("from unittest import mock", patching),
        ("import unittest.mock as m", patching),
        ("monkeypatch.setattr(a, 'b', 1)", patching),
        ("with mock.patch('a.b'): pass", patching),
        ("def f(): pass", undocumented),
        ("class A:\n    'Doc.'\n    def f(self): pass", undocumented),
        ("def f():\n" + "    x = 1\n" * FUNCTION_LIMIT, long_functions),
    ],
)
def test_each_rule_notices_what_it_forbids(source: str, rule: object) -> None:
    assert rule(ast.parse(source))  # type: ignore[operator]
