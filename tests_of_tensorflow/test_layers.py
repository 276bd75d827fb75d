"""Layers, models and modules as points: their variables by name, moved in place, and put back."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradproof as gp

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
WORDS = tf.constant([[1, 3, 3], [7, 2, 0], [4, 4, 1], [0, 6, 7], [5, 3, 2]])


@tf.custom_gradient
def wrong_tanh(x: Any) -> Any:
    return tf.tanh(x), lambda u: 1.5 * u * (1 - tf.tanh(x) ** 2)


@keras.saving.register_keras_serializable()
class Classifier(keras.Model):
    """A model with everything that one may have: lists, frozen and unused layers, state."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = keras.layers.Embedding(8, 2)
        self.hidden = [keras.layers.Dense(3), keras.layers.Dense(2)]
        self.norm = keras.layers.BatchNormalization()
        self.frozen = keras.layers.Dense(2, trainable=False)
        self.unused = keras.layers.Dense(2)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, words: Any) -> Any:
        found = tf.reduce_mean(self.embedding(words), axis=1)
        for layer in self.hidden:
            found = tf.tanh(layer(found))
        return self.scale * self.frozen(self.norm(found, training=True))


def classifier() -> Any:
    keras.utils.set_random_seed(0)
    model = Classifier()
    model.unused.build((1, 2))
    model(WORDS)
    return model


def network(activation: Any = tf.tanh) -> Any:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(2, activation=activation), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((4,)), *layers])


def loss(model: Any) -> Any:
    return tf.reduce_mean(model(WORDS) ** 2)


def squares(model: Any) -> Any:
    return tf.reduce_mean(model(X) ** 2)


def numbers(model: Any) -> list[bytes]:
    return [one.numpy().tobytes() for one in model.variables]


def slow(model: Any) -> Any:
    time.sleep(0.005)
    return squares(model)


def codes(report: gp.Report) -> set[str]:
    return {cause.code for cause in report.causes}


def test_a_model_has_its_variables_by_name_and_is_as_it_was() -> None:
    model = classifier()
    before, held = numbers(model), [one.value for one in model.variables]
    report = gp.check(loss, gp.autodiff, model)
    assert report.passed, report.summary()
    assert {leaf.address for leaf in report.leaves} == {
        "model.embedding.embeddings",
        "model.hidden[0].kernel",
        "model.hidden[0].bias",
        "model.hidden[1].kernel",
        "model.hidden[1].bias",
        "model.norm.gamma",
        "model.norm.beta",
        "model.unused.kernel",
        "model.unused.bias",
        "model.scale",
    }
    assert report.rtol == 1e-4
    assert any("evaluated in float64" in note for note in report.notes)
    assert numbers(model) == before
    assert all(one.value is value for one, value in zip(model.variables, held, strict=True))
    assert {one.dtype for one in model.variables} == {"float32"}
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}
    assert report.causes[-1].code == "GP504"
    assert report.causes[-1].addresses == ("model.unused.kernel", "model.unused.bias")


def test_a_wrong_gradient_inside_of_a_model_is_found() -> None:
    model = network(wrong_tanh)
    before = numbers(model)
    report = gp.check(squares, gp.autodiff, model)
    assert [leaf.verdict for leaf in report.leaves] == ["fail", "fail", "pass", "pass"]
    assert codes(report) == {"GP302", "GP413"}
    assert report.culprits[0].address.startswith("model.layers[0].")
    assert numbers(model) == before


