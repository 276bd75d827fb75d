"""Functions that draw random numbers: they get the same ones everywhere, and all is put back."""

import random
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rich.style  # noqa: F401  draws a random number when it is first imported

import gradproof as gp

Array = npt.NDArray[Any]
KEPT = 0.7
WRONG: list[Callable[[Array], Array]] = [
    lambda g: 1.001 * g,
    lambda g: -g,
    lambda g: np.roll(g, 1),
    lambda g: g + np.eye(g.size)[0],
]
X = np.random.default_rng(7).standard_normal((12, 6))
W = np.random.default_rng(8).standard_normal(6)
NOTE = "f draws random numbers: it got the same ones at every evaluation"


def numpy_global(n: int) -> Array:
    return np.random.random(n)  # noqa: NPY002


def python_global(n: int) -> Array:
    return np.array([random.random() for _ in range(n)])


class Network:
    """One layer with dropout on its inputs; `draw` gives uniform numbers."""

    def __init__(self, draw: Callable[[int], Array], kept: float = KEPT) -> None:
        self.draw = draw
        self.kept = kept

    def inputs(self) -> Array:
        masked: Array = X * (self.draw(X.size).reshape(X.shape) < self.kept) / self.kept
        return masked

    def loss(self, w: Array) -> float:
        return float(np.mean(np.tanh(self.inputs() @ w) ** 2))

    def gradient(self, w: Array) -> Array:
        inputs = self.inputs()
        a = np.tanh(inputs @ w)
        return np.asarray(inputs.T @ (2 * a * (1 - a**2)) / len(X))


def states() -> tuple[Any, Any]:
    return random.getstate(), np.random.get_state()  # noqa: NPY002


def same(before: tuple[Any, Any], after: tuple[Any, Any]) -> bool:
    numpy_same = all(np.array_equal(a, b) for a, b in zip(before[1], after[1], strict=True))
    return before[0] == after[0] and numpy_same


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


@pytest.fixture(autouse=True)
def _globals_are_put_back() -> Iterator[None]:
    """Nothing here may move a global generator beyond its end."""
    before = states()
    yield
    assert same(before, states())


@pytest.mark.parametrize("draw", [numpy_global, python_global])
def test_dropout_from_a_global_generator(draw: Callable[[int], Array]) -> None:
    net = Network(draw)
    report = gp.check(net.loss, net.gradient, W)
    assert report.passed, report.summary()
    assert report.rtol == 1e-6
    assert NOTE in report.notes
    assert report.leaves[0].reason is None
    for wrong in WRONG:
        assert gp.check(net.loss, lambda w, wrong=wrong: wrong(net.gradient(w)), W).verdict == (
            "fail"
        )


@pytest.mark.parametrize(
    ("generator", "draw"),
    [
        (np.random.default_rng(1), lambda g, n: g.random(n)),
        (np.random.Generator(np.random.MT19937(1)), lambda g, n: g.random(n)),
        (np.random.RandomState(1), lambda g, n: g.random_sample(n)),
        (random.Random(1), lambda g, n: np.array([g.random() for _ in range(n)])),
    ],
)
@pytest.mark.parametrize("as_list", [False, True])
def test_a_generator_of_ones_own(generator: Any, draw: Any, as_list: bool) -> None:
    net = Network(lambda n: np.asarray(draw(generator, n)))
    reseed = [generator] if as_list else generator
    following = Network(lambda n: np.asarray(draw(generator, n)))

    report = gp.check(gp.Problem(net.loss, net.gradient, W, reseed=reseed))
    assert report.passed, report.summary()
    assert not report.notes  # it was asked for
    for wrong in WRONG:
        problem = gp.Problem(
            net.loss, lambda w, wrong=wrong: wrong(net.gradient(w)), W, reseed=reseed
        )
        assert gp.check(problem).verdict == "fail"
    # The generator is where it was: what it draws next is what the checks got, each of them.
    first = following.inputs()
    gp.check(gp.Problem(net.loss, net.gradient, W, reseed=reseed))
    assert not np.array_equal(first, following.inputs())


