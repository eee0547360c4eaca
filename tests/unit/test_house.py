"""The house rules of CONTRIBUTING.md, read off the source with ``ast``, so that nobody has to argue about them."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES = 300
FUNCTION_LINES = 60
PARAMETERS = 6
POSITIONAL = 2

# Each outside library and the only places that know it (shell patterns inside rocky_action).
HOMES = {
    "cronsim": "projects/schedules.py",
    "databricks": "warehouses/databricks*",
    "duckdb": "warehouses/duckdb*",
    "google": "warehouses/bigquery*",
    "httpx": "forges/*",
    "jinja2": "rendering*",
    "networkx": "dag.py",
    "pydantic": "wire*|state*|project_file*",
    "requests": "warehouses/*",
    "rich": "console*",
    "snowflake": "warehouses/snowflake*",
    "sqlglot": "sql/*",
    "subprocess": "git*",
    "yaml": "project_file*",
}
# What a command must be able to do without: `--version` and `--help` import none of these, `plan` only the parser.
HEAVY = (
    "databricks",
    "duckdb",
    "google",
    "requests",
    "snowflake",
    "sqlglot",
    "httpx",
    "jinja2",
    "pydantic",
    "networkx",
    "yaml",
    "rich",
)
OUTERMOST = ("main.py", "cli.py")
BANNED_IN_TESTS = ("unittest.mock", "mock", "pytest_mock")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file of the repository, parsed."""

    path: Path
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> Source:
        text = path.read_text(encoding="utf-8")
        return cls(path, text, ast.parse(text))

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The whole tree; every rule walks through it."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def code_lines(self) -> frozenset[int]:
        """The lines that hold code: not blank, not only a comment, not part of a docstring."""
        skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
        skipped |= {tokenize.ENDMARKER, tokenize.ENCODING}
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in skipped:
                lines.update(range(token.start[0], token.end[0] + 1))
        return frozenset(lines - docstring_lines(self))

    def at(self, line: int, message: str) -> str:
        return f"{self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path}:{line}: {message}"

    def functions(self) -> Iterator[tuple[Function, bool]]:
        """Every function, and whether it is a method."""
        for parent in self.nodes:
            for child in ast.iter_child_nodes(parent):
                if isinstance(child, Function):
                    yield child, isinstance(parent, ast.ClassDef)


def sources(*folders: str) -> list[Source]:
    return [Source.read(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


PRODUCT = [*sources("rocky_action"), Source.read(ROOT / "entrypoint.py")]
EVERYTHING = [*PRODUCT, *sources("tests", "benchmarks")]


def docstring_lines(source: Source) -> set[int]:
    lines: set[int] = set()
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | Function) and ast.get_docstring(node) is not None:
            first = node.body[0]
            lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def long_modules(source: Source) -> Iterator[str]:
    length = len(source.code_lines)
    if length > MODULE_LINES:
        yield source.at(1, f"{length} code lines, at most {MODULE_LINES}")


def long_functions(source: Source) -> Iterator[str]:
    for function, _ in source.functions():
        length = len(source.code_lines & set(range(function.lineno, (function.end_lineno or function.lineno) + 1)))
        if length > FUNCTION_LINES:
            yield source.at(function.lineno, f"{function.name} has {length} code lines, at most {FUNCTION_LINES}")


def parameters(source: Source) -> Iterator[tuple[Function, int, int]]:
    """Every function with its positional and all its named parameters; self and cls do not count."""
    for function, is_method in source.functions():
        arguments = function.args
        static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)
        positional = len(arguments.posonlyargs) + len(arguments.args) - (1 if is_method and not static else 0)
        yield function, positional, positional + len(arguments.kwonlyargs)


def many_parameters(source: Source) -> Iterator[str]:
    for function, _, total in parameters(source):
        if total > PARAMETERS:
            yield source.at(function.lineno, f"{function.name} has {total} parameters, at most {PARAMETERS}")


def many_positional(source: Source) -> Iterator[str]:
    for function, positional, _ in parameters(source):
        if positional > POSITIONAL:
            yield source.at(function.lineno, f"{function.name}: {positional} positional, keyword-only beyond two")


