"""What several folders of tests share."""

import pytest


@pytest.fixture
def right_and_wrong() -> str:
    """A file with two problems, of which one passes and one fails, to write or to add to."""
    return """
import numpy as np
import gradproof as gp

@gp.problem
def right():
    return gp.Problem(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones(3))

@gp.problem
def wrong():
    return gp.Problem(lambda x: np.sum(x**2), lambda x: 3 * x, np.ones(3))
"""
