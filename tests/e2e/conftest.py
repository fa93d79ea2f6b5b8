"""One emulator and one stack for most tests of a process, each test with programs of its own.

`run` starts several processes, each of which takes whole files: most tests wait for a queue or a schedule, not for a core."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stack import BUILT, package, start  # noqa: E402

# The files that wait longest begin first.
FIRST = ["test_killed.py", "test_counted.py", "test_slow.py", "test_migration.py"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    yield from start(tmp_path_factory, "stack")


def pytest_configure(config):
    # A run that is ended stops its emulators.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by a signal", returncode=143))
    if not hasattr(config, "workerinput"):
        package()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


@pytest.fixture(scope="session")
def rollcall():
    """The embedded host."""
    return os.environ.get("ROLLCALL_BIN", str(BUILT / "rollcall"))