def test_given_generators_are_put_back() -> None:
    generator = np.random.default_rng(3)
    before = generator.bit_generator.state
    net = Network(generator.random)
    assert gp.check(gp.Problem(net.loss, net.gradient, W, reseed=generator)).passed
    assert generator.bit_generator.state == before


def test_a_function_that_seeds() -> None:
    net = Network(lambda n: net_rng[0].random(n))
    net_rng = [np.random.default_rng(0)]
    calls = []

    def reseed() -> str:
        calls.append(1)
        net_rng[0] = np.random.default_rng(5)
        return "is ignored"

    report = gp.check(gp.Problem(net.loss, net.gradient, W, reseed=reseed))
    assert report.passed, report.summary()
    assert len(calls) == report.evaluations + report.gradient_calls
    wrong = gp.Problem(net.loss, lambda w: 1.001 * net.gradient(w), W, reseed=reseed)
    assert gp.check(wrong).verdict == "fail"


def test_several_sources_at_once() -> None:
    own = np.random.default_rng(2)
    net = Network(lambda n: (own.random(n) + numpy_global(n) + python_global(n)) % 1)
    report = gp.check(gp.Problem(net.loss, net.gradient, W, reseed=own))
    assert report.passed, report.summary()
    assert NOTE in report.notes
    wrong = gp.Problem(net.loss, lambda w: 1.001 * net.gradient(w), W, reseed=own)
    assert gp.check(wrong).verdict == "fail"


def test_how_much_is_drawn_may_depend_on_the_parameters() -> None:
    def draw(w: Array) -> Array:
        thrown = [numpy_global(2) for _ in range(2 + int(1e9 * abs(w[0])) % 3)]
        return np.asarray(thrown[0][:, None] * np.ones(3)).reshape(-1)

    report = gp.check(lambda w: float(draw(w) @ w**2), lambda w: 2 * draw(w) * w, W)
    assert report.passed, report.summary()
    assert NOTE in report.notes


@pytest.mark.parametrize("seed", range(5))
def test_what_is_random_only_rarely_is_repeated_too(seed: int) -> None:
    # Two values at the point are mostly equal: nothing but the generator betrays the dice.
    saved = states()
    np.random.seed(seed)  # noqa: NPY002
    try:
        net = Network(numpy_global, kept=0.999)
        report = gp.check(net.loss, net.gradient, W)
        assert report.passed, report.summary()
        assert NOTE in report.notes
        wrong = gp.check(net.loss, lambda w: 1.001 * net.gradient(w), W)
        assert wrong.verdict == "fail"
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])  # noqa: NPY002


def test_dice_that_are_thrown_away_from_the_point_only() -> None:
    calls = [0, 0]

    def f(w: Array) -> float:
        calls[0] += 1
        noise = 0.01 * numpy_global(1)[0] if not np.array_equal(w, W) else 0.0
        return float(w @ w + noise * w[0])

    def gradient(w: Array) -> Array:
        calls[1] += 1
        return 2 * w

    report = gp.check(f, gradient, W)
    assert report.verdict != "fail", report.summary()
    assert NOTE in report.notes
    assert (report.evaluations, report.gradient_calls) == tuple(calls)


def test_dice_that_cannot_be_repeated_are_inconclusive_for_two_causes() -> None:
    own = np.random.default_rng(0)
    net = Network(own.random)
    for problem in (
        gp.Problem(net.loss, net.gradient, W),
        gp.Problem(net.loss, net.gradient, W, reseed=np.random.default_rng(1)),
        gp.Problem(net.loss, net.gradient, W, reseed=lambda: None),
    ):
        report = gp.check(problem)
        assert report.verdict == "inconclusive"
        assert codes(report) == ["GP101", "GP208"]
        assert report.causes[0].parameters["spread"] > 0
        assert report.headline == report.causes[0].message
        assert report.leaves[0].reason == "GP101"
        assert "GP208" in report.summary()


def counting() -> Any:
    calls = [0]

    def f(w: Array) -> float:
        calls[0] += 1
        return float(w @ w) + 1e-9 * calls[0]

    return f


def jittering() -> Any:
    own = np.random.default_rng(0)
    return lambda w: float(w @ w) * (1 + 1e-13 * own.standard_normal())


