"""The list of hooks holds every private name of MiniStack that the package uses, and says what is wrong."""

import ast
from pathlib import Path

import pytest
from mlops_local.aws import hooks

PACKAGE = Path(hooks.__file__).parent
PREFIX = "ministack."


def imported_modules(tree: ast.Module) -> dict[str, str]:
    """The local names of MiniStack's modules in a file."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def private_names(path: Path) -> set[tuple[str, str]]:
    tree = ast.parse(path.read_text())
    modules = imported_modules(tree)
    used = {(modules[node.value.id], node.attr) for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules}
    used |= {(ast.unparse(node.value), node.attr) for node in ast.walk(tree)
             if isinstance(node, ast.Attribute) and ast.unparse(node.value).startswith(PREFIX)}
    used |= {(name.rpartition(".")[0], name.rpartition(".")[2]) for name in modules.values()}
    return {(module, name) for module, name in used if name.startswith("_") and not name.startswith("__")}


def test_every_private_name_is_a_hook():
    listed = {(hook.module, hook.name) for hook in hooks.HOOKS}
    used = set().union(*(private_names(path) for path in PACKAGE.rglob("*.py")))
    assert used - listed == set()


def test_a_name_that_is_gone_or_has_changed_is_named():
    assert hooks.Hook("ministack.app", "_nothing", dict).problem() == "ministack.app._nothing is gone"
    assert "is a dict, expected list" in hooks.Hook("ministack.app", "_state_map", list).problem()
    assert "takes (scope receive send), expected (x)" in hooks.Hook("ministack.app", "app", "x").problem()


def test_another_version_ends_the_start(monkeypatch):
    monkeypatch.setattr(hooks, "MINISTACK_VERSION", "0.0.0")
    with pytest.raises(SystemExit, match="is installed, expected 0.0.0"):
        hooks.check()
