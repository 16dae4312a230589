"""What the source itself must keep and import contracts cannot see; each broken rule is one sentence."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

DYNAMIC = frozenset(
    {"import_module", "__import__", "spec_from_file_location", "find_spec", "run_module", "run_path", "exec", "eval"}
)
NAMELESS = frozenset({"utils", "util", "helpers", "helper", "common", "misc"})

_SQL_NEVER = {
    r"set_config\s*\(": "set_config (a silent nothing on Citus)",
    r"create\s+(or\s+replace\s+)?(constraint\s+)?trigger": "a trigger",
    r"\w\s+(small|big)serial\b|\w\s+serial(?=\s*(,|\)|primary\b|not\b|unique\b))": "a serial column",
    r"\bas\s+identity\b|\bIdentity\s*\(": "an identity column",
    r"create\s+sequence|\bnextval\s*\(|\bSequence\s*\(": "a sequence",
    r"create\s+extension": "an extension",
    r"server_default\s*=": "a default of the server",
    r"\bwith\s+grouping\s+sets\b|\bmerge\s+into\b": "a statement that Citus refuses",
}
_INDEX_HOST = re.compile(r"(?<!no-emit-)index-url|find-links|trusted-host|extra-index|\[\[tool\.uv\.index", re.I)


def python_files(root: Path, *packages: str) -> Iterator[Path]:
    """Return the Python files of the packages, in order."""
    for package in packages:
        yield from sorted((root / package).rglob("*.py"))


def dynamic_imports(source: str) -> list[str]:
    """Return the calls that import or run what no import contract can see."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            bare = isinstance(called, ast.Name)
            if name in DYNAMIC and (bare or name not in ("exec", "eval")):
                found.append(name)
    return found


def foreign_imports(source: str, *, own: str) -> list[str]:
    """Return the top-level names imported that are neither of the standard library nor `own`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or own).split(".")[0] if node.level == 0 else own)
    return sorted(names - sys.stdlib_module_names - {own})


def sql_faults(source: str) -> list[str]:
    """Return what the SQL or the operations in a source may not say."""
    return [word for pattern, word in _SQL_NEVER.items() if re.search(pattern, source, re.IGNORECASE)]


def unopened_revisions(source: str) -> list[str]:
    """Return the functions of a revision that do not call `begin()` first."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in ("upgrade", "downgrade"):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if not body or ast.unparse(body[0]) != "begin()":
                found.append(node.name)
    return found


def nameless_modules(paths: Iterable[Path]) -> list[str]:
    """Return the modules and packages whose name says nothing."""
    return [str(path) for path in paths if NAMELESS & {path.stem, *path.parts}]


def requirement_faults(text: str) -> list[str]:
    """Return what a requirement file may not hold: an index host, an address, a loose or unhashed requirement."""
    found = [line for line in text.splitlines() if _INDEX_HOST.search(line) or "://" in line]
    for statement in re.sub(r"\\\n", " ", text).splitlines():
        words = statement.split("#", 1)[0].strip()
        if words and not words.startswith("-") and ("==" not in words or "--hash=sha256:" not in words):
            found.append(words)
    return found


def names_an_index_host(text: str) -> bool:
    """Tell whether a file chooses a package index."""
    return _INDEX_HOST.search(text) is not None


def unknown_modules(contracts: Iterable[dict[str, object]]) -> list[str]:
    """Return the modules that contracts guard against and that do not exist: a misspelt name guards nothing."""
    names: set[str] = set()
    for contract in contracts:
        for key in ("forbidden_modules", "protected_modules"):
            listed = contract.get(key, [])
            names |= {str(name) for name in listed} if isinstance(listed, list) else set()
    return sorted(name for name in names if "*" not in name and not _exists(name))


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
