"""What is said while examples are made."""

import pytest
from absl import logging


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of the log."""
    found: list[str] = []
    monkeypatch.setattr(logging, "info", lambda text, *values: found.append(text % values))
    return found
