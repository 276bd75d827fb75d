"""The self-test: claims broken on purpose, and which of them the check catches."""

import importlib.resources
import json
from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.engine.controls import Control, broken_claims
from gradproof.tree import flatten

Array = npt.NDArray[Any]

X = np.linspace(0.2, 1.2, 5)
EVERYWHERE = ["sign flipped", "everything × 2", "everything × 1.01", "a missing L2 term"]
SINGLE = ["one typical component × 1.01", "one typical component 0", "the largest component 0"]


def sines(v: Any) -> float:
    return float(np.sum(np.sin(v)))


def two_leaves() -> tuple[Any, Any, dict[str, Array]]:
    at = {"large": X.copy(), "small": np.array([0.3, 0.1])}
    return (
        lambda t: sines(t["large"]) + 0.1 * sines(t["small"]),
        lambda t: {"large": np.cos(t["large"]), "small": 0.1 * np.cos(t["small"])},
        at,
    )


def broken(at: Any, claim: Array, scale: Array) -> dict[str, Control]:
    tree, values = flatten(at, "at")
    x = np.concatenate([np.ravel(value) for value in values]).astype(np.float64)
    everything = np.ones(x.size, dtype=bool)
    found = broken_claims(tree, x, claim, scale, np.random.default_rng(0), among=everything)
    return {control.name: control for control in found}


def test_what_is_broken_and_where() -> None:
    at = {"a": np.array([2.0, 0.0, 1.0]), "b": np.array([4.0])}
    x = np.array([2.0, 0.0, 1.0, 4.0])
    claim, scale = np.array([3.0, 0.0, -0.1, 0.5]), np.array([2.0, 1.0, 1.0, 4.0])
    found = broken(at, claim, scale)
    assert list(found) == [*EVERYWHERE, *SINGLE, "two components swapped", "the least tensor 0"]
    np.testing.assert_array_equal(found["sign flipped"].claim, -claim)
    np.testing.assert_array_equal(found["everything × 2"].claim, 2 * claim)
    np.testing.assert_array_equal(found["everything × 1.01"].claim, 1.01 * claim)
    for name in EVERYWHERE[:3]:
        assert found[name].addresses == ()
        np.testing.assert_array_equal(found[name].places, [0, 2, 3])  # 0 times 2 is not broken
    # A penalty λx has an effect λx² that is alike for all: a tenth of the median of 6, 0.1 and 2.
    missing = found["a missing L2 term"]
    np.testing.assert_allclose(claim - missing.claim, 0.2 * x / scale**2)
    np.testing.assert_array_equal(missing.places, [0, 2, 3])
    for name, place, value, address in (
        ("one typical component × 1.01", 3, 0.505, "at['b'][0]"),
        ("one typical component 0", 3, 0.0, "at['b'][0]"),
        ("the largest component 0", 0, 0.0, "at['a'][0]"),
    ):
        expected = claim.copy()
        expected[place] = value
        np.testing.assert_allclose(found[name].claim, expected)
        assert found[name].addresses == (address,)
        assert found[name].places.tolist() == [place]
    swapped = found["two components swapped"]
    changed = np.flatnonzero(swapped.claim != claim)
    assert changed.tolist() == swapped.places.tolist()
    assert len(swapped.addresses) == 2
    np.testing.assert_array_equal(np.sort(swapped.claim), np.sort(claim))
    least = found["the least tensor 0"]
    np.testing.assert_array_equal(least.claim, [3.0, 0.0, -0.1, 0.0])
    assert least.addresses == ("at['b']",)


@pytest.mark.parametrize("size", [1, 4])
def test_a_claim_of_0_is_broken_by_a_component_that_is_not(size: int) -> None:
    scale = np.full(size, 2.0)
    found = broken(np.ones(size), np.zeros(size), scale)
    assert list(found) == ["a spurious component"]
    (control,) = found.values()
    assert control.claim[control.places].tolist() == [0.5]
    assert np.count_nonzero(control.claim) == 1


