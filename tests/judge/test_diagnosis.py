"""Causes of what is wrong: each mistake is named, and nothing is named that was not made."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.factors import as_whole, what_it_may_be
from gradproof.judge.fit import fit
from gradproof.judge.suspect import Map, Suspect

Array = npt.NDArray[np.float64]
Tensors = dict[str, Array]
SEEDS = range(3)


class Network:
    """A network with tanh, a mean over outputs and samples, and an L2 penalty on the weights."""

    penalty = 0.02

    def __init__(self, seed: int, sizes: tuple[int, ...] = (6, 4, 4, 3), samples: int = 15) -> None:
        rng = np.random.default_rng(seed)
        self.layers = range(1, len(sizes))
        self.X, self.Y = (rng.standard_normal((k, samples)) for k in (sizes[0], sizes[-1]))
        self.at: Tensors = {}
        for k in self.layers:
            self.at[f"W{k}"] = rng.standard_normal((sizes[k], sizes[k - 1]))
            self.at[f"b{k}"] = rng.standard_normal((sizes[k], 1))

    def forward(self, p: Tensors) -> list[Array]:
        a = [self.X]
        for k in self.layers:
            z = p[f"W{k}"] @ a[-1] + p[f"b{k}"]
            a.append(np.tanh(z) if k < len(self.layers) else z)
        return a

    def f(self, p: Tensors) -> float:
        weights = sum(float(np.sum(p[f"W{k}"] ** 2)) for k in self.layers)
        return float(np.mean((self.forward(p)[-1] - self.Y) ** 2)) + self.penalty / 2 * weights

    def gradient(self, p: Tensors, data: float = 1.0, penalty: float = 1.0) -> Tensors:
        a = self.forward(p)
        d = data * 2 * (a[-1] - self.Y) / self.Y.size
        found: Tensors = {}
        for k in reversed(self.layers):
            found[f"W{k}"] = d @ a[k - 1].T + penalty * self.penalty * p[f"W{k}"]
            found[f"b{k}"] = np.sum(d, axis=1, keepdims=True)
            d = p[f"W{k}"].T @ d * (1 - a[k - 1] ** 2)
        return found

    def check(self, claim: Tensors, **facts: float) -> gp.Report:
        return gp.check(gp.Problem(self.f, claim, self.at, facts=facts or None))


def causes(report: gp.Report) -> dict[str, tuple[str, ...]]:
    assert report.verdict == "fail"
    return {cause.code: cause.addresses for cause in report.causes}


def shift(leaf: Array) -> Array:
    return np.roll(leaf, 1, axis=1)


def drop_a_row(leaf: Array) -> Array:
    leaf[2] = 0
    return leaf


def square_a_column(leaf: Array) -> Array:
    leaf[:, 1] = 0.3 - leaf[:, 1] ** 2
    return leaf


def spoil_one(leaf: Array) -> Array:
    leaf[1, 2] += 0.1
    return leaf


MISTAKES: dict[str, tuple[str, Callable[[Array], Array], dict[str, Any]]] = {
    "sign": ("W1", np.negative, {"GP301": {}}),
    "twice": ("W1", lambda leaf: 2 * leaf, {"GP302": {"factor": 2.0}}),
    "some factor": ("W2", lambda leaf: 1.37 * leaf, {"GP302": {"factor": 1.37}}),
    "a negative factor": ("W2", lambda leaf: -3 * leaf, {"GP302": {"factor": -3.0}}),
    "an offset": ("b1", lambda leaf: leaf + 0.3, {"GP304": {"offset": 0.3}}),
    "transposed": ("W2", np.transpose, {"GP403": {}}),
    "order": ("W1", lambda leaf: leaf.T.reshape(leaf.shape), {"GP404": {}}),
    "reversed": ("W1", lambda leaf: leaf[:, ::-1], {"GP405": {"axis": 1}}),
    "shifted": ("W1", shift, {"GP406": {"axis": 1, "by": 1}}),
    "zero": ("W3", np.zeros_like, {"GP409": {}}),
    "zero row": ("W1", drop_a_row, {"GP410": {"slices": "row 2"}}),
    "wrong column": ("W1", square_a_column, {"GP411": {"slices": "column 1"}}),
    "one component": ("W1", spoil_one, {"GP412": {"wrong": 1, "size": 24}}),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("leaf", "change", "expected"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_in_one_tensor_is_named_with_its_numbers(
    leaf: str, change: Callable[[Array], Array], expected: dict[str, Any], seed: int
) -> None:
    network = Network(seed)
    right = network.gradient(network.at)
    assert network.check(right).passed
    report = network.check(right | {leaf: change(right[leaf].copy())})
    assert causes(report) == dict.fromkeys(expected, (f"p['{leaf}']",))
    for cause in report.causes:
        for key, value in expected[cause.code].items():
            found = cause.parameters[key]
            assert found == (pytest.approx(value, rel=1e-4) if isinstance(value, float) else value)


PARTS: dict[str, tuple[Any, Callable[[Array], Array], str, str, str]] = {
    "column": (np.s_[:, 1], lambda part: 2 * part, "column 1", "[:, 1]", "GP302"),
    "rows": (np.s_[:2], lambda part: -part, "rows 0 to 1", "[0:2, :]", "GP301"),
    "block": (
        np.s_[1:3, 2:6],
        lambda part: part + 1,
        "rows 1 to 2, columns 2 to 5",
        "[1:3, 2:6]",
        "GP304",
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("index", "change", "words", "where", "code"), PARTS.values(), ids=PARTS)
def test_what_is_wrong_in_a_part_has_a_cause_of_its_own(
    index: Any, change: Callable[[Array], Array], words: str, where: str, code: str, seed: int
) -> None:
    network = Network(seed)
    claim = network.gradient(network.at)
    claim["W1"][index] = change(claim["W1"][index])
    report = network.check(claim)
    assert causes(report)["GP411"] == ("p['W1']",)
    assert report.causes[0].parameters["slices"] == words
    assert causes(report)[code] == (f"p['W1']{where}",)
    assert len(report.causes) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_penalties(seed: int) -> None:
    network = Network(seed)
    weights = tuple(f"p['W{k}']" for k in network.layers)
    for penalty, missing in ((0.0, 0.02), (0.5, 0.01), (2.0, -0.02)):
        report = network.check(network.gradient(network.at, penalty=penalty))
        assert {key: set(found) for key, found in causes(report).items()} == {"GP401": set(weights)}
        assert report.causes[0].parameters["penalty"] == pytest.approx(missing, rel=1e-4)
    right = network.gradient(network.at)
    report = network.check(right | {"W2": right["W2"] + 0.1 * np.sign(network.at["W2"])})
    assert causes(report) == {"GP402": ("p['W2']",)}
    assert report.causes[0].parameters["penalty"] == pytest.approx(-0.1, rel=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_factor_on_the_data_term_beside_a_right_penalty_is_one_cause_of_all(seed: int) -> None:
    network = Network(seed)
    report = network.check(network.gradient(network.at, data=3.0))
    (cause,) = report.causes
    assert cause.code == "GP303"
    assert set(cause.addresses) == {f"p['{name}']" for name in network.at}
    assert cause.parameters["factor"] == pytest.approx(3, rel=1e-5)
    assert cause.parameters["penalty"] == pytest.approx(0.02, rel=1e-3)
    assert "a sum where a mean of 3 is meant" in cause.message


def test_one_cause_of_several_tensors_is_one_finding_and_facts_name_the_factor() -> None:
    network = Network(0)
    network.penalty = 0.0
    right = network.gradient(network.at)
    claim = {name: 15 * leaf for name, leaf in right.items()}
    (cause,) = network.check(claim, samples=15, layers=3).causes
    assert (cause.code, len(cause.addresses)) == ("GP302", 6)
    assert cause.parameters == {"factor": 15.0, "named": "samples"}
    assert "that is samples" in cause.message
    claim = right | {"b1": 4 * right["b1"], "W2": 2 * right["W2"]}
    found = {cause.addresses: cause.parameters["factor"] for cause in network.check(claim).causes}
    assert found == {("p['b1']",): pytest.approx(4), ("p['W2']",): 2.0}


def test_what_explains_others_is_tried_where_there_are_too_few_components() -> None:
    network = Network(0, (5, 4, 2))
    network.penalty = 0.0
    claim = {name: 1.3 * leaf for name, leaf in network.gradient(network.at).items()}
    (cause,) = network.check(claim).causes
    assert cause.code == "GP302"
    assert "p['b2']" in cause.addresses  # of two components
    alone = network.check(network.gradient(network.at) | {"b2": claim["b2"]})
    assert set(causes(alone)) == {"GP399"}
    assert "the claimed derivative is 1.3 times the measured one; 2 components" in str(alone)


def test_tensors_that_were_exchanged_or_handed_out_twice() -> None:
    network = Network(0)
    right = network.gradient(network.at)
    swapped = network.check(right | {"b1": right["b2"], "b2": right["b1"]})
    assert causes(swapped) == {"GP407": ("p['b1']", "p['b2']")}
    twice = network.check(right | {"b2": right["b1"]})
    assert causes(twice) == {"GP408": ("p['b2']",)}
    assert twice.causes[0].parameters == {"other": "p['b1']"}


def test_ties_are_told_together() -> None:
    report = gp.check(lambda x: x[0] ** 2 + 3 * x[1], lambda x: np.array([3.0, 2.0]), np.ones(2))
    assert set(causes(report)) == {"GP405", "GP406"}


def test_where_a_mistake_enters_the_backward_pass() -> None:
    network = Network(1)
    network.penalty = 0.0
    right = network.gradient(network.at)
    noise = np.random.default_rng(0)
    broken = {k: right[k] * noise.uniform(0.5, 2, right[k].shape) for k in ("W1", "b1")}
    found = causes(network.check(right | broken))
    assert found["GP413"] == ("p['W1']", "p['b1']")
    assert set(found) == {"GP413", "GP399"}
    broken = {"W1": broken["W1"], "W2": right["W2"] * noise.uniform(0.5, 2, right["W2"].shape)}
    assert "GP413" not in causes(network.check(right | broken))  # b1 between them is right


KNOWN = {"GP301", "GP302", "GP303", "GP304", "GP401", "GP402", "GP403", "GP404", "GP405", "GP406"}
KNOWN |= {"GP407", "GP408", "GP409", "GP414"}


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_named_that_was_not_done(seed: int) -> None:
    network = Network(seed)
    right = network.gradient(network.at)
    rng = np.random.default_rng(seed)
    elsewhere = {k: v + 0.03 * rng.standard_normal(v.shape) for k, v in network.at.items()}
    unknown = [
        network.gradient(elsewhere),
        {k: v + 1e-3 * rng.standard_normal(v.shape) for k, v in right.items()},
        {k: v * np.tanh(1 + network.at[k]) for k, v in right.items()},
        {k: rng.standard_normal(v.shape) for k, v in right.items()},
        {k: np.clip(v, -0.01, 0.01) for k, v in right.items()},
    ]
    for claim in unknown:
        assert not set(causes(network.check(claim))) & KNOWN


def suspect(claim: Any, measured: Any, room: float = 1e-6) -> Suspect:
    a, y = np.asarray(claim, dtype=float), np.asarray(measured, dtype=float)
    one = np.ones_like(a)
    return Suspect("x", a, one, y, room * one, 0 * one, one, {}, {}, {})


def test_a_fit_needs_agreement_everywhere_and_more_evidence_than_parameters() -> None:
    truth = np.array([1.0, -2.0, 0.5, 3.0])
    free = Map(0.0, (1.7 * truth,), read=lambda theta, bars: {"theta": float(theta[0])})
    found = fit(suspect(1.7 * truth, truth), free)
    assert found is not None
    assert found.parameters["theta"] == pytest.approx(1 / 1.7)
    assert found.energy == pytest.approx(1)
    assert fit(suspect(1.7 * truth, truth + 1e-5 * np.eye(4)[3]), free) is None
    two = Map(0.0, (1.7 * truth[:2],))
    assert fit(suspect(1.7 * truth[:2], truth[:2]), two) is None
    # One number far off is enough for a map without parameters, a little off is not.
    assert fit(suspect(-3.0, 3.0), Map(np.array(3.0))) is not None
    assert fit(suspect(3.00001, 3.0), Map(np.array(3.0))) is None
    # Nor do sizes at the ends of the range matter.
    for unit in (1e-250, 1e250):
        tiny = fit(suspect(1.7 * truth * unit, truth * unit, 1e-6 * unit), Map(0.0, (truth,)))
        assert tiny is not None
        assert tiny.energy == pytest.approx(1)
    # Where nothing was measured, nothing is explained.
    assert fit(suspect([1.0, 2.0], [np.nan, np.nan]), Map(np.ones(2))) is None


def test_what_was_not_decided_does_not_count() -> None:
    truth = np.array([1.0, -2.0, 0.5, np.nan])
    claim = np.array([-1.0, 2.0, -0.5, 7.0])
    assert fit(suspect(claim, truth), Map(-claim)) is not None


@pytest.mark.parametrize(
    ("claim", "axes"),
    [
        (lambda p: {"W": np.ones((2, 3)), "b": np.ones((2, 20))}, "1"),
        (lambda p: {"W": np.ones((4, 2, 3)), "b": np.ones((2, 1))}, "0"),
    ],
)
def test_what_was_broadcast_has_to_be_summed(claim: Callable[[Any], Any], axes: str) -> None:
    at = {"W": np.ones((2, 3)), "b": np.ones((2, 1))}
    report = gp.check(lambda p: float(np.sum(p["W"]) + np.sum(p["b"])), claim, at)
    assert [cause.code for cause in report.causes] == ["GP103", "GP415"]
    assert report.causes[1].parameters["axes"] == axes


def test_a_shape_that_is_no_broadcast_is_just_wrong() -> None:
    report = gp.check(lambda x: float(np.sum(x)), lambda x: np.ones((3, 2)), np.ones((2, 3)))
    assert [cause.code for cause in report.causes] == ["GP103"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (64, "expected numbers by name"),
        ({1: 2.0}, "the key 1"),
        ({"batch": 0}, "not 0"),
        ({"batch": float("inf")}, "finite"),
        ({"batch": "many"}, "facts['batch']"),
    ],
)
def test_facts_are_numbers_by_name(facts: Any, words: str) -> None:
    with pytest.raises(gp.InputError, match="facts") as raised:
        gp.Problem(lambda x: x, lambda x: 1.0, 1.0, facts=facts)
    assert words in str(raised.value)


def one_of(*, seed: int = 0, size: int = 6) -> Array:
    return np.random.default_rng(seed).standard_normal(size)


def test_one_factor_beside_several_penalties() -> None:
    at = {"W": one_of() + 2, "V": one_of(seed=1) - 1, "b": one_of(seed=2)}

    def f(p: Tensors) -> float:
        data = np.sum(np.sin(p["W"])) + np.sum(np.cos(p["V"])) + np.sum(np.exp(p["b"]))
        return float(0.5 * data + 0.05 * np.sum(p["W"] ** 2) + 0.15 * np.sum(p["V"] ** 2))

    claim = {
        "W": np.cos(at["W"]) + 0.1 * at["W"],
        "V": -np.sin(at["V"]) + 0.3 * at["V"],
        "b": np.exp(at["b"]),
    }
    report = gp.check(f, claim, at)
    assert [cause.code for cause in report.causes] == ["GP303", "GP303"]
    assert {a for cause in report.causes for a in cause.addresses} == {"p['W']", "p['V']", "p['b']"}


def test_two_numbers_with_one_factor_are_told_together_with_a_third() -> None:
    at = {"a": 0.5, "b": 1.5, "c": 2.5}

    def f(p: dict[str, float]) -> float:
        return float(np.sin(p["a"]) + np.exp(p["b"]) + p["c"] ** 2)

    right = {"a": np.cos(0.5), "b": np.exp(1.5), "c": 5.0}
    report = gp.check(f, {k: 3.5 * v for k, v in right.items()}, at)
    (cause,) = report.causes
    assert (cause.code, len(cause.addresses)) == ("GP302", 3)
    alone = gp.check(f, {**right, "a": 3.5 * right["a"]}, at)
    assert [cause.code for cause in alone.causes] == ["GP399"]
    assert "3.5 times" in str(alone)


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_units_do_not_matter(unit: float) -> None:
    x = np.random.default_rng(0).standard_normal((8, 3))

    def f(x: Array) -> float:
        return unit * float(np.sum(np.sin(x)))

    assert set(causes(gp.check(f, unit * (np.cos(x) + 1.3 * x**3), x))) == {"GP399"}
    assert set(causes(gp.check(f, unit * (np.cos(x) - 0.2 * x), x))) == {"GP401"}
    assert set(causes(gp.check(f, unit * (np.cos(x) + 0.2), x))) == {"GP304"}


def test_what_is_said_of_the_rest_is_true() -> None:
    x = np.random.default_rng(0).standard_normal((8, 4))
    claim = np.cos(x)
    claim[3] += 20 * x[3] ** 2 + 3
    (cause,) = gp.check(lambda x: float(np.sum(np.sin(x))), claim, x).causes
    assert cause.message == "the claim is wrong in row 3, and nowhere else"
    everywhere = gp.check(lambda x: float(np.sum(np.sin(x))), claim + 0.03 * x**2, x)
    assert set(causes(everywhere)) == {"GP399"}
    assert everywhere.patterns[0].words == "all of it"
    at = np.linspace(0.1, 2, 40)
    claim = np.cos(at)
    claim[7] += 1
    fixed = np.where(np.arange(40) < 35, at, -np.inf), np.where(np.arange(40) < 35, at, np.inf)
    claim[37] += 1
    report = gp.check(gp.Problem(lambda x: float(np.sum(np.sin(x))), claim, at, bounds=fixed))
    (cause,) = report.causes
    assert cause.parameters == {
        "wrong": 1,
        "size": 40,
        "looked_at": 5,
        "complete": True,
        "close": False,
    }
    said = "1 of 40 components is wrong; 4 others that were looked at are right"
    assert cause.message == said


def test_equal_constants_are_no_copies() -> None:
    at = {"a": np.ones(4), "b": np.ones(4)}
    report = gp.check(
        lambda p: 3 * np.sum(p["a"]) + np.sum(p["b"]), {k: np.ones(4) for k in at}, at
    )
    # All of these are true where parameters and claims are 1 throughout.
    assert set(causes(report)) == {"GP302", "GP304", "GP401"}
    assert report.causes[0].parameters["factor"] == pytest.approx(1 / 3)


def test_two_different_mistakes_begin_nowhere() -> None:
    at = {k: one_of(seed=i) for i, k in enumerate(("alpha", "beta", "gamma"))}
    claim = {k: np.cos(v) for k, v in at.items()}
    claim = {**claim, "alpha": -claim["alpha"], "beta": claim["beta"] + 1}
    report = gp.check(lambda p: sum(np.sum(np.sin(v)) for v in p.values()), claim, at)
    assert set(causes(report)) == {"GP301", "GP304"}


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (3.0, "it may be a sum where a mean of 3"),
        (1 / 7, "it may be a mean of 7"),
        (-3.0, ""),
        (777.43, ""),
        (1.5, ""),
    ],
)
def test_what_a_factor_may_be(factor: float, words: str) -> None:
    may_be = what_it_may_be(factor, "")
    assert may_be.startswith(words) if words else may_be == ""


def test_most_slices_may_be_zero() -> None:
    at = np.random.default_rng(0).uniform(0.5, 1.5, (3, 4, 5))
    claim = np.cos(at)
    claim[1:] = 0
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at)
    assert [cause.code for cause in report.causes] == ["GP410"]
    assert "slices 1, 2 of axis 0" in report.causes[0].message
    claim[0, 2, 2] = 0  # a part of the slice that is right elsewhere
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at)
    assert "GP410" not in [cause.code for cause in report.causes]


def sines(x: Array) -> float:
    return float(np.sum(np.sin(x)))


def only_message(claim: Any, at: Array) -> str:
    (cause,) = gp.check(sines, claim, at).causes
    return cause.message


def test_a_shift_may_push_numbers_out_and_zeros_in() -> None:
    x = np.random.default_rng(0).uniform(0.2, 1.4, (5, 7))
    claim = np.zeros_like(x)
    claim[:, :-2] = np.cos(x)[:, 2:]
    words = (
        "the claim is what was measured, shifted by -2 along axis 1, with 0 where nothing was left"
    )
    assert only_message(claim, x) == words
    claim[:, -1] = 0.1  # no zeros: not named
    assert "shifted" not in only_message(claim, x)


def test_axes_that_were_exchanged_are_named() -> None:
    x = np.random.default_rng(0).uniform(0.2, 1.4, (4, 3, 5, 3))
    words = "the claim is what was measured with axes 1 and 3 exchanged"
    assert only_message(np.swapaxes(np.cos(x), 1, 3), x) == words


def test_a_named_factor_is_within_the_bars_of_the_one_that_is_seen() -> None:
    x = np.linspace(0.5, 1.5, 200).astype(np.float32)

    def single(v: Any) -> Any:
        return np.sum(np.sin(v), dtype=np.float32)

    messages = []
    for factor in (2.0, 1.99):
        (cause,) = gp.check(single, lambda v, by=factor: np.cos(v) * np.float32(by), x).causes
        messages.append(cause.message)
    assert messages[0].startswith("the claim is 2 times what was measured: it may be a forgotten ½")
    assert messages[1].startswith("the claim is 1.99")


def test_where_not_all_was_found_nothing_is_said_of_the_rest() -> None:
    measured = np.ones((8, 6))
    claim = measured.copy()
    claim[3] = 0
    whole = suspect(claim, measured)
    for code in ("GP410", "GP411"):
        observe, message = CATALOGUE[code].observe, CATALOGUE[code].finding
        assert observe is not None
        said = [
            message(**(observe(one) or {})).message
            for one in (whole, dataclasses.replace(whole, complete=False))
        ]
        assert "nowhere else" in said[0]
        assert said[1].endswith("where the rest of the error is was not found")


@pytest.mark.parametrize(
    ("factor", "bar", "whole"),
    [
        (2.9999, 1e-3, 3.0),
        (-2.9999, 1e-3, -3.0),
        (1 / 63.99, 1e-3, 1 / 64),
        (2.99, 1e-3, 2.99),  # apart by more than its bar
        (63.99, 0.01, 63.99),  # a bar that tells no number
        (1.0001, 1e-3, 1.0001),  # 1 is no mistake
        (20_000.0, 1e-9, 20_000.0),
        (1e-320, 1e-9, 1e-320),
    ],
)
def test_a_factor_is_whole_where_its_bar_says_so(factor: float, bar: float, whole: float) -> None:
    assert as_whole(factor, bar) == whole