def test_gradients_by_hand_in_the_order_of_the_variables_or_by_name() -> None:
    model = network()

    def by_tape(model: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            value = squares(model)
        found = tape.gradient(value, [one.value for one in model.trainable_variables])
        return list(found)

    def wrong(model: Any) -> Any:
        names = ["layers[0].kernel", "layers[0].bias", "layers[1].kernel", "layers[1].bias"]
        return dict(zip(names, by_tape(model), strict=True)) | {
            "layers[1].bias": -by_tape(model)[3]
        }

    assert gp.check(squares, by_tape, model, plan="project").passed
    report = gp.check(squares, wrong, model)
    assert [leaf.verdict for leaf in report.leaves] == ["pass"] * 3 + ["fail"]
    assert report.leaves[3].address == "model.layers[1].bias"


def test_whatever_f_raises_the_model_is_as_it_was() -> None:
    model = classifier()
    before = numbers(model)

    def broken(error: type[BaseException], at: int) -> Callable[[Any], Any]:
        calls = 0

        def f(model: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise error
            return loss(model)

        return f

    for at in (1, 3, 20, 70):  # what f raises when it is tried in float64 does not surface
        with pytest.raises(KeyError):
            gp.check(broken(KeyError, at), gp.autodiff, model)
        assert numbers(model) == before
        assert {one.dtype for one in model.variables} == {"float32"}
    interrupted = gp.check(broken(KeyboardInterrupt, 60), gp.autodiff, model)
    assert interrupted.notes[-1].endswith("it was interrupted")
    assert numbers(model) == before
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}


@pytest.mark.parametrize("options", [{"mode": "forward"}, {"order": 2}])
def test_forward_mode_and_second_order(options: Any) -> None:
    report = gp.check(squares, gp.autodiff(**options), network())
    assert report.passed, report.summary()
    assert report.rtol == 1e-4


def test_dropout_has_the_same_mask_at_every_evaluation() -> None:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(6, dtype="float64"), keras.layers.Dropout(0.5, dtype="float64")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    before = numbers(model)
    report = gp.check(lambda m: tf.reduce_sum(m(X, training=True) ** 2), gp.autodiff, model)
    assert report.passed, report.summary()
    assert report.rtol == 1e-6
    assert report.notes == ()
    assert numbers(model) == before


def test_a_compiled_loss_is_measured_as_it_is() -> None:
    model = network()
    report = gp.check(tf.function(squares), gp.autodiff, model)
    assert report.passed, report.summary()
    assert report.rtol == 1e-2
    assert any("not the same function in float64" in note for note in report.notes)


def test_a_loss_by_a_closure_sees_the_variables_move() -> None:
    model = network()
    assert gp.check(lambda _: squares(model), gp.autodiff, model).passed


def test_inputs_are_checked_with_the_layer() -> None:
    keras.utils.set_random_seed(0)
    layer = keras.layers.SimpleRNN(3, dtype="float64")
    x = tf.constant(np.random.default_rng(0).standard_normal((2, 3, 2)))
    layer(x)
    report = gp.check(lambda t: tf.reduce_sum(tf.sin(t[0](t[1]))), gp.autodiff, (layer, x))
    assert report.passed, report.summary()
    assert report.rtol == 1e-6
    assert [leaf.address for leaf in report.leaves] == [
        "t[0].cell.kernel",
        "t[0].cell.recurrent_kernel",
        "t[0].cell.bias",
        "t[1]",
    ]


def test_shared_layers_are_checked_once() -> None:
    layer = keras.layers.Dense(2, dtype="float64")
    layer(X)
    other = keras.Sequential([layer, keras.layers.Dense(1, dtype="float64")])
    other(X)
    report = gp.check(
        lambda t: tf.reduce_sum(t["a"](X)) + tf.reduce_sum(t["b"](X) ** 2),
        gp.autodiff,
        {"a": layer, "b": other},
    )
    assert report.passed, report.summary()
    addresses = [leaf.address for leaf in report.leaves]
    assert addresses == [
        "t['a'].kernel",
        "t['a'].bias",
        "t['b'].layers[1].kernel",
        "t['b'].layers[1].bias",
    ]


class Linear(tf.Module):
    def __init__(self, dtype: Any) -> None:
        super().__init__()
        self.w = tf.Variable(X[:4, :2], dtype=dtype)
        self._hidden = tf.Variable(X[0, :2], dtype=dtype)
        self.count = tf.Variable(0, trainable=False)

    @tf.function
    def __call__(self, x: Any) -> Any:
        self.count.assign_add(1)
        return tf.tanh(tf.cast(x, self.w.dtype) @ self.w + self._hidden)


@pytest.mark.parametrize(("dtype", "rtol"), [(tf.float64, 1e-6), (tf.float32, 1e-2)])
def test_modules_of_tensorflow_itself(dtype: Any, rtol: float) -> None:
    module = Linear(dtype)
    before = numbers(module)
    report = gp.check(lambda m: tf.reduce_sum(m(X)), gp.autodiff, module)
    assert report.passed, report.summary()
    assert report.rtol == rtol
    found = {leaf.address: leaf.path for leaf in report.leaves}
    assert "m.w" in found
    assert len(found) == 2
    assert numbers(module) == before


def test_two_checks_of_one_layer_at_once_are_refused() -> None:
    model = network()

    def checking(model: Any) -> Any:
        gp.check(squares, gp.autodiff, model)
        return squares(model)

    with pytest.raises(gp.InputError, match="being checked already"):
        gp.check(checking, gp.autodiff, model)
    assert gp.check(squares, gp.autodiff, model).passed


def test_wrong_use_gets_help() -> None:
    with pytest.raises(gp.InputError, match="without variables yet"):
        gp.check(squares, gp.autodiff, keras.layers.Dense(3))
    with ThreadPoolExecutor(1) as pool, pytest.raises(gp.InputError, match="cannot be sent"):
        gp.check(slow, gp.autodiff, network(), executor=pool)