def test_equal_neighbours_are_not_swapped_and_one_leaf_has_no_least() -> None:
    found = broken(np.ones(4), np.ones(4), np.ones(4))
    assert list(found) == [*EVERYWHERE, *SINGLE]
    for control in found.values():
        assert not np.array_equal(control.claim, np.ones(4))


def test_all_are_caught_on_a_clean_function() -> None:
    f, gradient, at = two_leaves()
    report = gp.check(f, gradient, at, self_test=True)
    assert report.passed
    names = [control.name for control in report.controls]
    assert names == [*EVERYWHERE, *SINGLE, "two components swapped", "the least tensor 0"]
    assert all(control.caught for control in report.controls), report.controls
    assert all(control.verdict is gp.Verdict.FAIL for control in report.controls)
    addresses = {control.name: control.addresses for control in report.controls}
    assert addresses["the least tensor 0"] == ("t['small']",)
    assert all(addresses[name] == () for name in EVERYWHERE)
    assert gp.check(f, gradient, at).controls == ()


@pytest.mark.parametrize("seed", range(3))
def test_all_are_caught_among_many_components(seed: int) -> None:
    x = np.linspace(0.2, 1.3, 500)
    report = gp.check(sines, np.cos, x, self_test=True, seed=seed)
    assert report.passed
    assert len(report.controls) == 8
    assert all(control.caught for control in report.controls), report.controls


def noisy(v: Array) -> float:
    """Return a sum of sines with a noise that is the same at the same point."""
    bits = int(np.sum(np.ascontiguousarray(v).view(np.uint64)) % 2**63)
    return sines(v) + 1e-3 * float(np.random.default_rng(bits).standard_normal())


def test_not_all_are_caught_on_a_noisy_function() -> None:
    report = gp.check(noisy, np.cos, X, self_test=True)
    caught = {control.name: control.caught for control in report.controls}
    assert caught["sign flipped"]
    assert caught["everything × 2"]
    # An error of 1 % is as large as what the noise does.
    assert not caught["everything × 1.01"]
    assert not caught["one typical component × 1.01"]
    missed = [control for control in report.controls if not control.caught]
    assert all(control.verdict is not gp.Verdict.FAIL for control in missed)
    summary = report.summary()
    assert f"{sum(caught.values())} of {len(caught)} broken claims caught" in summary


def test_nothing_is_caught_where_noise_hides_everything() -> None:
    def loud(v: Array) -> float:
        return sines(v) + 3e3 * (noisy(v) - sines(v))

    report = gp.check(loud, np.cos, X, self_test=True)
    assert report.verdict == "inconclusive"
    assert len(report.controls) == 8
    assert not any(control.caught for control in report.controls), report.controls


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_verdict_is_that_of_the_claim_itself(factor: float) -> None:
    def claim(v: Array) -> Array:
        return np.asarray(factor * np.cos(v))

    plain = gp.check(sines, claim, X)
    tested = gp.check(sines, claim, X, self_test=True)
    assert plain.verdict == tested.verdict == ("pass" if factor == 1 else "fail")
    assert plain.headline == tested.headline
    assert plain.leaves == tested.leaves
    assert plain.culprits == tested.culprits
    assert plain.causes == tested.causes
    nothing = ("self-test: no component is right as it is, so none was broken",)
    assert tested.notes == plain.notes + (nothing if factor == 2 else ())
    assert bool(tested.controls) == (factor == 1)


def test_what_is_wrong_or_not_checked_is_not_broken_again() -> None:
    # It would be called wrong whatever was done to it, and count as caught.
    f, claim, at = two_leaves()
    wrong = {**claim(at), "large": claim(at)["large"] * [1, 1, -3, 1, 1]}
    report = gp.check(f, wrong, at, self_test=True, rtol=0.9)
    caught = {control.name for control in report.controls if control.caught}
    assert "everything × 1.01" not in caught
    assert all("['large'][2]" not in where for one in report.controls for where in one.addresses)
    report = gp.check(f, claim, at, self_test=True, exclude="*'large'*")
    assert all("small" in where for one in report.controls for where in one.addresses)
    assert report.controls


