"""Checks of TensorFlow's automatic differentiation, and of gradients of tensors by hand."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradproof as gp

OPTIONS = [{}, {"mode": "forward"}, {"order": 2}, {"mode": "forward", "order": 2}]


def normal(*shape: int, seed: int = 0, dtype: Any = tf.float64) -> Any:
    return tf.constant(np.random.default_rng(seed).standard_normal(shape), dtype)


def codes(report: gp.Report) -> set[str]:
    return {cause.code for cause in report.causes}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    ("f", "dtype"),
    [
        (lambda t: tf.reduce_sum(tf.sin(t)), tf.float32),
        (
            tf.function(lambda t: tf.reduce_sum(tf.sin(t) * tf.exp(tf.reduce_sum(t)))),
            tf.float64,
        ),
        (lambda t: tf.reduce_sum(tf.reduce_logsumexp(t @ tf.transpose(t), axis=0)), tf.float64),
    ],
)
def test_what_tensorflow_computes_is_right_in_either_mode_and_order(
    f: Any, dtype: Any, options: Any
) -> None:
    report = gp.check(f, gp.autodiff(**options), normal(2, 3, dtype=dtype))
    assert report.passed, report.summary()
    assert report.rtol == (1e-6 if dtype is tf.float64 else 1e-4)
    promoted = any("evaluated in float64" in note for note in report.notes)
    assert promoted == (dtype is tf.float32)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision(dtype: Any) -> None:
    at = normal(4, 3, dtype=dtype)
    report = gp.check(lambda t: tf.reduce_sum(tf.sin(t)), gp.autodiff, at)
    assert report.passed, report.summary()
    report = gp.check(lambda t: tf.reduce_sum(tf.sin(t)), lambda t: 1.5 * tf.cos(t), at)
    assert report.verdict == "fail"


@pytest.mark.parametrize("options", [{}, {"mode": "forward"}])
def test_pytrees_of_outputs_and_of_parameters_beside_constants(options: Any) -> None:
    def f(p: Any) -> Any:
        hidden = tf.linalg.matvec(p["W"], p["x"][0])
        return {"a": hidden, "n": tf.range(3), "b": tf.reduce_sum(p["x"][0] ** 2) * p["k"]}

    at = {
        "W": normal(4, 3),
        "x": (tf.Variable(normal(3, seed=1)),),
        "k": 3.0,
        "i": tf.range(2),
        "fixed": tf.Variable(normal(2), trainable=False),
        "c": tf.complex(normal(2), normal(2)),
    }
    report = gp.check(f, gp.autodiff(**options), at)
    assert report.passed, report.summary()
    assert [leaf.address for leaf in report.leaves] == ["p['W']", "p['x'][0]"]
    assert any("p['fixed']: went along" in n and "trainable" in n for n in report.notes)
    assert any("p['c']: went along" in n and "complex" in n for n in report.notes)


def wrong_product(factor: float) -> Any:
    """Return a sin(b), whose gradient by b is wrong by a factor."""

    @tf.custom_gradient
    def product(a: Any, b: Any) -> Any:
        def backward(u: Any) -> Any:
            return u * tf.sin(b), tf.cast(factor, b.dtype) * u * a * tf.cos(b)

        return a * tf.sin(b), backward

    return product


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize(("factor", "code"), [(-1.0, "GP301"), (1.5, "GP302"), (1.0, None)])
def test_a_wrong_custom_gradient_is_located_and_named(mode: Any, factor: float, code: str) -> None:
    product, at = wrong_product(factor), (normal(2, 3), normal(2, 3, seed=1))

    def f(t: Any) -> Any:
        return product(*t)

    report = gp.check(tf.function(f), gp.autodiff(mode=mode), at)
    assert [leaf.verdict for leaf in report.leaves] == ["pass", "fail" if code else "pass"]
    assert codes(report) == ({code} if code else set())
    # In forward mode TensorFlow looks through what is not compiled.
    report = gp.check(f, gp.autodiff(mode=mode), at)
    assert report.passed == (code is None or mode == "forward")


def test_a_wrong_second_derivative_fails_in_second_order_only() -> None:
    @tf.custom_gradient
    def slope(x: Any) -> Any:
        return 3 * x**2, lambda u: 1.5 * u * 6 * x

    @tf.custom_gradient
    def cube(x: Any) -> Any:
        return x**3, lambda u: u * slope(x)

    f, at = lambda t: tf.reduce_sum(cube(t)), normal(3)
    assert gp.check(f, gp.autodiff, at).passed
    report = gp.check(f, gp.autodiff(order=2), at)
    assert codes(report) == {"GP302"}


def test_slices_are_made_dense() -> None:
    words = tf.constant([0, 2, 2, 4])

    def f(table: Any) -> Any:
        return tf.reduce_sum(tf.sin(tf.nn.embedding_lookup(table, words)))

    def by_tape(table: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(table)
            value = f(table)
        found = tape.gradient(value, table)
        assert isinstance(found, tf.IndexedSlices)
        return found

    for at in (normal(5, 3), tf.Variable(normal(5, 3))):
        for claim in (gp.autodiff, by_tape, gp.autodiff(order=2)):
            report = gp.check(f, claim, at)
            assert report.passed, report.summary()
            assert report.leaves[0].shape == (5, 3)


def test_what_differentiation_does_not_reach_is_named() -> None:
    at = {"used": normal(3), "unused": normal(3), "cut": normal(2)}

    def f(p: Any) -> Any:
        return tf.reduce_sum(p["used"] ** 2) + tf.reduce_sum(tf.stop_gradient(p["cut"]) ** 2)

    report = gp.check(f, gp.autodiff, at)
    assert [leaf.verdict for leaf in report.leaves] == ["pass", "pass", "fail"]
    assert report.causes[-1].code == "GP504"
    assert report.causes[-1].addresses == ("p['unused']", "p['cut']")


@pytest.mark.parametrize("dtype", [tf.float64, tf.float32])
@pytest.mark.parametrize(
    "claim",
    [
        gp.VJP(lambda t, u: tf.cos(t) * u, jvp=lambda t, v: tf.cos(t) * v),
        gp.JVP(lambda t, v: tf.cos(t) * v),
        gp.Jacobian(lambda t: tf.linalg.diag(tf.cos(t))),
    ],
)
def test_claims_may_be_functions_of_tensors(claim: Any, dtype: Any) -> None:
    assert gp.check(tf.sin, claim, normal(5, dtype=dtype)).passed
    assert gp.check(lambda t: 1.1 * tf.sin(t), claim, normal(5, dtype=dtype)).verdict == "fail"


def test_second_derivatives() -> None:
    def gradient(t: Any) -> Any:
        return tf.exp(tf.reduce_sum(t)) + tf.cos(t)

    def product(t: Any, v: Any) -> Any:
        return tf.exp(tf.reduce_sum(t)) * tf.reduce_sum(v) - tf.sin(t) * v

    def f(t: Any) -> Any:
        return tf.exp(tf.reduce_sum(t)) + tf.reduce_sum(tf.sin(t))

    assert gp.check(f, gp.HVP(product, gradient=gradient), normal(4)).passed
    matrix = gp.Hessian(lambda t: tf.exp(tf.reduce_sum(t)) - tf.linalg.diag(tf.sin(t)))
    assert gp.check(f, matrix, normal(2)).passed
    assert gp.check(lambda t: 1.1 * f(t), matrix, normal(2)).verdict == "fail"


@pytest.mark.parametrize("make", [tf.Variable, lambda x: keras.Variable(x, dtype="float64")])
def test_a_variable_of_the_user_is_not_touched(make: Any) -> None:
    mine = make(normal(4, 3))
    before = mine.numpy().tobytes()
    seen = set()

    def f(v: Any) -> Any:
        assert type(v) is type(mine)
        assert v is not mine
        seen.add(id(v))
        return tf.reduce_sum(tf.sin(tf.convert_to_tensor(v)))

    for claim in (gp.autodiff, gp.autodiff(mode="forward"), lambda v: tf.cos(v)):
        seen.clear()
        assert gp.check(f, claim, mine).passed
        assert len(seen) < 12  # it is assigned to, not made anew
    wrong = np.ones((4, 3))
    wrong[2, 1] = 1.1
    report = gp.check(f, lambda v: tf.cos(v) * wrong, mine)
    assert [one.index for one in report.culprits] == [(2, 1)]
    assert mine.numpy().tobytes() == before


def test_f_that_assigns_to_its_argument_is_noticed() -> None:
    def f(v: Any) -> Any:
        value = tf.reduce_sum(v["a"] ** 2) + v["b"] ** 3
        v["a"].assign_add(v["a"])
        return value

    at = {"a": tf.Variable(normal(3)), "b": tf.Variable(0.7, dtype=tf.float64)}
    report = gp.check(f, lambda v: {"a": 2 * v["a"], "b": 3 * v["b"] ** 2}, at)
    assert report.passed, report.summary()
    assert "GP102" in codes(report)


def test_variables_that_go_along_are_put_back() -> None:
    count = tf.Variable(0.0, trainable=False, dtype=tf.float64)

    def f(p: Any) -> Any:
        p["count"].assign_add(1.0)
        return tf.reduce_sum(p["x"] ** 2) * p["count"]

    assert gp.check(f, gp.autodiff, {"x": normal(3), "count": count}).passed
    assert float(count) == 0.0


def test_many_parameters_go_by_directions() -> None:
    at = normal(300, 10)
    report = gp.check(lambda t: tf.reduce_sum(tf.sin(t)), gp.autodiff, at)
    assert report.passed
    assert report.plan == "project"


def test_terms_and_references() -> None:
    at = normal(4, 3)
    problem = gp.Problem(lambda t: tf.sin(t) ** 2, gp.autodiff, at, terms="mean")
    assert gp.check(problem).passed
    single = tf.cast(at, tf.float32)

    def f(t: Any) -> Any:
        return tf.exp(t) / tf.reduce_sum(tf.exp(t))

    problem = gp.Problem(f, gp.autodiff, single, reference=tf.nn.softmax)
    assert gp.check(problem).verdict == "fail"
    problem = gp.Problem(f, gp.autodiff, single, reference=lambda t: tf.nn.softmax(t, axis=None))
    problem = gp.Problem(
        f,
        gp.autodiff,
        single,
        reference=lambda t: tf.reshape(tf.nn.softmax(tf.reshape(t, [-1])), t.shape),
    )
    assert gp.check(problem).passed


def test_random_numbers_are_repeated_by_reseeding() -> None:
    def f(t: Any) -> Any:
        return tf.reduce_sum(tf.nn.dropout(t, 0.5) ** 2)

    at = normal(6)
    assert "GP101" in codes(gp.check(f, gp.autodiff, at))
    problem = gp.Problem(f, gp.autodiff, at, reseed=lambda: tf.random.set_seed(0))
    assert gp.check(problem).passed


def test_wrong_use_gets_help() -> None:
    with pytest.raises(gp.InputError, match=r"leave out \.numpy\(\)"):
        gp.check(lambda t: np.sum(t.numpy()), gp.autodiff, normal(3))
    with pytest.raises(gp.InputError, match="no array of floating-point numbers"):
        gp.check(tf.reduce_sum, gp.autodiff, tf.range(3))
    with tf.Graph().as_default(), pytest.raises(gp.InputError, match=r"outside of tf\.function"):
        gp.check(tf.reduce_sum, gp.autodiff, tf.constant([1.0]))
