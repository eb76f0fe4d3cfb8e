"""The test case of a command family: tables in, tests out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from unittest import SkipTest

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.differential import mutations
from tests.differential.compare import Pair, report
from tests.differential.grammar import Grammar
from tests.differential.peers import oracle, subject
from tests.differential.script import Scenario, Step, version_of

#: How many random walks each family takes; set it to hunt longer than a CI run.
WALKS_VARIABLE = "PYREDIS_WALKS"
_WALKS = int(os.environ.get(WALKS_VARIABLE, "0"))

#: Thresholds so low that walks cross them in both directions.
SMALL_ENCODINGS = {
    "hash-max-listpack-entries": "4",
    "hash-max-listpack-value": "16",
    "set-max-intset-entries": "4",
    "set-max-listpack-entries": "4",
    "set-max-listpack-value": "16",
    "list-max-listpack-size": "4",
    "zset-max-listpack-entries": "4",
    "zset-max-listpack-value": "16",
}

walking = settings(
    max_examples=_WALKS or 60,
    derandomize=not _WALKS,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
walking_far = settings(walking, max_examples=_WALKS or 1500, derandomize=False)


def walks(
    grammar: Grammar, min_size: int = 20, max_size: int = 60
) -> st.SearchStrategy[list[Step]]:
    """Return a strategy for random walks over a grammar."""

    @st.composite
    def one_step(draw: st.DrawFn) -> Step:
        return grammar.step(lambda n: draw(st.integers(0, n - 1)))

    return st.lists(one_step(), min_size=min_size, max_size=max_size)


class DifferentialTestCase(SynchronousTestCase):
    """A test with two servers; skipped, by name, where there is no redis-server."""

    pair: Pair

    def setUp(self) -> None:
        """Find both servers running, or start them."""
        self.pair = Pair(oracle(), subject())

    def same(self, script: str | Sequence[Step] | Scenario, title: str = "") -> None:
        """Fail unless both servers answer the script alike, in both protocols."""
        scenario = script if isinstance(script, Scenario) else Scenario(_frozen(script))
        self.require(scenario.since, scenario.needs)
        steps = scenario.steps()
        with self.pair.configured(scenario.config):
            found = [
                report(self.pair, title or self.id(), steps, resp, scenario.audit)
                for resp in scenario.protocols
            ]
        if any(found):
            self.fail("\n".join(["", *filter(None, found)]))

    def require(self, since: str, needs: Sequence[str] = ()) -> None:
        """Skip what the oracle is too old for, or what a server does not have."""
        if version_of(since) > self.pair.oracle.version:
            held = ".".join(map(str, self.pair.oracle.version))
            raise SkipTest(f"needs a redis-server {since} to compare with, this one is {held}")
        for command in needs:
            for peer in (self.pair.oracle, self.pair.subject):
                if not peer.knows(command):
                    raise SkipTest(f"needs {command}, which {peer.label} does not have")


def _frozen(script: str | Sequence[Step]) -> str | tuple[Step, ...]:
    return script if isinstance(script, str) else tuple(script)


class FamilyTests(DifferentialTestCase):
    """Turns the tables of a family into one test for each row.

    Attributes:
        scenarios: Scripts by the fact they show; each becomes a test.
        samples: Good calls, to be got wrong in every way; a line or a `Sample`.
        grammar: The calls of random walks; one line a command.
        pools: Words for the grammar besides the common ones.
        walk_config: Parameters for walks.
    """

    scenarios: ClassVar[Mapping[str, str | Sequence[Step] | Scenario]] = {}
    samples: ClassVar[Sequence[str | mutations.Sample]] = ()
    grammar: ClassVar[str] = ""
    pools: ClassVar[Mapping[str, Sequence[Any]]] = {}
    walk_config: ClassVar[Mapping[str, str]] = SMALL_ENCODINGS

    def __init_subclass__(cls, **options: Any) -> None:
        """Make the tests of the tables the class itself states."""
        super().__init_subclass__(**options)
        own = cls.__dict__
        for title, scenario in own.get("scenarios", {}).items():
            _add(cls, title, _scenario_test(title, scenario))
        for row in own.get("samples", ()):
            sample = row if isinstance(row, mutations.Sample) else mutations.Sample(row)
            title = f"{sample.call} got wrong in every way"
            _add(cls, title, _mutations_test(sample))
        if own.get("grammar"):
            calls = Grammar(cls.grammar, cls.pools)
            _add(cls, "random walks", _walk_test(calls, walking))
            _add(cls, "long random walks", pytest.mark.long(_long(_walk_test(calls, walking_far))))


Test = Callable[[Any], None]


def _add(cls: type[FamilyTests], title: str, test: Test) -> None:
    name = "test_" + re.sub(r"\W+", "_", title).strip("_")
    if name in cls.__dict__:
        raise TypeError(f"{cls.__name__} has two rows called {title!r}")
    test.__name__ = name
    test.__qualname__ = f"{cls.__qualname__}.{name}"
    test.__module__ = cls.__module__
    test.__doc__ = f"Both servers answer alike: {title}."
    setattr(cls, name, test)


def _scenario_test(title: str, scenario: str | Sequence[Step] | Scenario) -> Test:
    def test(self: FamilyTests) -> None:
        self.same(scenario, title)

    return test


def _mutations_test(sample: mutations.Sample) -> Test:
    def test(self: FamilyTests) -> None:
        self.require(sample.since)
        found = mutations.compared(self.pair, sample, 2) or mutations.compared(self.pair, sample, 3)
        if found:
            more = f"\n  … and {len(found) - 12} more" if len(found) > 12 else ""
            self.fail(f"{len(found)} calls differ:\n  " + "\n  ".join(found[:12]) + more)

    return test


def _long(test: Test) -> Test:
    def long_test(self: FamilyTests) -> None:
        if "PYTEST_VERSION" not in os.environ and not _WALKS:  # trial cannot leave tests out.
            raise SkipTest(f"takes minutes: run with pytest -m long, or set {WALKS_VARIABLE}")
        test(self)

    return long_test


def _walk_test(grammar: Grammar, profile: settings) -> Test:
    def test(self: FamilyTests) -> None:
        pair = self.pair
        known = grammar.restricted_to(
            lambda name: name in pair.oracle.arities and name in pair.subject.arities
        )

        @profile
        @given(walks(known), st.sampled_from((2, 3)))
        def walk(steps: list[Step], resp: int) -> None:
            found = report(pair, "a walk", steps, resp)
            if found:
                raise AssertionError(f"\n{found}")

        with pair.configured(self.walk_config):
            walk()

    return test
