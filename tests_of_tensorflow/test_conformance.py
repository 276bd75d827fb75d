"""TensorFlow conforms."""

import tensorflow as tf

from gradproof.conformance import Framework, conformance


def test_tensorflow_conforms() -> None:
    of = Framework(
        tf.constant,
        lambda tensor: tensor.numpy(),
        tf.sin,
        tf.cos,
        tf.reduce_sum,
        modes=("reverse", "forward"),
        take=tf.gather,
    )
    assert len(conformance(of)) == 8
