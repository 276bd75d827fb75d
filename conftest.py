"""What every test and doctest has: no colours, whatever terminal runs them."""

import pytest


@pytest.fixture(autouse=True)
def _no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