def test_what_bounds_fix_counts_for_nothing_in_a_self_test() -> None:
    def squares(t: Array) -> float:
        return float(np.sum(t**2))

    at = np.array([1.0, 2.0, 3.0])
    bounds = (np.array([1.0, 2.0, -9.0]), np.array([1.0, 2.0, 9.0]))
    free = gp.check(squares, 2 * at, at, rtol=0.5, self_test=True)
    within = gp.Problem(squares, 2 * at, at, bounds=bounds)
    fixed = gp.check(within, rtol=0.5, self_test=True)
    caught = {one.name: one.caught for one in free.controls}
    assert all(caught[one.name] == one.caught for one in fixed.controls)
    assert not caught["a missing L2 term"]


@pytest.mark.parametrize("n", [5, 500])
def test_price_is_that_of_all_evaluations(n: int) -> None:
    calls, gradient_calls = [], []

    def f(v: Array) -> float:
        calls.append(1)
        return sines(v)

    def gradient(v: Array) -> Array:
        gradient_calls.append(1)
        return np.cos(v)

    x = np.linspace(0.2, 1.2, n)
    report = gp.check(f, gradient, x, self_test=True)
    assert report.evaluations == len(calls)
    assert report.gradient_calls == len(gradient_calls)
    plain = gp.check(sines, np.cos, x)
    spent = (report.evaluations - plain.evaluations) / len(report.controls)
    # At most 32 components of each broken claim are looked at.
    assert 50 <= spent <= 1000


@pytest.mark.parametrize("scribbles", [False, True])
def test_parameters_are_untouched(scribbles: bool) -> None:
    f, gradient, at = two_leaves()
    seen: list[bytes] = []

    def watched(t: dict[str, Array]) -> float:
        seen.append(t["large"].tobytes() + t["small"].tobytes())
        value = float(f(t))
        if scribbles:
            t["large"][:] = np.nan
        return value

    before = {name: part.copy() for name, part in at.items()}
    report = gp.check(watched, gradient, at, self_test=True)
    assert report.passed, report.summary()
    assert len(report.controls) == 9
    for name, part in before.items():
        np.testing.assert_array_equal(at[name], part)
    # f is moved away from the point by one thing after the other, and always comes back.
    assert seen.count(before["large"].tobytes() + before["small"].tobytes()) >= 3
    assert len(set(seen)) > 100


def test_random_numbers_of_the_user_are_left_as_they_were() -> None:
    states = []
    for _ in range(2):
        state = np.random.get_state(legacy=False)  # noqa: NPY002
        assert isinstance(state, dict)
        states.append((state["state"]["key"].tolist(), state["state"]["pos"]))
        gp.check(sines, np.cos, X, self_test=True, seed=1)
    assert states[0] == states[1]


def test_the_same_seed_repeats_the_self_test() -> None:
    reports = [gp.check(noisy, np.cos, X, self_test=True, seed=4) for _ in range(2)]
    assert reports[0].controls == reports[1].controls
    assert reports[0].evaluations == reports[1].evaluations


def test_controls_are_part_of_the_data() -> None:
    f, gradient, at = two_leaves()
    report = gp.check(f, gradient, at, self_test=True)
    file = importlib.resources.files("gradproof.judge").joinpath("report.schema.json")
    validator = jsonschema.Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))
    data = json.loads(report.to_json())
    validator.validate(data)
    assert [control["name"] for control in data["controls"]] == [c.name for c in report.controls]
    assert {control["verdict"] for control in data["controls"]} == {"fail"}
    data["controls"][0]["verdict"] = "caught"
    with pytest.raises(jsonschema.ValidationError, match="caught"):
        validator.validate(data)


def test_where_nothing_was_measured_nothing_is_tested() -> None:
    report = gp.check(sines, lambda v: v * np.nan, X, self_test=True)
    assert report.verdict == "fail"
    assert report.controls == ()
    with pytest.raises(gp.InputError, match="self_test: found 'yes'"):
        gp.check(sines, np.cos, X, self_test="yes")  # type: ignore[arg-type]