@pytest.mark.parametrize("make", [counting, jittering])
def test_the_headline_says_what_was_seen_and_not_that_dice_were_thrown(make: Any) -> None:
    report = gp.check(make(), lambda w: 2 * w, W)
    assert report.verdict == "inconclusive"
    assert report.headline.startswith("f returns different values at the same point: they spread")
    assert "draws" not in report.headline
    assert codes(report) == ["GP101", "GP208"]
    assert "draws" not in report.causes[1].message


@pytest.mark.parametrize("plan", ["every", "leaves", "project"])
def test_a_value_that_drifts_is_no_matter_of_a_generator(plan: Any) -> None:
    calls = [0]

    def f(w: Array) -> float:
        calls[0] += 1
        return float(w @ w) + (1e-3 if calls[0] > 10 else 0.0)

    report = gp.check(f, lambda w: 2 * w, W, plan=plan)
    assert report.certificate is None
    assert report.verdict == "inconclusive"
    assert codes(report)[0] == "GP101"
    assert report.headline == report.causes[0].message
    assert "GP208" not in codes(report)


def test_a_function_that_seeds_itself_is_left_alone() -> None:
    def seeded(w: Array) -> float:
        np.random.seed(0)  # noqa: NPY002
        return float(numpy_global(w.size) @ w)

    report = gp.check(seeded, np.random.RandomState(0).random_sample(6), W)
    assert report.passed, report.summary()
    assert not report.notes


def test_weights_that_the_first_call_draws_for_good() -> None:
    weights: list[Array] = []

    def f(w: Array) -> float:
        if not weights:
            weights.append(numpy_global(w.size))
        return float(weights[0] @ w)

    report = gp.check(f, lambda w: weights[0].copy(), W)
    assert report.passed, report.summary()
    assert not report.notes


def test_a_gradient_that_throws_dice_of_its_own() -> None:
    def right(w: Array) -> Array:  # of no consequence: rounding apart
        mask = numpy_global(w.size) < 0.5
        return np.asarray(np.where(mask, 2 * w, w + w))

    def noisy(w: Array) -> Array:
        return 2 * w * (numpy_global(w.size) < 0.5)

    assert gp.check(lambda w: float(w @ w), right, W).passed
    report = gp.check(lambda w: float(w @ w), noisy, W)
    assert report.verdict == "fail", report.summary()
    assert "the gradient draws random numbers: it got the same ones at every call" in report.notes
    assert report.gradient_calls >= 4

    own = np.random.default_rng(0)
    hidden = gp.check(lambda w: float(w @ w), lambda w: 2 * w * (own.random(6) < 0.5), W)
    assert codes(hidden) == ["GP105"]


def test_the_gradient_may_draw_from_more_than_f() -> None:
    net = Network(numpy_global)

    def gradient(w: Array) -> Array:
        return net.gradient(w) * (1 + 1e-3 * (1 + python_global(1)))

    report = gp.check(net.loss, gradient, W)
    assert report.verdict == "fail", report.summary()
    assert len(report.notes) == 2


def test_value_and_gradient_of_one_function_have_one_mask() -> None:
    net = Network(numpy_global)

    def both(w: Array) -> tuple[float, Array]:
        inputs = net.inputs()
        a = np.tanh(inputs @ w)
        return float(np.mean(a**2)), np.asarray(inputs.T @ (2 * a * (1 - a**2)) / len(X))

    report = gp.check(both, True, W)
    assert report.passed, report.summary()
    assert not report.causes


class Stop(BaseException):
    pass


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Stop])
def test_everything_is_put_back_after_an_exception(error: type[BaseException]) -> None:
    own = np.random.default_rng(0)
    before, state = states(), own.bit_generator.state
    calls = [0]

    def f(w: Array) -> float:
        calls[0] += 1
        if calls[0] == 15:
            raise error
        return float(w @ w) + 1e-3 * float(numpy_global(1)[0] + random.random() + own.random())

    problem = gp.Problem(f, lambda w: 2 * w, W, reseed=own)
    if error is KeyboardInterrupt:
        assert gp.check(problem).verdict == "inconclusive"
    else:
        with pytest.raises(error):
            gp.check(problem)
    assert calls[0] == 15
    assert same(before, states())
    assert own.bit_generator.state == state
    calls[0] = 0
    with pytest.raises(error):
        gp.differentiate(f, W)
    assert same(before, states())


