"""What docs/found_in_the_wild.md says of TensorFlow is true."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import gradproof as gp

X = np.random.default_rng(0).standard_normal(3)
HESSIAN = 2 / 3 * (np.eye(3) - 1 / 3)  # of a variance, in closed form


def variance_by_moments(x: Any) -> Any:
    return tf.nn.moments(x, [0])[1]


@pytest.mark.parametrize(
    ("f", "right"), [(variance_by_moments, False), (tf.math.reduce_variance, True)]
)
def test_second_derivatives_of_a_variance(f: Any, right: bool) -> None:
    x = tf.constant(X)
    assert gp.check(f, gp.autodiff, x).passed
    assert gp.check(f, gp.autodiff(order=2), x).passed == right
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = f(x)
        gradient = inner.gradient(value, x)
    by_tapes = outer.jacobian(gradient, x).numpy()
    assert np.allclose(by_tapes, HESSIAN) == right
    assert gp.check(f, gp.Hessian(HESSIAN), x).passed
