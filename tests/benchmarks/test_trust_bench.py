"""Of the machinery of the trust bench: what it counts as wrong, and how it counts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.trust import judged, score, tables
from benchmarks.trust.case import Case, Family
from benchmarks.trust.judged import Judged, LeftOut, Results
from benchmarks.trust.mutations import (
    between_slopes,
    error_beside_others,
    leaf_error,
    mutations,
    stated_error,
)
from benchmarks.trust.rivals import RIVALS, Box, box, judge, load_study
from benchmarks.trust.running import (
    Plan,
    generator,
    kind_of,
    right_gradient,
    seeded,
    shares,
    unverified,
    wrong_gradients,
)
from benchmarks.trust.trees import Structure
from benchmarks.trust.unfinished import is_unfinished


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command lines set these where they are missing: not for the tests that follow."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "JAX_ENABLE_X64"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")


def tree(rng: np.random.Generator, dtype: Any = np.float64) -> dict[str, Any]:
    return {
        "W": rng.standard_normal((3, 3)).astype(dtype),
        "V": rng.standard_normal((2, 4)).astype(dtype),
        "b": rng.standard_normal(4).astype(dtype),
        "c": rng.standard_normal(4).astype(dtype),
    }


def cubes(x: dict[str, Any]) -> dict[str, Any]:
    return {key: value**2 for key, value in x.items()}


def made(seed: int = 0, dtype: Any = np.float64) -> tuple[Any, Any, dict[str, Any]]:
    at = tree(np.random.default_rng(seed), dtype)
    right = tree(np.random.default_rng(seed + 1), dtype)
    found = dict(mutations(right, at, np.random.default_rng(seed + 2), gradient=cubes))
    return at, right, found


class TestMutations:
    def test_every_kind_is_there(self) -> None:
        kinds = {name.split(":")[0] for name in made()[2]}
        assert kinds >= {
            "sign", "factor 1.0001", "factor 1.01", "factor 1.5", "factor 2", "zero", "zero row",
            "penalty missing", "penalty doubled", "transposed", "memory order", "swapped leaves",
            "swapped components", "shifted", "reversed", "stale", "mean for sum",
            "constant offset", "clipped", "absolute value", "component + 1e-3",
        }  # fmt: skip
        for what in ("x 1.001", "x 1.5", "zero"):
            assert {f"component {what}, {size}" for size in ("large", "median", "small")} <= kinds
        assert {f"component's sign, {size}" for size in ("large", "median", "small")} <= kinds

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_all_differ_from_the_right_one_and_from_each_other(self, dtype: Any) -> None:
        at, right, found = made(dtype=dtype)
        structure = Structure(at)
        seen = {structure.vector(right).tobytes()}
        for claim in found.values():
            vector = structure.vector(claim)
            assert vector.dtype == dtype
            assert vector.tobytes() not in seen
            seen.add(vector.tobytes())
            assert leaf_error(claim, right)[0] > 0
            assert {key: leaf.shape for key, leaf in claim.items()} == {
                key: leaf.shape for key, leaf in right.items()
            }

    def test_they_do_what_they_say(self) -> None:
        at, right, found = made()
        for key in right:
            np.testing.assert_array_equal(found["sign: all"][key], -right[key])
            np.testing.assert_array_equal(
                found["penalty missing: all"][key], right[key] - 0.1 * at[key]
            )
        names = sorted(right)  # the order of optree
        for name, claim in found.items():
            error, places = leaf_error(claim, right)
            if name.startswith("component") and ": " in name:
                i, k = (int(part) for part in name.split(": ")[1].split(" of leaf "))
                start = sum(right[key].size for key in names[:k])
                assert list(places) == [start + i], name
            if name.startswith("transposed"):
                key = names[int(name[-1])]
                size = math.isqrt(right[key].size)
                turned = right[key].reshape(size, size).T.reshape(right[key].shape)
                np.testing.assert_array_equal(claim[key], turned)
            if name.startswith("factor 1.0001"):
                assert error == pytest.approx(1e-4, rel=1e-6)

    def test_what_is_the_same_is_left_out(self) -> None:
        right = np.ones(4)
        names = dict(mutations(right, np.zeros(4), np.random.default_rng(0)))
        kinds = {name.split(":")[0] for name in names}
        assert not kinds & {
            "absolute value",
            "reversed",
            "shifted",
            "transposed",
            "penalty missing",
        }
        assert "sign" in kinds
        mixed = dict(mutations(np.array([-1.0, 2.0]), right[:2], np.random.default_rng(0)))
        assert list(mixed["absolute value: all"]) == [1, 2]

    def test_the_same_seed_makes_the_same(self) -> None:
        first, second = made(5)[2], made(5)[2]
        assert list(first) == list(second)
        assert all(np.array_equal(first[name]["W"], second[name]["W"]) for name in first)
        assert list(first) != list(made(6)[2])

    def test_a_zero_gradient_has_wrong_ones_of_the_size_of_its_neighbourhood(self) -> None:
        at = np.array([1.0, 2.0])
        found = dict(
            mutations(np.zeros(2), at, np.random.default_rng(0), gradient=lambda x: 1e6 * (x - at))
        )
        offset = next(claim for name, claim in found.items() if name.startswith("constant offset"))
        assert 1e3 < offset[0] < 1e6
        assert not any(name.startswith("factor") for name in found)

    def test_numbers_stay_numbers(self) -> None:
        for claim in dict(mutations(2.0, 1.0, np.random.default_rng(0))).values():
            assert isinstance(claim, float)

    def test_a_gradient_that_raises_elsewhere_has_no_stale_ones(self) -> None:
        def gradient(x: Any) -> Any:
            raise RuntimeError("outside")

        right = np.array([1.0, 2.0])
        found = dict(mutations(right, right, np.random.default_rng(0), gradient=gradient))
        assert found
        assert not any(name.startswith("stale") for name in found)


class TestErrors:
    @property
    def right(self) -> dict[str, Any]:
        return {"a": np.array([3.0, 4.0]), "b": np.array([0.1, 0.0]), "z": np.zeros(2)}

    def claim(self, **leaves: Any) -> dict[str, Any]:
        return self.right | {key: np.array(leaf) for key, leaf in leaves.items()}

    def test_no_error(self) -> None:
        assert leaf_error(self.right, self.right)[0] == 0
        assert leaf_error(self.right, self.right)[1].size == 0
        assert stated_error(self.right, self.right) == 0

    def test_the_worst_leaf_counts(self) -> None:
        error, places = leaf_error(self.claim(a=[3.0, 4.5], b=[0.1, 0.05]), self.right)
        assert error == pytest.approx(0.5)
        assert list(places) == [1, 3]
        error, _ = leaf_error(self.claim(a=[3.0, 4.5]), self.right)
        assert error == pytest.approx(0.1)

    def test_a_zero_leaf_is_compared_with_the_whole(self) -> None:
        error, _ = leaf_error(self.claim(z=[0.0, 1.0]), self.right)
        assert error == pytest.approx(1 / math.hypot(3, 4, 0.1))
        assert stated_error(self.claim(z=[0.0, 1.0]), self.right) == pytest.approx(
            math.sqrt(6) / math.hypot(3, 4, 0.1)
        )

    def test_zero_everywhere_is_infinitely_wrong(self) -> None:
        assert leaf_error(np.array([0.0, 1e-9]), np.zeros(2))[0] == math.inf
        assert stated_error(np.array([0.0, 1e-9]), np.zeros(2)) == math.inf

    def test_not_finite_is_infinitely_wrong(self) -> None:
        assert leaf_error(np.array([math.nan, 1.0]), np.ones(2))[0] == math.inf
        assert stated_error(np.array([math.inf, 1.0]), np.ones(2)) == math.inf

    def test_sizes_near_the_end_of_the_range(self) -> None:
        for size in (1e-200, 1e200):
            assert leaf_error(np.full(3, 1.5 * size), np.full(3, size))[0] == pytest.approx(0.5)
            assert stated_error(np.full(3, 1.5 * size), np.full(3, size)) == pytest.approx(0.5)

    def test_components_are_compared_with_themselves_or_typical_ones(self) -> None:
        right = np.array([10.0, 1e-3, 0.0, 0.0])
        assert stated_error(right * [1.1, 1, 1, 1], right) == pytest.approx(0.1)
        assert stated_error(np.add(right, [0, 1e-3, 0, 0]), right) == pytest.approx(
            1e-3 / 5, rel=1e-3
        )

    def test_typical_ones_are_of_the_same_leaf(self) -> None:
        error = stated_error(self.claim(b=[0.1, 0.01]), self.right)
        assert error == pytest.approx(0.01 / (0.1 / math.sqrt(2)))

    def test_a_leaf_claimed_to_be_0_is_compared_by_what_it_does(self) -> None:
        at = {"a": np.array(1e-3), "b": np.array([1e3, 0.0])}
        right = {"a": np.array(2e3), "b": np.array([1e-6, 0.0])}
        claim = right | {"b": np.zeros(2)}
        error = error_beside_others(claim, right, at, ("b",))
        typical = min(math.hypot(2, 1e-3) / math.sqrt(3), (2 + 1e-3) / 2)
        assert error == pytest.approx(1e-3 / typical)
        nothing = {"a": np.array(0.0), "b": np.zeros(2)}
        assert error_beside_others(claim, nothing, at, ("a",)) == math.inf

    def test_the_shapes_have_to_match(self) -> None:
        with pytest.raises(ValueError, match="1 leaves for 3"):
            leaf_error(np.ones(3), self.right)


class TestBetweenSlopes:
    at = np.array([0.0, 2.0])
    right = np.array([0.0, 1.0])

    def f(self, x: Any) -> Any:
        return float(np.sum(np.abs(x)))

    @pytest.mark.parametrize("slope", [-1.0, 0.3, 1.0])
    def test_between(self, slope: float) -> None:
        assert between_slopes(self.f, np.array([slope, 1.0]), self.right, self.at)

    @pytest.mark.parametrize("claim", [[1.5, 1.0], [-1.01, 1.0], [0.3, 1.1], [0.0, 0.0]])
    def test_not_between(self, claim: list[float]) -> None:
        assert not between_slopes(self.f, np.array(claim), self.right, self.at)

    def test_a_smooth_function_has_nothing_between(self) -> None:
        at = np.array([1.0])
        f: Callable[[Any], Any] = lambda x: float(x[0] ** 2)  # noqa: E731
        assert not between_slopes(f, np.array([2.0 + 1e-7]), np.array([2.0]), at)


def ask(**fields: Any) -> Judged:
    """A gradient that gradproof passed; wrong by 1 % where a mutation is given."""
    wrong = "mutation" in fields
    plain: dict[str, Any] = {
        "competitor": "gradproof", "family": "squares", "kind": "ordinary", "case": "one",
        "mutation": "right", "seed": 0, "dtype": "float64", "components": 10,
        "error": 0.01 if wrong else 0.0, "stated_error": 0.01 if wrong else 0.0,
        "affected": 10 if wrong else 0, "verdict": "fail" if wrong else "pass",
        "evaluations": 30, "resolution": 2e-6, "right_components": 0 if wrong else 10,
    }  # fmt: skip
    return Judged(**(plain | fields))


GOOD = [ask(case=f"c{i}") for i in range(20)] + [
    ask(case=f"c{i}", mutation="sign: all") for i in range(40)
]


class TestScore:
    def test_all_good(self) -> None:
        n = score.tally(GOOD)
        assert (n.right, n.false_alarms, n.right_inconclusive) == (20, 0, 0)
        assert (n.wrong, n.misses, n.wrong_inconclusive, n.beyond, n.errors) == (40, 0, 0, 0, 0)
        assert (n.components, n.components_called_wrong, n.evaluations) == (200, 0, 3.0)
        assert all(one.met for one in score.outcomes(GOOD))

    @pytest.mark.parametrize(
        ("fields", "counted", "target"),
        [
            ({"verdict": "fail"}, "false_alarms", "fail on a right gradient, float64"),
            ({"verdict": "error"}, "errors", "checks that raised"),
            ({"verdict": "inconclusive"}, "right_inconclusive", "right and inconclusive, ord"),
            ({"right_components_called_wrong": 1}, "components_called_wrong", "right components"),
            ({"mutation": "zero: all", "verdict": "pass"}, "misses", "pass with a leaf error"),
            ({"mutation": "zero: all", "verdict": "pass"}, "beyond", "pass with an error"),
            ({"kind": "random", "verdict": "fail"}, "false_alarms", "random functions: wrong"),
            ({"evaluations": 300, "components": 50}, "right", "right, ordinary, n ≤ 50"),
            ({"evaluations": 300, "components": 200}, "right", "right, ordinary, n ≥ 200"),
        ],
    )
    def test_each_failing_is_counted_and_misses_its_target(
        self, fields: dict[str, Any], counted: str, target: str
    ) -> None:
        found = [*GOOD, ask(case="bad", **fields)]
        assert getattr(score.tally(found), counted) == 1 + 20 * (counted == "right")
        missed = [one.name for one in score.outcomes(found) if not one.met]
        assert any(name.startswith(target) for name in missed), missed
        excused = [dataclasses.replace(one, kind="below the step") for one in found]
        assert all(one.met for one in score.outcomes(excused))

    def test_the_price_is_a_target(self) -> None:
        assert all(one.met for one in score.outcomes([ask(components=200, evaluations=250)]))
        dear = score.outcomes([ask(components=200, evaluations=400)])
        assert [one.value for one in dear if not one.met] == [2.0]

    def test_small_errors_are_faint(self) -> None:
        found = [ask(mutation="m", verdict="pass", error=9e-5, stated_error=1e-6)]
        n = score.tally(found)
        assert (n.wrong, n.misses, n.faint, n.faint_passed, n.beyond) == (0, 0, 1, 1, 0)
        exactly = ask(mutation="m", verdict="pass", error=1.0001 - 1)
        assert score.tally([exactly]).misses == 1

    def test_faint_errors_beyond_the_resolution_count_as_such(self) -> None:
        n = score.tally([ask(mutation="m", verdict="pass", error=9e-5, stated_error=2.1e-5)])
        assert (n.misses, n.beyond) == (0, 1)

    def test_what_a_report_states_is_no_surprise(self) -> None:
        one = ask(mutation="m", verdict="pass", stated_error=0.01, resolution=0.02)
        n = score.tally([one])
        assert (n.misses, n.stated, n.beyond) == (1, 1, 0)
        assert score.tally([dataclasses.replace(one, resolution=0.005)]).stated == 0
        assert score.tally([dataclasses.replace(one, resolution=None)]).stated == 0

    def test_random_functions_may_be_inconclusive(self) -> None:
        found = [
            *GOOD,
            *(ask(case=f"r{i}", kind="random", verdict="inconclusive") for i in range(9)),
        ]
        assert all(one.met for one in score.outcomes(found))

    def test_upper_bounds(self) -> None:
        assert score.upper_bound(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
        assert score.upper_bound(1, 10) == pytest.approx(0.394163, rel=1e-4)
        assert score.upper_bound(0, 0) == score.upper_bound(5, 5) == 1.0

    def test_rivals_are_compared_on_what_all_of_them_judged(self) -> None:
        theirs = [dataclasses.replace(one, competitor="other") for one in GOOD[:-1]]
        assert len(score.in_common([*GOOD, *theirs])) == 2 * (len(GOOD) - 1)
        wrong = dataclasses.replace(GOOD[0], verdict="fail")
        outcomes = score.outcomes([wrong, *GOOD[1:], *theirs])
        assert [one.met for one in outcomes if one.name.endswith("than other")] == [False]
        both = [dataclasses.replace(wrong, competitor="other"), *theirs[1:]]
        outcomes = score.outcomes([wrong, *GOOD[1:], *both])
        assert [one.met for one in outcomes if one.name.endswith("than other")] == [True]

    def test_small_errors_in_float32_are_not_compared(self) -> None:
        small = ask(mutation="m", dtype="float32", verdict="pass", error=0.01)
        assert score.in_common([small]) == []
        assert score.in_common([dataclasses.replace(small, error=0.1)]) != []


class TestTables:
    def test_a_table(self) -> None:
        text = tables.table(("a", "b"), [(1, "x|y")])
        assert text.splitlines() == ["| a | b |", "| --- | --- |", "| 1 | x\\|y |"]

    def test_counts_are_shown_by_group_and_in_total(self) -> None:
        found = [*GOOD, ask(family="cubes", case="bad", verdict="fail")]
        lines = tables.counts(found, "family", lambda one: one.family).splitlines()
        assert lines[2].startswith("| cubes | 1 | 1 | 0 | 0 | – |")
        assert lines[3].startswith("| squares | 20 | 0 | 0 | 40 | 0 |")
        assert lines[4].startswith("| **all** | 21 | 1 (4.76%) | 0 | 40 | 0 |")

    def test_the_page_lists_wrong_verdicts_with_their_addresses(self) -> None:
        good = tables.document(Results(GOOD), "tuning")
        assert "MISSED" not in good
        assert "Wrong verdicts" not in good
        bad = [
            ask(case="bad", verdict="fail", headline="2 of 3 | wrong"),
            ask(case="hidden", mutation="zero: leaf 1", verdict="pass", seed=3),
            ask(case="coarse", mutation="m", verdict="pass", resolution=0.02),
        ]
        page = tables.document(Results([*GOOD, *bad]), "tuning")
        assert "| fail on a right gradient, float64 | ≤\N{NO-BREAK SPACE}0 | 1 | MISSED |" in page
        assert "| false alarm | ordinary | squares::bad::right | 0 |" in page
        assert (
            "| miss, beyond its resolution | ordinary | squares::hidden::zero: leaf 1 | 3 |" in page
        )
        assert "squares::coarse" not in page
        assert "2 of 3 \\| wrong" in page

    def test_what_was_left_out_is_told(self) -> None:
        page = tables.document(
            Results(GOOD, [LeftOut("squares", "c9", 0, "not finite\nmore")], 7), "t"
        )
        assert "| squares | c9 | 0 | not finite |" in page
        assert "7 claims are neither right nor wrong" in page

    def test_the_comparison_is_together_and_by_family(self) -> None:
        theirs = [dataclasses.replace(one, competitor="other", verdict="fail") for one in GOOD]
        page = tables.comparison([*GOOD, *theirs])
        right = sum(one.right for one in GOOD)
        wrong = len(GOOD) - right
        assert page.startswith(f"{right} right and {wrong} wrong gradients of 1 families")
        assert "| family | right + wrong | gradproof | other |" in page
        assert f"| squares | {right} + {wrong} | 0 / 0 / 0 | {right} / 0 / 0 |" in page

    def test_competitors(self) -> None:
        theirs = [dataclasses.replace(one, competitor="other", verdict="fail") for one in GOOD]
        lines = tables.competitors([*GOOD, *theirs]).splitlines()
        assert lines[2].startswith("| gradproof | float64 | 20 | 0 | 0 | 40 | 0 |")
        assert lines[3].startswith("| other | float64 | 20 | 20 | 0 | 40 | 0 |")

    def test_results_survive_json(self, tmp_path: Path) -> None:
        results = Results(
            [*GOOD, ask(mutation="m", error=math.inf)], [LeftOut("a", "b", 1, "c")], 2
        )
        judged.write(results, tmp_path / "raw.json")
        assert judged.read([tmp_path / "raw.json"]) == results
        assert len(judged.read([tmp_path / "raw.json"] * 2).judged) == 2 * len(results.judged)


class TestRivals:
    x = np.linspace(0.5, 1.5, 4)

    def sines(self, claim: Any) -> Box:
        return box(lambda x: np.sum(np.sin(x)), claim, self.x)

    @pytest.mark.parametrize(
        "name", ["loop-1e-7", "loop-1e-5", "scipy-check-grad", "scipy-check-derivative"]
    )
    def test_they_tell_right_from_wrong(self, name: str) -> None:
        one = self.sines(np.cos(self.x))
        assert judge(RIVALS[name], one) == "pass"
        assert one.evaluations >= 5
        assert judge(RIVALS[name], self.sines(1.01 * np.cos(self.x))) == "fail"

    def test_a_rival_that_raises_is_inconclusive(self) -> None:
        def f(x: Any) -> Any:
            raise RuntimeError("no")

        assert judge(RIVALS["loop-1e-7"], box(f, self.x, self.x)) == "inconclusive"

    def test_two_zeros_agree(self) -> None:
        assert judge(RIVALS["loop-1e-7"], box(lambda x: 1.0, np.zeros(4), self.x)) == "pass"

    def test_boxes_are_flat_and_keep_the_precision(self) -> None:
        at = {"b": np.ones(2, np.float32), "a": np.array([[3], [4]], np.float32)}
        seen: list[Any] = []

        def f(t: Any) -> float:
            seen.append(t)
            return 1.0

        one = box(f, at, at)
        assert one.x.dtype == np.float32
        one.value(one.x)
        assert seen[0]["a"].shape == (2, 1)
        assert seen[0]["b"].dtype == np.float32
        np.testing.assert_array_equal(seen[0]["a"], at["a"])

    def test_a_checker_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "checker.py"
        path.write_text("def check(f, g, x):\n    f(x)\n    return 'fail' if g[0] else 'maybe'\n")
        study = load_study(path)
        one = self.sines(np.cos(self.x))
        assert (judge(study, one), one.evaluations) == ("fail", 1)
        assert judge(study, self.sines(np.zeros(4))) == "inconclusive"


class TestRunning:
    def case(self, truth: Any = None, **fields: Any) -> tuple[Family, Case]:
        family = Family(
            "squares", fields.pop("kind", "ordinary"), "tuning", "here", (), lambda rng: iter(())
        )
        case = Case(
            "one", lambda x: np.sum(x**2), lambda x: 2 * x, np.linspace(1, 2, 5), truth, **fields
        )
        return family, case

    def test_right_gradients_are_verified(self) -> None:
        assert unverified(*self.case()) is None
        assert unverified(*self.case(lambda: np.linspace(2, 4, 5))) is None
        assert "differs" in str(unverified(*self.case(lambda: np.linspace(2, 4.00001, 5))))
        assert "6 derivatives for 5" in str(unverified(*self.case(lambda: np.linspace(2, 4, 6))))
        loose = self.case(lambda: np.linspace(2, 4.00001, 5), kind="float32")
        assert unverified(*loose) is None

    def test_some_mutations_and_all_mistakes(self) -> None:
        family, case = self.case(mistakes={f"m{i}": lambda x: 3 * x for i in range(3)})
        first, again, other = (
            [wrong.mutation for wrong in wrong_gradients(family, case, 2 * case.at, seed, 6)]
            for seed in (0, 0, 1)
        )
        assert len(first) == 9
        assert first[6:] == [f"mistake: m{i}" for i in range(3)]
        assert first == again
        assert first != other

    def test_random_functions_are_seeded_again_where_they_can_be(self) -> None:
        rng = np.random.default_rng(0)
        start = rng.bit_generator.state
        family, case = self.case(kind="random")
        case = dataclasses.replace(case, gradient=lambda x: x * rng.random(5))
        assert kind_of(family, case, None) == "random"
        assert not np.array_equal(right_gradient(case), right_gradient(case))

        def reseed() -> None:
            rng.bit_generator.state = start

        case = dataclasses.replace(case, options={"reseed": reseed})
        assert kind_of(family, case, None) == "random, reseeded"
        assert np.array_equal(right_gradient(case), right_gradient(case))
        assert np.array_equal(right_gradient(case), seeded(case, case.gradient)(case.at))
        assert kind_of(family, case, None) not in score.UNANSWERABLE

    def test_a_sample_is_spread_over_families(self) -> None:
        names = [f"f{i}" for i in range(7)]
        assert shares(names, None, 0) == dict.fromkeys(names)
        assert list(shares(names, 3, 0).values()) == [(3, 3)]
        assert sorted(shares(names, 10, 0).values(), key=str) == [(5, 5), (5, 5)]
        many = [part for part in shares(names, 40, 0).values() if part]
        assert set(many) == {(5, 5), (6, 6)}
        assert sum(part[0] for part in many) == 40
        assert set(shares(names, 12, 0)) != set(shares(names, 12, 1))

    def test_random_numbers_belong_to_their_keys(self) -> None:
        assert generator(0, "a").random() == generator(0, "a").random()
        assert generator(0, "a").random() != generator(0, "b").random()
        assert Plan("tuning").seeds == (0,)


class TestCommandLine:
    @pytest.fixture
    def run(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Callable[..., tuple[int, str]]:
        from benchmarks.trust import __main__, running

        def cases(rng: np.random.Generator, factor: float = 1.0) -> Iterator[Case]:
            for i in range(3):
                at = rng.standard_normal(4)
                yield Case(
                    f"x{i}",
                    lambda x: np.sum(np.exp(x)),
                    lambda x: factor * np.exp(x),
                    at,
                    mistakes={"minus": lambda x: -np.exp(x)},
                )

        def broken(rng: np.random.Generator) -> Iterator[Case]:
            raise ZeroDivisionError

        made = [
            Family("right", "ordinary", "tuning", "here", (), cases),
            Family("so-called", "ordinary", "tuning", "", (), lambda rng: cases(rng, 1.5)),
            Family("broken", "ordinary", "tuning", "", (), broken),
        ]
        for module in (__main__, running):
            monkeypatch.setattr(module, "families", lambda split: made)

        def run(*arguments: str) -> tuple[int, str]:
            code = __main__.main(["--jobs", "1", *arguments])
            return code, capsys.readouterr().out

        return run

    def test_right_gradients_meet_the_targets(self, run: Any, tmp_path: Path) -> None:
        raw, page = tmp_path / "raw.json", tmp_path / "page.md"
        arguments = ("--targets", "--rivals", "loop-1e-5", "--json", str(raw), "--write", str(page))
        code, text = run("--family", "right", *arguments)
        assert code == 0, text
        assert "3 right, 0 called wrong, 0 inconclusive; 39 wrong, 0 missed" in text
        assert page.read_text() in text
        assert "| loop-1e-5 | float64 | 3 | 0 |" in page.read_text()
        assert run("--read", str(raw)) == (0, "\n" + page.read_text() + "\n")

    def test_a_false_alarm_misses_them(self, run: Any) -> None:
        code, text = run("--family", "so-*", "--targets")
        assert code == 1
        assert "missed: fail on a right gradient, float64: 3, limit 0" in text
        assert "| false alarm | ordinary | so-called::x0::right | 0 |" in text
        assert run("--family", "so-*")[0] == 0

    def test_a_family_that_cannot_be_drawn_misses_them(self, run: Any) -> None:
        code, text = run("--family", "broken", "--targets")
        assert code == 1
        assert "left out: broken::all, seed 0: ZeroDivisionError" in text

    def test_one_report_is_shown(self, run: Any) -> None:
        code, text = run("--show", "right::x1::mistake: minus")
        assert code == 0
        assert "FAIL" in text
        assert "pass" in run("--show", "right::x1::right")[1].lower()
        with pytest.raises(SystemExit):
            run("--show", "right::x9::right")

    def test_a_sample(self, run: Any) -> None:
        code, text = run("--family", "right", "--subset", "2")
        assert code == 0
        assert "2 right, 0 called wrong, 0 inconclusive; 2 wrong, 0 missed" in text


class TestCoverage:
    def one(self, **fields: Any) -> Any:
        from benchmarks.trust.coverage import Measured

        plain: dict[str, Any] = {
            "family": "squares", "kind": "ordinary", "case": "one", "seed": 0, "dtype": "float64",
            "component": 0, "truth": 2.0, "value": 2.0 + 1e-9, "bar": 2e-9, "rounding": 1e-13,
        }  # fmt: skip
        return Measured(**(plain | fields))

    def test_a_bar_holds_the_error_or_not(self) -> None:
        assert self.one().covered
        assert not self.one(bar=9e-10).covered
        assert self.one(value=2 + 1e-13, bar=0.0).covered
        assert not self.one(value=2 + 1e-12, bar=0.0).covered
        assert not self.one(value=math.nan).answered
        assert not self.one(bar=math.inf).answered

    def test_tables(self) -> None:
        from benchmarks.trust.coverage import misses, table

        found = [self.one() for _ in range(3)] + [self.one(bar=5e-10), self.one(value=math.nan)]
        total = table(found, "kind").splitlines()[2]
        assert total.startswith("| float64 | **all** | 5 | 1 (20.00%) | 1 | 75.000% |")
        assert len(misses(found).splitlines()) == 3
        assert len(misses(found[:3]).splitlines()) == 2

    def test_measuring(self) -> None:
        from benchmarks.trust.coverage import measure

        family = Family("squares", "ordinary", "tuning", "here", (), lambda rng: iter(()))
        at = np.linspace(1, 2, 5)
        case = Case("one", lambda x: np.sum(x**2), lambda x: 2 * x, at)
        assert all(one.covered for one in measure(family, case, 0))
        wrong = dataclasses.replace(case, gradient=lambda x: 2.001 * x, truth=lambda: 2.001 * at)
        assert not any(one.covered for one in measure(family, wrong, 0))
        large = dataclasses.replace(case, at=np.ones(1000))
        assert list(measure(family, large, 0)) == []


class TestUnfinished:
    @pytest.mark.parametrize(("tolerance", "expected"), [(1e-2, True), (1e-12, False)])
    def test_a_slope_that_is_not_the_limit_s(self, tolerance: float, expected: bool) -> None:
        def solve(t: float) -> float:
            y = 0.0
            while True:
                new = 0.8 * y + math.exp(t)
                if abs(new - y) < tolerance:
                    return new
                y = new

        case = Case("c", lambda t: solve(float(t)), lambda t: 5 * np.exp(t), 0.9)
        assert is_unfinished(case, case.gradient(case.at)) is expected

    def test_the_slope_of_a_smooth_function_and_a_wrong_one(self) -> None:
        at = {"w": np.linspace(0.5, 2, 70), "b": np.array(0.0)}
        case = Case("c", lambda p: float(np.sum(np.sin(p["w"])) + p["b"] ** 2), lambda p: p, at)
        right = {"w": np.cos(at["w"]), "b": np.array(0.0)}
        assert not is_unfinished(case, right)
        assert is_unfinished(case, {**right, "w": 1.001 * right["w"]})