def test_differentiating_repeats_and_puts_back() -> None:
    net = Network(numpy_global)
    before = states()
    gradient = gp.differentiate(net.loss, W)
    assert same(before, states())
    # The mask is the one that the state at the call gives.
    np.testing.assert_allclose(gradient.values, net.gradient(W), rtol=1e-6)
    random.setstate(before[0])
    np.random.set_state(before[1])  # noqa: NPY002


@pytest.mark.parametrize("error", [ValueError("of mine"), ZeroDivisionError("of mine")])
@pytest.mark.parametrize("when", [1, 2, 9, 18])
def test_what_reseed_raises_surfaces_unchanged(error: Exception, when: int) -> None:
    calls = [0]
    cause = KeyError("why")

    def reseed() -> None:
        calls[0] += 1
        if calls[0] == when:
            raise error from cause

    with pytest.raises(type(error)) as raised:
        gp.check(gp.Problem(lambda w: float(w @ w), lambda w: 2 * w, W, reseed=reseed))
    assert raised.value is error
    assert raised.value.__cause__ is cause
    assert not getattr(error, "__notes__", None)


@pytest.mark.parametrize(
    ("reseed", "found"),
    [
        (0, "found 0"),
        ("seed", "found 'seed'"),
        ([np.random.default_rng(0), 1], "found 1 in it"),
        ((lambda: None,), "in it"),
        (np.random.RandomState, "found <class"),
        (random.SystemRandom(), "SystemRandom"),
    ],
)
def test_what_cannot_reseed_is_refused(reseed: Any, found: str) -> None:
    with pytest.raises(gp.InputError, match="^reseed: found") as raised:
        gp.Problem(lambda w: 1.0, 0.0, 1.0, reseed=reseed)
    assert found in str(raised.value)


class Torch(types.ModuleType):
    """As much of torch as is asked: a generator on the CPU, and one on each GPU in use."""

    def __init__(self, has_cuda: bool) -> None:
        super().__init__("torch")
        self.generators = {"cpu": np.random.RandomState(1), "gpu": np.random.RandomState(2)}
        self.cuda = types.SimpleNamespace(
            is_initialized=lambda: has_cuda,
            get_rng_state_all=lambda: [self.read("gpu")],
            set_rng_state_all=lambda states: self.write("gpu", states[0]),
        )

    def read(self, name: str) -> Array:
        state = self.generators[name].get_state(legacy=False)["state"]
        return np.concatenate([state["key"].astype(np.int64), [state["pos"]]])

    def write(self, name: str, state: Array) -> None:
        whole = self.generators[name].get_state(legacy=False)
        whole["state"] = {"key": state[:-1].astype(np.uint32), "pos": int(state[-1])}
        self.generators[name].set_state(whole)

    def get_rng_state(self) -> Array:
        return self.read("cpu")

    def set_rng_state(self, state: Array) -> None:
        self.write("cpu", state)


@pytest.mark.parametrize("has_cuda", [False, True])
@pytest.mark.parametrize("imported_late", [False, True])
def test_generators_of_torch(
    has_cuda: bool, imported_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = Torch(has_cuda)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    if not imported_late:
        monkeypatch.setitem(sys.modules, "torch", torch)

    def draw(n: int) -> Array:
        monkeypatch.setitem(sys.modules, "torch", torch)
        if has_cuda:
            return np.asarray(
                (
                    torch.generators["cpu"].random_sample(n)
                    + torch.generators["gpu"].random_sample(n)
                )
                % 1
            )
        return np.asarray(torch.generators["cpu"].random_sample(n))

    net = Network(draw)
    before = torch.read("cpu"), torch.read("gpu")
    report = gp.check(net.loss, net.gradient, W)
    assert report.passed, report.summary()
    assert NOTE in report.notes
    if not imported_late:
        assert np.array_equal(before, [torch.read("cpu"), torch.read("gpu")])
    assert gp.check(net.loss, lambda w: 1.001 * net.gradient(w), W).verdict == "fail"


def test_torch_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # an import would raise
    net = Network(numpy_global)
    assert gp.check(net.loss, net.gradient, W).passed