def untyped(source: Source) -> Iterator[str]:
    for function, is_method in source.functions():
        arguments = function.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        if is_method and named and named[0].arg in {"self", "cls", "mcs"}:
            named = named[1:]
        named += [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
        missing = [argument.arg for argument in named if argument.annotation is None]
        if function.returns is None:
            missing.append("return")
        if missing:
            yield source.at(function.lineno, f"{function.name} has no type for {', '.join(missing)}")


def undocumented(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield source.at(1, "no module docstring")


def mutable_values(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            called = decorator if isinstance(decorator, ast.Call) else None
            if ast.unparse(called.func if called else decorator).split(".")[-1] != "dataclass":
                continue
            keywords = {k.arg: ast.unparse(k.value) for k in called.keywords} if called else {}
            if keywords.get("frozen") != "True":
                yield source.at(node.lineno, f"{node.name} is a dataclass that is not frozen")


def imports(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def mocks(source: Source) -> Iterator[str]:
    for line, name in imports(source):
        if any(name == banned or name.startswith(f"{banned}.") for banned in BANNED_IN_TESTS):
            yield source.at(line, f"{name}: fakes are small classes or local servers, not patches")


def broad_handlers(source: Source) -> Iterator[str]:
    if source.path.name in OUTERMOST and source.path.parent.name == "rocky_action":
        return
    for node in source.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if any(name is None or ast.unparse(name) in {"Exception", "BaseException"} for name in caught):
            yield source.at(node.lineno, "a broad except; only the outermost one may be")


def strangers(source: Source) -> Iterator[str]:
    """Imports of an outside library away from its home."""
    if not source.path.is_relative_to(ROOT / "rocky_action"):
        return
    place = source.path.relative_to(ROOT / "rocky_action").as_posix()
    for line, name in imports(source):
        library = name.split(".")[0]
        home = HOMES.get(library, "*")
        if not any(fnmatch(place, pattern) for pattern in home.split("|")):
            yield source.at(line, f"{library} is known in {home} only")


def report(problems: Iterable[str]) -> None:
    found = sorted(set(problems))
    assert not found, "\n" + "\n".join(found)


Rule = Callable[[Source], Iterator[str]]
RULES: tuple[Rule, ...] = (
    long_modules,
    long_functions,
    many_parameters,
    many_positional,
    untyped,
    undocumented,
    mutable_values,
    broad_handlers,
    strangers,
    mocks,
)
BREACHES: dict[Rule, str] = {
    long_modules: '"""Doc."""\n' + "x = 1\n" * (MODULE_LINES + 1),
    long_functions: "def f() -> None:\n" + "    print()\n" * FUNCTION_LINES,
    many_parameters: "def f(a: int, b: int, *, c: int, d: int, e: int, f: int, g: int) -> None: ...",
    many_positional: "class A:\n    def f(self, a: int, b: int, c: int) -> None: ...",
    untyped: "def f(a) -> None: ...",
    undocumented: "x = 1",
    mutable_values: "@dataclass(slots=True)\nclass A: ...",
    broad_handlers: "try:\n    x()\nexcept (KeyError, Exception):\n    pass",
    strangers: "def f() -> None:\n    from sqlglot import exp",
    mocks: "from unittest import mock",
}


def written(text: str) -> Source:
    """A module that does not exist, as if it stood in the product."""
    return Source(ROOT / "rocky_action" / "written.py", text, ast.parse(text))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    report(problem for source in PRODUCT for problem in rule(source))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_sees_a_breach(rule: Rule) -> None:
    assert list(rule(written(BREACHES[rule])))


def test_code_lines_are_neither_blank_nor_comments_nor_docstrings() -> None:
    source = written(
        '"""Doc.\n\nMore.\n"""\n\n# why\nx = """a\n\nb"""  # text counts\n\n\ndef f() -> None:\n    """Doc."""\n'
    )
    assert source.code_lines == {7, 8, 9, 12}


def test_tests_and_benchmarks_are_typed_and_patch_nothing() -> None:
    report(problem for source in EVERYTHING for rule in (untyped, mocks) for problem in rule(source))


def test_test_files_have_names_of_their_own() -> None:
    """Two of one name in different folders cannot be collected together."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, number in names.items() if number > 1] == []


def test_arrows_point_down_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", ".importlinter"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "needs"), [("cli", ""), ("commands.planning", "sqlglot"), ("commands.comparison", "")]
)
def test_a_command_imports_nothing_before_it_needs_it(module: str, needs: str) -> None:
    code = f"import sys, rocky_action.{module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == needs


def test_the_architecture_page_names_every_module() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.py)`", page))
    modules = {
        source.path.relative_to(ROOT / "rocky_action").as_posix()
        for source in PRODUCT
        if source.path.name != "__init__.py" and source.path.is_relative_to(ROOT / "rocky_action")
    }
    assert named - {"entrypoint.py"} == modules


def committed() -> Iterator[Path]:
    """What git holds or would hold."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    yield from (ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


# Written in halves, so that this file does not find itself.
MACHINE = re.compile("/" + r"(?:work|root|Users)/\w|/" + r"home/(?!runner)\w+/|\.\./" + "shared")


def test_no_committed_text_names_a_machine() -> None:
    problems = []
    for path in committed():
        if path.relative_to(ROOT).parts[0] == ".ci":
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        problems += [
            f"{path.relative_to(ROOT)}:{n}: {line.strip()[:120]}"
            for n, line in enumerate(lines, 1)
            if MACHINE.search(line)
        ]
    report(problems)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-warehouses.lock", "requirements-dev.lock"])
def test_lock_files_carry_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.findall(r"^\S+==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 10
    assert not re.search(r"://|--\w*index|--find-links|--trusted-host", text)
