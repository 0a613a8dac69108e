"""The installed package is complete, and its stub file tells the truth."""

import ast
import importlib.metadata
import importlib.resources
import re

import pytest

import enteroscan
from enteroscan import _core

FILES = importlib.resources.files("enteroscan")
STUB = ast.parse((FILES / "_core.pyi").read_text(encoding="utf-8"))
FUNCTIONS = [node for node in STUB.body if isinstance(node, ast.FunctionDef)]
CLASSES = [node for node in STUB.body if isinstance(node, ast.ClassDef)]
METHODS = [
    (owner, node)
    for owner in CLASSES
    for node in owner.body
    if isinstance(node, ast.FunctionDef)
    if not node.name.startswith("__")
]


def parameters_of_stub(node: ast.FunctionDef) -> list[str]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    names = [argument.arg for argument in arguments if argument.arg != "self"]
    keywords = [argument.arg for argument in node.args.kwonlyargs]
    return [*names, *(["*"] if keywords else []), *keywords]


def parameters_of_binding(documentation: str) -> list[str]:
    """Read the first line that pybind11 writes: name(a: int, *, b: int = 0) -> int."""
    signature = documentation.splitlines()[0].split(" -> ")[0]
    inside = signature[signature.index("(") + 1 : signature.rindex(")")]
    while (flat := re.sub(r"\[[^\[\]]*\]|\([^()]*\)|\'[^\']*\'", "", inside)) != inside:
        inside = flat
    names = [part.split(":")[0].strip() for part in inside.split(",")]
    return [name for name in names if name and name != "self"]


@pytest.mark.parametrize("node", FUNCTIONS, ids=lambda node: node.name)
def test_functions_of_the_stub(node: ast.FunctionDef) -> None:
    documentation = getattr(_core, node.name).__doc__
    assert parameters_of_binding(documentation) == parameters_of_stub(node)


@pytest.mark.parametrize(
    ("owner", "node"), METHODS, ids=[f"{owner.name}.{node.name}" for owner, node in METHODS]
)
def test_methods_of_the_stub(owner: ast.ClassDef, node: ast.FunctionDef) -> None:
    member = getattr(getattr(_core, owner.name), node.name)
    assert isinstance(member, property) == bool(node.decorator_list)
    if not isinstance(member, property):
        assert parameters_of_binding(member.__doc__) == parameters_of_stub(node)


def test_stub_lacks_nothing() -> None:
    in_stub = {node.name for node in FUNCTIONS} | {node.name for node in CLASSES}
    in_core = {name for name in vars(_core) if not name.startswith("_")}
    assert in_core == in_stub


@pytest.mark.parametrize("name", ["py.typed", "templates/result.html"])
def test_files_that_are_no_modules(name: str) -> None:
    assert FILES.joinpath(name).is_file()


def test_version() -> None:
    assert enteroscan.__version__ == importlib.metadata.version("enteroscan")


def test_exported_names_exist() -> None:
    for name in enteroscan.__all__:
        assert hasattr(enteroscan, name)
