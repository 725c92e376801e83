"""What `narrowgate.policy` exports, and that it costs nothing before it is used."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import narrowgate.policy


def test_every_exported_name_is_there() -> None:
    for name in narrowgate.policy.__all__:
        assert getattr(narrowgate.policy, name) is not None
    assert set(narrowgate.policy.__all__) <= set(dir(narrowgate.policy))


def test_what_is_not_exported_is_not_there() -> None:
    assert not hasattr(narrowgate.policy, "no_such_name")


def test_no_module_hides_an_exported_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(narrowgate.policy.__path__)}
    assert modules.isdisjoint(narrowgate.policy.__all__)


def test_the_package_alone_loads_neither_boto3_nor_itself() -> None:
    """A fresh interpreter: only then is it seen what the import brings along."""
    code = (
        "import sys, narrowgate.policy\n"
        "print(*sorted(name for name in sys.modules if 'narrowgate.policy.' in name or 'boto' in name))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_deciding_loads_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from narrowgate.policy import covers, evaluate, load, minimise, surface\n"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names) - {'narrowgate'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
