"""TensorFlow conforms, with its tensors and with its variables."""

from typing import Any

import pytest
import tensorflow as tf

from gradproof.conformance import Framework, conformance


@pytest.mark.parametrize("array", [tf.constant, tf.Variable])
def test_tensorflow_conforms(array: Any) -> None:
    of = Framework(
        array,
        lambda tensor: tensor.numpy(),
        tf.sin,
        tf.cos,
        tf.reduce_sum,
        modes=("reverse", "forward"),
        take=tf.gather,
    )
    assert len(conformance(of)) == 8
