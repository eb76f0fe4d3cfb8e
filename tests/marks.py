"""Marks that both runners heed."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any
from unittest import SkipTest

import pytest


def takes_minutes(test: Callable[..., None]) -> Any:
    """Let a test run by ``pytest -m long`` only; trial, which cannot leave tests out, skips it."""

    @functools.wraps(test)
    def wrapped(*args: Any) -> None:
        if "PYTEST_VERSION" not in os.environ:
            raise SkipTest("takes minutes: run with pytest -m long")
        test(*args)

    return pytest.mark.long(wrapped)
