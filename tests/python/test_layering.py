"""The modules of the core include each other only along the arrows of the design."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("cpp/include", "cpp/src", "python/bindings")
PUBLIC, PRIVATE, BINDINGS, KERNELS = (*FOLDERS, "cpp/src/scan/kernels")

# What a module may include directly; what those may include, it may include as well.
ARROWS: dict[str, set[str]] = {
    "base": set(),
    "geo": {"base"},
    "data": {"base"},
    "windows": {"geo"},
    "model": {"data"},
    "scan": {"windows", "model"},
    "inference": {"scan"},
    "timeseries": {"data"},
    "linkage": {"data"},
    "bindings": {"inference", "timeseries", "linkage"},
}

TBB = r"(oneapi/)?tbb/"
BOOST = r"boost/"
EIGEN = r"Eigen/"
PYTHON = r"Python\.h$|pybind11/"
PARALLEL_STL = r"execution$"


class Rule(NamedTuple):
    """Files that must not include certain names, both given by how they begin."""

    files: str
    names: str
    reason: str
    through_others: bool = True  # nor through other files of the project


RULES = (
    Rule(r"(?!cpp/src/base/parallel\.)", TBB, "only cpp/src/base/parallel.* uses TBB", False),
    Rule(f"{PUBLIC}/", TBB, "public headers hold no TBB"),
    Rule(f"{PUBLIC}/", BOOST, "public headers hold no Boost"),
    Rule(f"{KERNELS}/", f"{TBB}|{BOOST}|{EIGEN}", "kernels use no TBB, Boost or Eigen"),
    Rule("cpp/", PYTHON, "the core does not know Python"),
    Rule("", PARALLEL_STL, "<execution> is not used"),
)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)

Sources = Mapping[str, str]  # path from the root -> text


def read_sources() -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".hpp", ".cpp"}
    }


def module_of(path: str) -> str:
    if path.startswith(f"{BINDINGS}/"):
        return "bindings"
    inside = path.removeprefix(f"{PUBLIC}/enteroscan/").removeprefix(f"{PRIVATE}/")
    return PurePosixPath(inside).parts[0]


def reachable(module: str) -> set[str]:
    found = {module}
    for target in ARROWS.get(module, set()):
        found |= reachable(target)
    return found


def resolve(name: str, includer: str, sources: Sources) -> str | None:
    """Return the project's file that an include means, or None if it is somebody else's."""
    folders = (PurePosixPath(includer).parent, PUBLIC, PRIVATE)
    candidates = (posixpath.normpath(f"{folder}/{name}") for folder in folders)
    return next((path for path in candidates if path in sources), None)


def includes(path: str, sources: Sources) -> list[tuple[str, str | None]]:
    names = INCLUDE.findall(sources[path])
    return [(name, resolve(name, path, sources)) for name in names]


def with_included(path: str, sources: Sources) -> list[str]:
    """Return the file and all files of the project that it includes, directly or through others."""
    found = [path]
    for file in found:  # grows meanwhile
        targets = (target for _, target in includes(file, sources) if target)
        found.extend(target for target in targets if target not in found)
    return found


def misplaced(path: str) -> Iterator[str]:
    if module_of(path) not in ARROWS:
        yield f"{path}: {module_of(path)} is not a module"


def against_the_arrows(path: str, sources: Sources) -> Iterator[str]:
    module = module_of(path)
    for name, target in includes(path, sources):
        if target is None:
            if name.startswith("enteroscan/"):
                yield f"{path}: {name} does not exist"
        elif module_of(target) not in reachable(module):
            yield f"{path}: {module} must not include {module_of(target)} ({name})"
        elif path.startswith(f"{PUBLIC}/") and not target.startswith(f"{PUBLIC}/"):
            yield f"{path}: public headers must not include private ones ({name})"


def against_rules(path: str, sources: Sources) -> Iterator[str]:
    for rule in RULES:
        if not re.match(rule.files, path):
            continue
        for file in with_included(path, sources) if rule.through_others else [path]:
            for name, target in includes(file, sources):
                if target is None and re.match(rule.names, name):
                    yield f"{path}: {rule.reason} ({name} in {file})"


def violations(sources: Sources) -> list[str]:
    found: list[str] = []
    for path in sources:
        found += misplaced(path)
        found += against_the_arrows(path, sources)
        found += against_rules(path, sources)
    return found


def test_the_modules_include_each_other_along_the_arrows_only() -> None:
    assert violations(read_sources()) == []


def test_all_sources_are_read() -> None:
    sources = read_sources()
    assert all(any(path.startswith(f"{folder}/") for path in sources) for folder in FOLDERS)
    assert "cpp/src/base/parallel.hpp" in sources  # the rules name it
    assert any(path.startswith(f"{KERNELS}/") for path in sources)
    resolved = [target for path in sources for _, target in includes(path, sources) if target]
    assert len(resolved) > len(sources)


# A small project in which everything is as it should be.
GOOD: dict[str, str] = {
    "cpp/include/enteroscan/base/error.hpp": "#pragma once\n#include <stdexcept>\n",
    "cpp/include/enteroscan/geo/points.hpp": '#include "enteroscan/base/error.hpp"\n',
    "cpp/include/enteroscan/windows/zones.hpp": '#include "enteroscan/geo/points.hpp"\n',
    "cpp/include/enteroscan/scan/scan.hpp": "#include <Eigen/Core>\n",
    "cpp/src/base/parallel.hpp": "#include <oneapi/tbb/task_arena.h>\n",
    "cpp/src/windows/sort.hpp": "",
    "cpp/src/windows/circles.cpp": '#include "sort.hpp"\n#include "windows/sort.hpp"\n',
    "cpp/src/scan/scan.cpp": (
        '#include "base/parallel.hpp"\n'
        '  #  include "enteroscan/geo/points.hpp"\n'
        "#include <boost/math/special_functions.hpp>\n"
    ),
    "cpp/src/scan/kernels/direct.cpp": "#include <immintrin.h>\n",
    "python/bindings/run.hpp": "",
    "python/bindings/module.cpp": (
        '#include <pybind11/pybind11.h>\n#include "enteroscan/scan/scan.hpp"\n'
    ),
}


def test_a_good_project_has_no_violations() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(
    ("path", "include", "message"),
    [
        (
            "cpp/src/geo/points.cpp",
            '"enteroscan/windows/zones.hpp"',
            "geo must not include windows (enteroscan/windows/zones.hpp)",
        ),
        (
            "cpp/src/model/poisson.cpp",
            '"enteroscan/geo/points.hpp"',
            "model must not include geo (enteroscan/geo/points.hpp)",
        ),
        (
            "cpp/src/base/random.cpp",
            '"windows/sort.hpp"',
            "base must not include windows (windows/sort.hpp)",
        ),
        (
            "cpp/src/linkage/pairs.cpp",
            "<enteroscan/geo/points.hpp>",
            "linkage must not include geo (enteroscan/geo/points.hpp)",
        ),
        (
            "cpp/src/scan/scan.cpp",
            '"../../../python/bindings/run.hpp"',
            "scan must not include bindings (../../../python/bindings/run.hpp)",
        ),
        (
            "cpp/src/geo/points.cpp",
            '"enteroscan/geo/point.hpp"',
            "enteroscan/geo/point.hpp does not exist",
        ),
        ("cpp/src/plots/map.cpp", "<vector>", "plots is not a module"),
        (
            "cpp/include/enteroscan/windows/circles.hpp",
            '"windows/sort.hpp"',
            "public headers must not include private ones (windows/sort.hpp)",
        ),
        (
            "cpp/src/scan/scan.cpp",
            "<tbb/parallel_for.h>",
            "only cpp/src/base/parallel.* uses TBB (tbb/parallel_for.h in cpp/src/scan/scan.cpp)",
        ),
        (
            "cpp/src/scan/kernels/direct.cpp",
            '"base/parallel.hpp"',
            "kernels use no TBB, Boost or Eigen"
            " (oneapi/tbb/task_arena.h in cpp/src/base/parallel.hpp)",
        ),
        (
            "cpp/src/scan/kernels/direct.cpp",
            '"enteroscan/scan/scan.hpp"',
            "kernels use no TBB, Boost or Eigen"
            " (Eigen/Core in cpp/include/enteroscan/scan/scan.hpp)",
        ),
        (
            "cpp/include/enteroscan/model/model.hpp",
            "<boost/math/tools.hpp>",
            "public headers hold no Boost"
            " (boost/math/tools.hpp in cpp/include/enteroscan/model/model.hpp)",
        ),
        (
            "cpp/src/data/cases.cpp",
            "<Python.h>",
            "the core does not know Python (Python.h in cpp/src/data/cases.cpp)",
        ),
        (
            "cpp/src/data/cases.cpp",
            "<pybind11/numpy.h>",
            "the core does not know Python (pybind11/numpy.h in cpp/src/data/cases.cpp)",
        ),
        (
            "cpp/src/data/cases.cpp",
            "<execution>",
            "<execution> is not used (execution in cpp/src/data/cases.cpp)",
        ),
    ],
)
def test_a_violation_is_found(path: str, include: str, message: str) -> None:
    sources = {**GOOD, path: f"#pragma once\n#include {include}\n"}
    assert violations(sources) == [f"{path}: {message}"]


def test_what_is_only_mentioned_is_not_included() -> None:
    text = '// #include <tbb/tbb.h>\nconst char* a = "#include <Python.h>";\n'
    assert violations({**GOOD, "cpp/src/data/cases.cpp": text}) == []
