"""What each test costs in processor time, and the limit that keeps ``make test`` short.

Processor time of the test's process and of all that it started (browsers, servers, commands), so
that a slow or busy machine fails nothing. What a wider fixture takes (a browser, a server, a
model) is not the first test's fault and counts by itself.

Loaded as a pytest plugin by ``tests/conftest.py``.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

#: Most processor seconds of a test without the marker ``long``, and of a fixture.
LIMIT_S = 5.0
#: What :func:`slowness` compares with: the processor seconds of so many on two idle cores.
OBJECTS, OBJECTS_S = 200_000, 0.4
#: How often the machine is measured before a test is said to take too long.
MEASURES = 3
#: How many of the slowest are named at the end.
NAMED = 10
WAY_OUT = (
    "Make it smaller, or move what is repeated or large into a twin marked `long` "
    "(CONTRIBUTING.md, Tests)."
)
#: Whether this system says which children a process has.
CHILDREN_KNOWN = Path(f"/proc/self/task/{os.getpid()}/children").exists()
_SPENT = pytest.StashKey[float]()
#: The most that was ever spent.
_most = 0.0
#: The slowest that this machine was found to be.
_slowest = 1.0
#: Processor seconds that wider fixtures took while the test that asked for them was set up.
_shared_s = 0.0


def spent_s() -> float:
    """Return the processor seconds of this process and of all that it ever started.

    A process that ends while the others are read is in no sum once: its parent, read before, did
    not have its seconds yet. So the sum never falls, else they would count twice, and a browser's
    window of the test before would be the fault of the fixture after it.
    """
    global _most  # noqa: PLW0603
    total = sum(os.times()[:4])
    for child in _descendants(os.getpid()):
        with suppress(psutil.Error):
            total += sum(psutil.Process(child).cpu_times()[:4])
    _most = max(_most, total)
    return _most


def _descendants(process: int) -> Iterator[int]:
    """Give the processes that a process started, and those that they did.

    Linux says so by itself; psutil would look at every process there is, and this is asked often.
    """
    if not CHILDREN_KNOWN:
        yield from (child.pid for child in psutil.Process(process).children(recursive=True))
        return
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from _descendants(child)


def slowness() -> float:
    """Return how many times as long as on an idle machine processor seconds are here and now.

    Two threads of one core that both work slow each other down, and some machines are slow. What
    is measured goes through memory, as tests do: an empty loop never leaves the core.
    """
    gc.freeze()  # else the collector would look through all that the tests have left, too
    begun = time.process_time()
    json.loads(json.dumps([{str(number): [number]} for number in range(OBJECTS)]))
    taken = time.process_time() - begun
    gc.unfreeze()
    return max(1.0, taken / OBJECTS_S)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Measure what setting up the test itself takes."""
    global _shared_s
    _shared_s, begun = 0.0, spent_s()
    yield
    item.stash[_SPENT] = spent_s() - begun - _shared_s


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Iterator[None]:
    """Measure a wider fixture by itself; one that a long test asks for first may take long."""
    global _shared_s  # noqa: PLW0603
    if fixturedef.scope == "function":
        return (yield)
    inner, begun = _shared_s, spent_s()
    result = yield
    own = spent_s() - begun - (_shared_s - inner)
    _shared_s += own
    if request._pyfuncitem.get_closest_marker("long") is None:
        _check(f"fixture {fixturedef.argname}", own)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that took too long, unless it is a long one."""
    global _shared_s
    _shared_s, begun = 0.0, spent_s()
    yield
    spent = item.stash[_SPENT] + spent_s() - begun - _shared_s
    item.user_properties.append(("cpu_s", spent))
    if item.get_closest_marker("long") is None:
        _check(item.nodeid, spent)


def _check(name: str, spent: float) -> None:
    # What a processor second is worth changes by the second, so the slowest measure counts, and
    # it is measured only where that does not explain the test: it takes a second itself.
    global _slowest  # noqa: PLW0603
    for _ in range(MEASURES):
        if spent <= LIMIT_S * _slowest:
            return
        _slowest = max(_slowest, slowness())
    if spent > LIMIT_S * _slowest:
        pytest.fail(
            f"{name} took {spent:.1f} CPU-seconds; without the marker `long` it may take "
            f"{LIMIT_S:g}. {WAY_OUT}",
            pytrace=False,
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the slowest tests, and say how slow this machine is."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    spent = {r.nodeid: dict(r.user_properties).get("cpu_s", 0.0) for r in reports}
    slowest = sorted(spent, key=lambda name: -spent[name])[:NAMED]
    terminalreporter.section(f"slowest {NAMED} tests, CPU-seconds")
    for name in slowest:
        terminalreporter.line(f"{spent[name]:6.2f}  {name}")
    share = 1 / slowness()
    terminalreporter.line(
        f"a processor second does here what {share:.2f} do on an ordinary machine"
    )
