"""The rules of the house: who may import whom, and which packages are pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pcsx"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS = {
    "pcsx.values": 1,
    "pcsx.errors": 1,
    "pcsx.cib": 2,
    "pcsx.ring": 2,
    "pcsx.agents": 2,
    "pcsx.protocol": 3,
    "pcsx.group_wire": 3,
    "pcsx.pe": 3,
    "pcsx.client": 4,
    "pcsx.daemon": 4,
    "pcsx.shell": 5,
    "pcsx.daemon.main": 5,
    "pcsx.daemon.io": 5,
    "pcsx.__main__": 6,
    "pcsx.cli": 6,
    "pcsx": 0,
}
"""The longest name that fits decides."""

IMPURE = {
    "asyncio", "socket", "subprocess", "threading", "logging", "selectors", "select",
    "multiprocessing", "concurrent",
}  # fmt: skip
IMPURE_CALLS = {
    ("time", "time"), ("time", "monotonic"), ("time", "sleep"), ("time", "clock_gettime"),
    ("time", "time_ns"), ("time", "monotonic_ns"), ("time", "clock_gettime_ns"),
    ("datetime", "now"), ("datetime", "utcnow"), ("date", "today"),
    ("random", "random"), ("random", "randint"), ("random", "choice"), ("random", "shuffle"),
    ("os", "environ"), ("os", "getenv"), ("os", "urandom"),
    ("uuid", "uuid4"), ("uuid", "uuid1"), ("secrets", "token_bytes"), ("secrets", "token_hex"),
}  # fmt: skip
LIBRARIES = {
    "lxml": (
        "pcsx.cib",
        "pcsx.agents.metadata",
        "pcsx.pe.emit",
        "pcsx.pe.simulate",
        "pcsx.pe.whatif",
    ),
    "cryptography": ("pcsx.ring.seal", "pcsx.ring.session", "pcsx.ring.join"),
    "zeroconf": ("pcsx.daemon.io.discovery",),
    "pyghmi": ("pcsx.agents.bundled",),
    "click": ("pcsx.cli", "pcsx.shell"),
    "prompt_toolkit": ("pcsx.cli", "pcsx.shell"),
    "tabulate": ("pcsx.cli", "pcsx.shell"),
}


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int:
    fits = [name for name in LAYERS if module == name or module.startswith(name + ".")]
    return LAYERS[max(fits, key=len)]


def is_pure(module: str) -> bool:
    if module.startswith(("pcsx.agents.bundled", "pcsx.agents.find", "pcsx.client")):
        return False
    return 1 <= layer_of(module) <= 4


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


@cache
def imports_of(file: Path, *, late: bool = True) -> tuple[str, ...]:
    """Return the full names of what *file* imports; without those in functions if not *late*."""
    return tuple(_imports(file, late))


def _imports(file: Path, late: bool) -> Iterator[str]:
    package = name_of(file) if file.name == "__init__.py" else name_of(file).rpartition(".")[0]
    for node in _statements(tree_of(file), late):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                child = PACKAGE.parent / Path(*base.split("."), alias.name)
                is_module = child.with_suffix(".py").exists() or (child / "__init__.py").exists()
                yield f"{base}.{alias.name}" if is_module else base


def _statements(node: ast.AST, late: bool) -> Iterator[ast.stmt]:
    """Yield the statements below *node*, but for those that only mypy reads."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            continue
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.If) and _is_typing_only(child.test):
            yield from (each for part in child.orelse for each in (part, *_statements(part, late)))
        elif late or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _statements(child, late)


def _is_typing_only(test: ast.expr) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "TYPE_CHECKING" for each in ast.walk(test))


@cache
def ours(file: Path, *, late: bool = True) -> list[str]:
    return sorted({name for name in imports_of(file, late=late) if name.split(".")[0] == "pcsx"})


def test_imports_go_down_the_layers():
    for file in FILES:
        module = name_of(file)
        layer = layer_of(module)
        if module == "pcsx.shell.commands.daemon":
            continue  # the one door from the shell to the daemon, opened by name when it is run
        wrong = [name for name in ours(file) if layer_of(name) > layer]
        assert not wrong, f"{module} imports upward: {wrong}"


STRANGERS = (
    ("pcsx.ring", "pcsx.cib"),
    ("pcsx.ring", "pcsx.agents"),
    ("pcsx.cib", "pcsx.agents"),
    ("pcsx.pe", "pcsx.ring"),
    ("pcsx.pe", "pcsx.agents"),
    ("pcsx.shell", "pcsx.ring"),
    ("pcsx.shell", "pcsx.daemon"),
)


@pytest.mark.parametrize("sides", STRANGERS, ids=" and ".join)
def test_sides_do_not_know_each_other(sides: tuple[str, str]):
    for here, there in (sides, sides[::-1]):
        if (here, there) == ("pcsx.ring", "pcsx.pe"):
            continue
        for file in FILES:
            if name_of(file).startswith(here):
                wrong = [name for name in ours(file) if name.startswith(there)]
                assert not wrong, f"{name_of(file)} imports {wrong}"


def test_pure_packages_are_pure():
    for file in FILES:
        if not is_pure(name_of(file)):
            continue
        wrong = sorted({name for name in imports_of(file) if name.split(".")[0] in IMPURE})
        assert not wrong, f"{name_of(file)} imports {wrong}"
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                call = (node.value.id, node.attr)
                assert call not in IMPURE_CALLS, f"{name_of(file)}:{node.lineno} reads {call}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_stay_in_their_rooms(library: str):
    for file in FILES:
        module = name_of(file)
        if any(name.split(".")[0] == library for name in imports_of(file)):
            rooms = LIBRARIES[library]
            assert module.startswith(rooms), f"{module} imports {library}"


def test_only_main_opens_the_windows():
    for file in FILES:
        module = name_of(file)
        if module.startswith("pcsx.daemon.io") or module == "pcsx.daemon.main":
            continue
        wrong = [name for name in ours(file) if name.startswith("pcsx.daemon.io")]
        assert not wrong, f"{module} imports {wrong}"


def test_imports_form_no_cycle():
    graph = {name_of(file): ours(file, late=False) for file in FILES}
    done: set[str] = set()
    path: list[str] = []

    def visit(module: str) -> None:
        if module in done or module not in graph:
            return
        assert module not in path, f"cycle: {' -> '.join([*path[path.index(module) :], module])}"
        path.append(module)
        for name in graph[module]:
            # A package's face re-exports its rooms; a room that names its package is no cycle.
            if name != module and not module.startswith(name + "."):
                visit(name)
        path.pop()
        done.add(module)

    for module in sorted(graph):
        visit(module)


def test_nothing_speaks_of_how_it_was_made():
    words = ("/work/", "assistant", "this session", "the session's", "chatgpt", "claude", "issue #")
    for file in [*FILES, *sorted((ROOT / "tests").rglob("*.py")), *ROOT.glob("*.md")]:
        if file == Path(__file__):
            continue
        text = file.read_text().lower()
        for word in words:
            assert word not in text, f"{file.name} says {word!r}"
