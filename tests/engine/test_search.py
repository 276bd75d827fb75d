"""From a direction that fails to slices and components: what is found, and for what price."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.groups import Groups
from gradproof.engine.peeling import Peeling
from gradproof.frameworks.numpy_space import NumpySpace
from gradproof.tree import flatten

Array = npt.NDArray[Any]

SHAPE = (60, 80)
AT = {
    "W": np.random.default_rng(0).uniform(0.5, 1.5, SHAPE),
    "b": np.random.default_rng(1).uniform(0.5, 1.5, 40),
}


def f(t: Any) -> float:
    return float(np.sum(np.sin(t["W"])) + np.sum(t["b"] ** 3) / 3)


def right() -> dict[str, Array]:
    return {"W": np.cos(AT["W"]), "b": AT["b"] ** 2}


def check(break_it: Callable[[dict[str, Array]], Any], plan: str = "auto") -> gp.Report:
    claim = right()
    break_it(claim)
    return gp.check(f, claim, AT, plan=plan)


def put(
    name: str, index: Any, change: Callable[[Array], Array]
) -> Callable[[dict[str, Array]], Any]:
    def break_it(claim: dict[str, Array]) -> None:
        claim[name][index] = change(claim[name][index])

    return break_it


def groups(n: int, wrong: dict[int, float]) -> tuple[Groups, Evaluator]:
    rng = np.random.default_rng(n)
    x = rng.uniform(0.5, 1.5, n)
    tree, leaves = flatten(x, "x")
    evaluator = Evaluator(lambda t: float(np.sum(np.sin(t))), NumpySpace(tree, leaves), None)
    claim = np.cos(x)
    for place, error in wrong.items():
        claim[place] += error
    ones = np.ones(n)
    return Groups(
        tree.leaves[0],
        evaluator,
        claim,
        ones,
        beyond=1e-6 * ones,
        rounding=0 * ones,
        value=float(np.sum(np.sin(x))),
        noise=1e-16 * n,
        finest=1e-10,
        rng=rng,
    ), evaluator


def test_a_group_shows_the_sum_of_its_errors() -> None:
    measured, evaluator = groups(100, {3: 0.5, 40: -0.25})
    assert measured.error_of_all() == pytest.approx(
        0.5 * measured.move[3] - 0.25 * measured.move[40], abs=measured.bar
    )
    spent = evaluator.count
    assert measured.error(np.array([3, 7])) == pytest.approx(
        0.5 * measured.move[3], abs=measured.bar
    )
    assert measured.error(np.array([4, 7])) == pytest.approx(0.0, abs=measured.bar)
    half = measured.error(np.array([3, 40]), np.array([0.5, 0.0]))
    assert half == pytest.approx(0.25 * measured.move[3], abs=measured.bar)
    assert evaluator.count == spent + 6


@pytest.mark.parametrize(("k", "price"), [(1, 12), (3, 45), (10, 150), (40, 600)])
def test_every_wrong_component_is_found_and_no_other(k: int, price: int) -> None:
    n = 10_000
    rng = np.random.default_rng(k)
    places = rng.choice(n, k, replace=False)
    sizes = rng.choice([-1.0, 1.0], k) * 10 ** rng.uniform(-2, 0, k)
    measured, evaluator = groups(n, dict(zip(places.tolist(), sizes.tolist(), strict=True)))
    peeling = Peeling(measured, np.arange(n), measured.error_of_all(), rng=np.random.default_rng(0))
    peeling.go_on(101)
    assert sorted(peeling.found.wrong) == sorted(places.tolist())
    assert abs(peeling.found.rest) < 2 * np.sqrt(k + 1) * measured.bar
    assert not peeling.found.widespread
    assert evaluator.count <= price


def test_what_is_wrong_everywhere_is_not_listed() -> None:
    measured, evaluator = groups(10_000, dict.fromkeys(range(0, 10_000, 2), 0.1))
    error = measured.error_of_all()
    peeling = Peeling(measured, np.arange(10_000), error, rng=np.random.default_rng(0))
    peeling.go_on(101)
    assert peeling.found.widespread
    assert evaluator.count < 100


def test_what_is_within_the_tolerance_is_no_culprit() -> None:
    measured, _ = groups(1_000, {5: 5e-7, 9: 1e-3})
    error = measured.error_of_all()
    peeling = Peeling(measured, np.arange(1_000), error, rng=np.random.default_rng(0))
    peeling.go_on(101)
    assert peeling.found.wrong == [9]


def test_single_components_are_culprits_the_largest_first() -> None:
    def break_it(claim: dict[str, Array]) -> None:
        claim["W"][3, 7] += 0.1
        claim["W"][50, 79] *= -1

    report = check(break_it)
    assert report.verdict == "fail"
    assert report.plan == "project"
    assert [one.address for one in report.culprits] == ["t['W'][50, 79]", "t['W'][3, 7]"]
    for culprit in report.culprits:
        assert culprit.measured == pytest.approx(np.cos(AT["W"][culprit.index]), abs=culprit.bar)
        assert 0 < culprit.bar < 1e-6
    assert [one.words for one in report.patterns] == ["2 of 4,800 components"]
    assert [one.code for one in report.causes] == ["GP412"]
    assert "2 of 4,800 components" in report.summary()
    assert {leaf.address: leaf.verdict.value for leaf in report.leaves} == {
        "t['W']": "fail",
        "t['b']": "pass",
    }


def spoil(g: Array) -> Array:
    return g + np.random.default_rng(3).uniform(0.2, 1, g.shape)


@pytest.mark.parametrize(
    ("index", "change", "words", "address", "codes"),
    [
        (np.s_[7], spoil, "row 7", "[7, :]", {"GP411": ""}),
        (np.s_[7], lambda g: 2 * g, "row 7", "[7, :]", {"GP411": "", "GP302": "[7, :]"}),
        (np.s_[:, 11], lambda g: -g, "column 11", "[:, 11]", {"GP411": "", "GP301": "[:, 11]"}),
        (np.s_[:, 11], lambda g: 0 * g, "column 11", "[:, 11]", {"GP410": ""}),
        (np.s_[[7, 30]], spoil, "rows 7, 30", "[[7, 30], :]", {"GP411": ""}),
        (np.s_[20:40, 10:30], spoil, "rows 20 to 39, columns 10 to 29", "[20:40, 10:30]", {"GP411": ""}),
        (np.s_[35:], lambda g: 0 * g, "rows 35 to 59", "[35:60, :]", {"GP410": ""}),
        (np.s_[0:22, 3:80], lambda g: 3 * g, "rows 0 to 21, columns 3 to 79", "[0:22, 3:80]",
         {"GP411": "", "GP302": "[0:22, 3:80]"}),
    ],
)  # fmt: skip
def test_slices_and_blocks_are_named(
    index: Any, change: Any, words: str, address: str, codes: dict[str, str]
) -> None:
    report = check(put("W", index, change))
    assert [(one.words, one.address) for one in report.patterns] == [(words, "t['W']" + address)]
    assert {one.code: one.addresses for one in report.causes} == {
        code: (f"t['W']{part}",) for code, part in codes.items()
    }
    assert words in " ".join(report.summary().split())
    truth = np.cos(AT["W"])
    for culprit in report.culprits:
        assert culprit.measured == pytest.approx(truth[culprit.index], abs=2 * culprit.bar)
        assert culprit.claimed != pytest.approx(truth[culprit.index], abs=1e-6)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (np.s_[1:3, 2:6, 4:10], "slices 1 to 2 of axis 0, slices 2 to 5 of axis 1, slices 4 to 9 of axis 2"),
        (np.s_[2, 3, 1:], "slice 2 of axis 0, slice 3 of axis 1, slices 1 to 14 of axis 2"),
        (np.s_[:, 3], "slice 3 of axis 1"),
        (np.s_[[1, 6]], "slices 1, 6 of axis 0"),
    ],
)  # fmt: skip
def test_a_slice_is_not_named_for_a_part_of_it(index: Any, words: str) -> None:
    at = np.random.default_rng(6).uniform(0.5, 1.5, (8, 12, 15))
    claim = np.cos(at)
    claim[index] += np.random.default_rng(7).uniform(0.2, 1, claim[index].shape)
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at)
    assert report.plan == "project"
    assert [one.words for one in report.patterns] == [words]


def test_most_of_a_vector_is_not_all_of_it() -> None:
    at = np.random.default_rng(2).uniform(0.5, 1.5, 5_000)
    claim = np.cos(at)
    claim[:3_900] += 0.02 * at[:3_900]
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at)
    assert [one.words for one in report.patterns] == ["components 0 to 3899"]
    assert {one.code: one.addresses for one in report.causes} == {
        "GP411": ("t",),
        "GP401": ("t[0:3900]",),
    }


def test_one_of_several_tensors_in_a_vector() -> None:
    at = np.random.default_rng(2).uniform(0.5, 1.5, 5_000)
    claim = np.cos(at)
    claim[1_200:1_900] *= 60
    problem = gp.Problem(lambda t: float(np.sum(np.sin(t))), claim, at, facts={"batch": 60})
    report = gp.check(problem)
    assert [one.words for one in report.patterns] == ["components 1200 to 1899"]
    assert {one.code: one.addresses for one in report.causes} == {
        "GP411": ("t",),
        "GP302": ("t[1200:1900]",),
    }
    assert report.causes[1].parameters["named"] == "batch"


@pytest.mark.parametrize("seed", range(4))
def test_what_is_scattered_is_no_block(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scattered = rng.random(SHAPE) < 0.05

    def break_it(claim: dict[str, Array]) -> None:
        claim["W"][scattered] += rng.uniform(0.2, 1, int(scattered.sum()))

    report = check(break_it)
    (pattern,) = report.patterns
    assert pattern.words == "more than 100 of 4,800 components" or "looked at" in pattern.words
    assert pattern.address == "t['W']"
    assert len(report.culprits) >= 3
    assert all(scattered[one.index] for one in report.culprits)
    assert [one.code for one in report.causes] == ["GP399"]
    assert report.evaluations < 1_700


@pytest.mark.parametrize(
    ("change", "code", "parameters"),
    [
        (lambda g: 2 * g, "GP302", {"factor": 2.0}),
        (lambda g: -g, "GP301", {}),
        (lambda g: 0 * g, "GP409", {}),
        (lambda g: g + 0.1 * AT["W"], "GP401", {"penalty": -0.1}),
        (lambda g: g[::-1], "GP405", {}),
        (lambda g: np.random.default_rng(5).standard_normal(SHAPE), "GP399", {}),
    ],
)
def test_a_tensor_that_is_wrong_throughout_has_a_cause(
    change: Any, code: str, parameters: dict[str, float]
) -> None:
    report = check(put("W", np.s_[:], change))
    assert [one.code for one in report.causes] == [code]
    for name, value in parameters.items():
        assert report.causes[0].parameters[name] == pytest.approx(value, rel=1e-5)
    assert report.patterns[0].words.startswith("all of it")
    assert len(report.culprits) <= 20


def test_small_tensors_are_measured_whole() -> None:
    report = check(put("b", np.s_[:], lambda g: 4 * g))
    assert [one.code for one in report.causes] == ["GP302"]
    assert report.causes[0].parameters["factor"] == pytest.approx(4)
    assert [one.words for one in report.patterns] == ["all of it"]
    assert len(report.culprits) == 40
    assert report.leaves[1].ratio == pytest.approx(4)


def test_parts_of_small_tensors_are_named_as_well() -> None:
    at = {"W": AT["W"], "small": np.random.default_rng(4).uniform(0.5, 1.5, (6, 8))}
    claim = {name: np.cos(part) for name, part in at.items()}
    claim["small"][2] *= 3
    report = gp.check(lambda t: float(sum(np.sum(np.sin(v)) for v in t.values())), claim, at)
    assert [(one.address, one.words) for one in report.patterns] == [("t['small'][2, :]", "row 2")]
    assert {one.code: one.addresses for one in report.causes} == {
        "GP411": ("t['small']",),
        "GP302": ("t['small'][2, :]",),
    }


def test_several_tensors_with_one_cause_are_one_finding() -> None:
    def break_it(claim: dict[str, Array]) -> None:
        for part in claim.values():
            part *= 3

    report = check(break_it, "leaves")
    assert [one.code for one in report.causes] == ["GP302"]
    assert set(report.causes[0].addresses) == {"t['W']", "t['b']"}


def test_facts_name_a_factor() -> None:
    claim = {name: 60 * part for name, part in right().items()}
    report = gp.check(gp.Problem(f, claim, AT, facts={"batch": 60}))
    assert report.causes[0].parameters["named"] == "batch"


@pytest.mark.parametrize("n", [1_000, 1_001])
def test_the_automatic_plan_goes_by_the_number_of_components(n: int) -> None:
    at = np.linspace(0.5, 1.5, n)
    report = gp.check(lambda t: float(np.sum(np.sin(t))), np.cos, at)
    assert report.verdict == "pass"
    assert report.plan == ("every" if n == 1_000 else "project")
    assert (report.certificate is None) == (n == 1_000)
    tested = gp.check(lambda t: float(np.sum(np.sin(t))), np.cos, at, self_test=True)
    assert tested.plan == "every"
    lower = np.full(n, 0.5)
    bounded = gp.Problem(lambda t: float(np.sum(np.sin(t))), np.cos, at, bounds=(lower, lower + 2))
    assert gp.check(bounded).plan == "every"


@pytest.mark.parametrize("k", [1, 4])
def test_among_many_tensors_groups_of_them_tell_which_are_wrong(k: int) -> None:
    rng = np.random.default_rng(k)
    at = [rng.uniform(0.5, 1.5, 30) for _ in range(80)]
    claim = [np.cos(part) for part in at]
    wrong = sorted(rng.choice(80, k, replace=False).tolist())
    for number in wrong:
        claim[number] = claim[number] * 2
    report = gp.check(lambda t: float(np.sum(np.sin(np.concatenate(t)))), claim, at)
    verdicts = [leaf.verdict.value for leaf in report.leaves]
    assert [number for number, one in enumerate(verdicts) if one != "pass"] == wrong
    assert verdicts.count("fail") == k
    assert all(leaf.resolution < 1e-4 for leaf in report.leaves if leaf.verdict == "pass")
    assert [one.code for one in report.causes] == ["GP302"]
    assert len(report.causes[0].addresses) == k
    assert report.evaluations < 1_400


def test_what_rounding_makes_of_a_claim_in_single_is_not_searched() -> None:
    # Promoted, f is far quieter than the claim: every group is off by the rounding of its claims.
    at = {name: part.astype(np.float32) for name, part in AT.items()}

    def claim(t: Any) -> dict[str, Array]:
        g = {"W": np.cos(t["W"]), "b": t["b"] ** 2}
        g["W"] = g["W"].copy()
        g["W"][3, 7] += 2
        return g

    report = gp.check(f, claim, at)
    assert [one.address for one in report.culprits] == ["t['W'][3, 7]"]
    assert not any("not found" in note for note in report.notes)
    assert report.evaluations < 1_500


def test_a_search_that_leads_to_nothing_ends() -> None:
    n = 4_000
    rng = np.random.default_rng(0)
    small = dict(enumerate((1e-4 * rng.standard_normal(n)).tolist()))
    measured, evaluator = groups(n, small)
    peeling = Peeling(measured, np.arange(n), measured.error_of_all(), rng=rng)
    measured.is_wrong = lambda place, error: False  # type: ignore[method-assign]
    peeling.go_on(101)
    assert not peeling.found.wrong
    assert abs(peeling.found.rest) > measured.bar
    assert evaluator.count < 500


def test_no_more_than_a_hundred_are_listed() -> None:
    rng = np.random.default_rng(3)
    places = rng.choice(SHAPE[0] * SHAPE[1], 150, replace=False)
    report = check(put("W", np.unravel_index(places, SHAPE), lambda g: g + 0.3))
    assert report.patterns[0].words == "more than 100 of 4,800 components"
    assert 5 <= len(report.culprits) <= 100


def test_a_claim_between_the_slopes_of_a_kink_is_no_culprit() -> None:
    rng = np.random.default_rng(8)
    at = rng.uniform(0.5, 1.5, 3_000)
    at[[5, 70, 900]] = 0.0

    def f_with_kinks(t: Array) -> float:
        return float(np.sum(np.abs(t)) + np.sum(t**2))

    claim = np.sign(at) + 2 * at
    claim[[5, 70]] = 1.0, -1.0  # slopes of one side
    claim[2_000] += 30.0
    report = gp.check(f_with_kinks, claim, at)
    assert report.verdict == "fail"
    assert [one.index for one in report.culprits] == [(2_000,)]


def test_the_parameters_are_as_they_were_after_a_search() -> None:
    before = {name: part.tobytes() for name, part in AT.items()}
    calls = 0

    def interrupted(t: Any) -> float:
        nonlocal calls
        calls += 1
        if calls == 300:
            raise KeyboardInterrupt
        return f(t)

    claim = right()
    claim["W"][3, 7] += 0.1
    report = gp.check(interrupted, claim, AT)
    assert report.notes[-1].endswith("it was interrupted")
    assert {name: part.tobytes() for name, part in AT.items()} == before


@pytest.mark.parametrize("seed", range(10))
def test_right_components_of_a_noisy_function_are_no_culprits(seed: int) -> None:
    at = np.random.default_rng(seed).standard_normal(60)

    def noisy(t: Array) -> float:
        value = float(np.sum(np.sin(3 * t)))
        return value + 1e-6 * (hash(value) * 2654435761 % 2**32 / 2**32 - 0.5)  # white noise

    claim = 3 * np.cos(3 * at)
    claim[7] += 6
    report = gp.check(noisy, claim, at, plan="leaves")
    assert report.verdict == "fail"
    assert [one.index for one in report.culprits] == [(7,)]


@pytest.mark.parametrize("seed", range(4))
def test_a_stray_component_does_not_widen_a_block(seed: int) -> None:
    at = np.random.default_rng(0).standard_normal(2_000)
    claim = np.cos(at)
    claim[1_000:1_300] *= -1
    claim[700] += 1
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at, seed=seed)
    (pattern,) = report.patterns
    assert "700" not in pattern.words
    assert "GP411" not in [one.code for one in report.causes]


@pytest.mark.parametrize("seed", range(4))
def test_a_few_components_of_a_row_are_not_the_row(seed: int) -> None:
    at = np.random.default_rng(1).standard_normal((300, 40))
    claim = np.cos(at)
    claim[17, [1, 5, 9, 20, 30, 33]] += 2
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at, seed=seed, plan="leaves")
    assert report.patterns[0].address == "t"
    assert "GP411" not in [one.code for one in report.causes]


@pytest.mark.parametrize("seed", range(4))
def test_all_columns_are_all_of_it(seed: int) -> None:
    at = np.random.default_rng(1).standard_normal((200, 6))
    f = lambda t: float(np.sum(np.sin(t)))  # noqa: E731
    report = gp.check(f, -np.cos(at), at, seed=seed, plan="leaves")
    assert report.patterns[0].words.startswith("all of it")
    assert [one.code for one in report.causes] == ["GP301"]


@pytest.mark.parametrize("seed", range(12))
def test_the_only_tensor_is_searched_though_its_own_direction_is_blind(seed: int) -> None:
    # It starts at 0, as the directions through everything do, and must not be one of those.
    rng = np.random.default_rng(seed)
    A, x = rng.standard_normal((20, 3000)) / np.sqrt(3000), rng.standard_normal(3000)

    def loss(v: Array) -> float:
        return float(np.sum(np.tanh(3 * A @ v) ** 2))

    slope = np.tanh(3 * A @ x)
    claim = A.T @ (6 * slope * (1 - slope**2))
    claim[seed] += 0.03
    report = gp.check(loss, claim, x, seed=seed)
    assert [culprit.index for culprit in report.culprits] == [(seed,)]


@pytest.mark.parametrize("seed", range(4))
def test_two_blocks_beside_each_other_are_not_one(seed: int) -> None:
    x = np.linspace(0.1, 3, 3000)
    claim = np.cos(x)
    claim[100:200] *= -1
    claim[220:300] *= -1
    report = gp.check(lambda v: float(np.sum(np.sin(v))), claim, x, seed=seed)
    assert "components 100 to 299" not in [pattern.words for pattern in report.patterns]
    assert "GP301" not in [cause.code for cause in report.causes]


@pytest.mark.parametrize("wrong", [{3}, {3, 7}])
def test_a_tensor_that_matters_little_among_many_is_not_cleared_by_groups(wrong: set[int]) -> None:
    at = [np.linspace(0.1, 1 + 0.1 * k, 300) for k in range(60)]
    effect = [1e-5 if k == 7 else 1.0 for k in range(60)]
    claim = [
        e * np.cos(x) * (2 if k in wrong else 1)
        for k, (e, x) in enumerate(zip(effect, at, strict=True))
    ]

    def loss(t: Any) -> float:
        return float(np.repeat(effect, 300) @ np.sin(np.concatenate(t)))

    report = gp.check(loss, claim, at, plan="project")
    assert {k for k, leaf in enumerate(report.leaves) if leaf.verdict == "fail"} == wrong
    assert all(leaf.resolution < 0.01 for leaf in report.leaves if leaf.verdict == "pass")


def test_a_few_zeros_are_not_all_of_a_tensor() -> None:
    x = np.linspace(0.1, 1.4, 20_000)
    claim = np.cos(x)
    claim[[5, 700, 9000]] = 0
    report = gp.check(lambda v: float(np.sum(np.sin(v))), claim, x)
    assert len(report.culprits) == 3
    assert report.leaves[0].ratio is None
    assert "throughout" not in report.summary()


def test_examples_of_what_is_wrong_everywhere_are_not_called_the_largest() -> None:
    x = np.linspace(0.1, 1.4, 3000)
    report = gp.check(lambda v: float(np.sum(np.sin(v))), np.cos(x) + x**2, x)
    assert "some of the wrong components" in report.summary()


def test_in_which_layer_it_begins_is_seen_from_directions_as_well() -> None:
    at = {name: np.linspace(0.1, 1, 600) for name in ("a", "b", "c")}
    claim = {name: np.cos(x) + (name != "c") * x**2 for name, x in at.items()}
    report = gp.check(lambda p: sum(float(np.sum(np.sin(x))) for x in p.values()), claim, at)
    assert "GP413" in [cause.code for cause in report.causes]
