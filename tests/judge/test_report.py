"""The report as data: every kind of report is valid by the schema, and the schema can say no."""

import copy
import dataclasses
import enum
import importlib.resources
import json
import math
import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jsonschema
import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.judge.headline import headline

Array = npt.NDArray[np.float64]


class Pair(NamedTuple):
    """Two leaves by name."""

    w: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Two leaves as fields."""

    w: Any
    pair: Any


class Colour(enum.Enum):
    """Keys that JSON knows nothing of."""

    RED = "red"


def schema() -> dict[str, Any]:
    file = importlib.resources.files("gradproof.judge").joinpath("report.schema.json")
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def validate(data: Any) -> None:
    jsonschema.Draft202012Validator(schema()).validate(data)


def squares(x: Array) -> float:
    return float(np.sum(x**2))


def passing() -> gp.Report:
    return gp.check(squares, lambda x: 2 * x, np.array([[1.0, -2.0, 0.5]]))


def failing() -> gp.Report:
    return gp.check(squares, lambda x: 2 * x + [0.0, 0.5, 0.0], np.array([1.0, -2.0, 0.5]))


def at_the_edge_of_a_domain() -> gp.Report:
    return gp.check(lambda x: float(np.sum(np.sqrt(x))), np.ones_like, np.array([0.0, 0.25]))


def with_random_values() -> gp.Report:
    rng = np.random.default_rng(0)
    return gp.check(lambda x: float(np.sum(x) + rng.random()), np.ones_like, np.ones(2))


def of_the_wrong_structure() -> gp.Report:
    return gp.check(squares, lambda x: 2 * x[:, None], np.ones(2))


def with_a_claim_of_nan() -> gp.Report:
    return gp.check(squares, lambda x: x * math.nan, np.ones(2))


def without_a_value() -> gp.Report:
    return gp.check(lambda x: math.inf, lambda x: x, np.ones(2))


def of_nothing() -> gp.Report:
    return gp.check(lambda t: 1.0, lambda t: t, {"w": np.empty((0, 3))})


REPORTS: dict[str, tuple[Callable[[], gp.Report], str, str | None]] = {
    "pass": (passing, "pass", None),
    "fail": (failing, "fail", "GP412"),
    "edge": (at_the_edge_of_a_domain, "inconclusive", "GP207"),
    "random": (with_random_values, "inconclusive", "GP101 GP208"),
    "structure": (of_the_wrong_structure, "fail", "GP103"),
    "nan claimed": (with_a_claim_of_nan, "fail", "GP104"),
    "no value": (without_a_value, "inconclusive", "GP108"),
    "nothing": (of_nothing, "pass", None),
}


@pytest.mark.parametrize(("make", "verdict", "code"), REPORTS.values(), ids=list(REPORTS))
def test_every_kind_of_report_is_valid(
    make: Callable[[], gp.Report], verdict: str, code: str | None
) -> None:
    report = make()
    assert report.verdict == verdict
    assert [cause.code for cause in report.causes] == (code or "").split()
    validate(report.to_dict())


@pytest.mark.parametrize("make", [kind[0] for kind in REPORTS.values()], ids=list(REPORTS))
def test_json_is_the_dict(make: Callable[[], gp.Report]) -> None:
    report = make()
    assert json.loads(report.to_json()) == report.to_dict()
    assert json.loads(report.to_json(indent=None)) == report.to_dict()
    assert "\n" not in report.to_json(indent=None)


@pytest.mark.parametrize("make", [kind[0] for kind in REPORTS.values()], ids=list(REPORTS))
def test_a_report_is_true_where_it_passed_and_prints_its_summary(
    make: Callable[[], gp.Report],
) -> None:
    report = make()
    assert bool(report) is report.passed is (report.verdict == "pass")
    assert str(report) == report.summary()
    assert report.verdict in ("pass", "fail", "inconclusive")
    assert isinstance(report.verdict, gp.Verdict)


def test_numbers_that_are_not_finite_are_null_and_nothing_else_is() -> None:
    data = without_a_value().to_dict()
    assert data["value"] is None
    assert data["rtol"] is None
    assert data["causes"][0]["parameters"] == {"value": None}
    data = passing().to_dict()
    assert [key for key, value in data.items() if value is None] == ["certificate"]


def test_what_was_found_is_all_there() -> None:
    report = failing()
    data = report.to_dict()
    assert data["schema"] == 1
    assert data["culprits"] == [
        {
            "address": "x[1]",
            "path": [],
            "index": [1],
            "claimed": -3.5,
            "measured": report.culprits[0].measured,
            "bar": report.culprits[0].bar,
            "truncation": report.culprits[0].truncation,
            "noise": report.culprits[0].noise,
            "visible": report.culprits[0].visible,
            "output": None,
        }
    ]
    assert data["culprits"][0]["measured"] == pytest.approx(-4.0, rel=1e-6)
    assert data["leaves"][0]["worst"] == data["culprits"][0]
    assert (data["leaves"][0]["checked"], data["leaves"][0]["wrong"]) == (3, 1)
    assert data["evaluations"] == report.evaluations > 3
    assert data["gradient_calls"] == 2


def check_with_odd_paths(make: Callable[[Any], Any], tree: Any) -> dict[str, Any]:
    """Check sum of squares over all leaves of `tree`, with a gradient that is 3 x throughout."""

    def leaves(node: Any) -> list[Any]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in leaves(value)]
        if isinstance(node, (list, tuple)):
            return [leaf for value in node for leaf in leaves(value)]
        if isinstance(node, Parameters):
            return leaves((node.w, node.pair))
        return [node]

    report = gp.check(
        lambda t: float(sum(np.sum(np.square(leaf)) for leaf in leaves(t))), make, tree
    )
    assert report.verdict == "fail"
    data = report.to_dict()
    assert json.loads(report.to_json()) == data
    return data


def test_paths_of_every_kind_are_valid() -> None:
    w = np.array([1.0, 2.0])
    nested = {
        ("a", 1): w,
        7: [1.5, (2.5,)],
        "pair": Pair(w, 0.5),
        "data": Parameters(w, Pair(1.0, 2.0)),
    }

    def wrong(t: Any) -> Any:
        return {
            ("a", 1): 3 * t[("a", 1)],
            7: [3 * t[7][0], (3 * t[7][1][0],)],
            "pair": Pair(3 * t["pair"].w, 3 * t["pair"].b),
            "data": Parameters(3 * t["data"].w, Pair(3 * t["data"].pair.w, 3 * t["data"].pair.b)),
        }

    data = check_with_odd_paths(wrong, nested)
    validate(data)
    paths = [leaf["path"] for leaf in data["leaves"]]
    assert paths[0] == [["a", 1]]
    assert paths[1:3] == [[7, 0], [7, 1, 0]]
    assert [path[0] for path in paths[3:]] == ["pair"] * 2 + ["data"] * 3
    assert paths[5] == ["data", "w"]


def test_keys_that_json_does_not_know_are_shown_as_they_print() -> None:
    data = check_with_odd_paths(
        lambda t: {Colour.RED: 3 * t[Colour.RED]}, {Colour.RED: np.array([1.0, 2.0])}
    )
    validate(data)
    assert data["leaves"][0]["path"] == [repr(Colour.RED)]


BREAKAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another schema": lambda d: d.update(schema=2),
    "no verdict": lambda d: d.pop("verdict"),
    "an unknown verdict": lambda d: d.update(verdict="PASS"),
    "an unknown key": lambda d: d.update(colour="red"),
    "a negative count": lambda d: d.update(evaluations=-1),
    "half an evaluation": lambda d: d.update(evaluations=1.5),
    "no time": lambda d: d.update(seconds=None),
    "a text for a number": lambda d: d.update(value="5.0"),
    "a leaf without an address": lambda d: d["leaves"][0].pop("address"),
    "an unknown key of a leaf": lambda d: d["leaves"][0].update(colour="red"),
    "a negative length": lambda d: d["leaves"][0].update(shape=[-1]),
    "a reason that is no code": lambda d: d["leaves"][0].update(reason="noise"),
    "a culprit without a bar": lambda d: d["culprits"][0].pop("bar"),
    "a negative bar": lambda d: d["culprits"][0].update(bar=-1.0),
    "an object in a path": lambda d: d["culprits"][0].update(path=[{}]),
    "a code that is none": lambda d: d.update(causes=[{"code": "GP1"}]),
    "an empty cause": lambda d: d.update(causes=[{}]),
    "an interruption in words": lambda d: d.update(interrupted="no"),
    "a note that is none": lambda d: d.update(notes=[None]),
    "no version of NumPy": lambda d: d["versions"].pop("numpy"),
}


@pytest.mark.parametrize("broken", BREAKAGES.values(), ids=list(BREAKAGES))
def test_a_broken_report_is_not_valid(broken: Callable[[dict[str, Any]], object]) -> None:
    data = copy.deepcopy(failing().to_dict())
    validate(data)
    broken(data)
    with pytest.raises(jsonschema.ValidationError):
        validate(data)


def test_the_schema_itself_is_valid_and_names_every_field_of_a_report() -> None:
    loaded = schema()
    jsonschema.Draft202012Validator.check_schema(loaded)
    assert loaded["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for part, cls in (
        (loaded, gp.Report),
        (loaded["$defs"]["leaf"], gp.LeafFinding),
        (loaded["$defs"]["component"], gp.ComponentFinding),
        (loaded["$defs"]["cause"], gp.CauseFinding),
        (loaded["$defs"]["curve"], gp.Curve),
    ):
        fields = {field.name for field in dataclasses.fields(cls)}
        assert set(part["properties"]) - {"schema"} == fields
        # Every component of every tensor is in the data where it is asked for.
        assert set(part["required"]) == set(part["properties"]) - {"tensors"}
        assert part["additionalProperties"] is False


def test_data_with_every_component_is_valid() -> None:
    data = failing().to_dict(tensors=True)
    assert data["tensors"]
    validate(data)
    data["tensors"][0]["bar"] = [1.0]
    with pytest.raises(jsonschema.ValidationError):
        validate(data)


def test_the_data_is_a_copy() -> None:
    report = failing()
    data = report.to_dict()
    data["versions"].clear()
    data["leaves"][0]["path"].append("more")
    assert report.versions
    assert report.leaves[0].path == ()


def test_a_tensor_claimed_to_be_0_is_told_apart() -> None:
    at = {"w": np.array([1.0, 2.0]), "unused": np.ones(3)}
    report = gp.check(
        lambda p: float(np.sum(p["w"] ** 3)),
        lambda p: {"w": 3 * p["w"] ** 2, "unused": np.zeros(3)},
        at,
    )
    w, unused = sorted(report.leaves, key=lambda leaf: leaf.shape)
    assert (w.relative_to_itself, w.relative_to_others) == (2, 0)
    assert (unused.relative_to_leaf, unused.relative_to_others) == (0, 3)
    assert report.headline == "right to 1e-06, 1 of 2 tensors 0 beside the others"
    assert f"0, to {unused.resolution:.1e} of what the others do" in str(report)


@pytest.mark.parametrize(
    ("stationary", "words"),
    [
        (True, "a stationary point: 0 as far as can be seen"),
        (False, "no error below 4 times the gradient shows"),
    ],
)
def test_only_a_stationary_point_is_called_one(stationary: bool, words: str) -> None:
    said = headline(
        gp.Verdict.PASS,
        passing().leaves,
        (),
        rtol=1e-2,
        resolution=3.7,
        attained=False,
        stationary=stationary,
    )
    assert said == words


@pytest.mark.parametrize("leaves", [1, 60])
def test_a_minimum_of_many_tensors_is_a_stationary_point_too(leaves: int) -> None:
    at = {f"w{k}": np.ones(2) + 1e-13 for k in range(leaves)}
    report = gp.check(
        lambda p: float(leaves + sum(np.sum((w - 1) ** 2) for w in p.values())),
        lambda p: {name: 2 * (w - 1) for name, w in p.items()},
        at,
    )
    assert report.passed, report.summary()
    assert report.resolution > 1
    assert report.headline.startswith("a stationary point: 0 as far as can be seen")


def test_curves_hold_what_f_did_at_every_step_of_wrong_components() -> None:
    x = np.linspace(0.5, 1.5, 5)
    claim = np.cos(x)
    claim[3] *= 1.5
    report = gp.check(lambda t: 1e3 + np.sum(np.sin(t)), claim, x)
    (curve,) = report.curves
    assert curve.address == report.culprits[0].address == "t[3]"
    assert curve.claimed == claim[3]
    assert curve.chosen in curve.steps
    assert np.all(np.diff(curve.steps) < 0)
    steps = np.array(curve.steps)
    moved = np.sin(x[3] + steps) - np.sin(x[3]), np.sin(x[3] - steps) - np.sin(x[3])
    np.testing.assert_allclose([curve.plus, curve.minus], moved, atol=1e-12)
    assert abs(curve.measured - np.cos(x[3])) <= curve.bar
    assert curve.noise == report.noise


def test_values_of_all_components_are_there_tensor_by_tensor() -> None:
    at: dict[str, Any] = {"a": np.arange(6.0).reshape(2, 3), "b": 2.0, "c": np.ones(2)}
    report = gp.check(
        lambda t: 1e200 * (np.sum(t["a"] ** 2) + t["b"] ** 3),
        lambda t: {"a": 2e200 * t["a"], "b": 3e200 * t["b"] ** 2, "c": np.zeros(2)},
        at,
        exclude="t['c']",
    )
    a, b, c = report.tensors
    assert [one.address for one in report.tensors] == [leaf.address for leaf in report.leaves[:3]]
    np.testing.assert_allclose(a.measured, 2e200 * at["a"], rtol=1e-6, atol=1e195)
    np.testing.assert_allclose(a.claimed, 2e200 * at["a"])
    assert b.measured.shape == ()
    assert np.all(np.isnan(c.measured))
    assert np.all(a.bar < 1e196)


def test_of_directions_there_are_no_components() -> None:
    report = gp.check(lambda t: np.sum(np.sin(t)), np.cos, np.ones(50), plan="project")
    assert report.tensors == ()
    assert report.curves == ()


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "noisy"])
def test_the_first_line_promises_no_more_than_the_lines_of_the_tensors(kind: str) -> None:
    found = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, noise = rng.standard_normal(20), 0.0
        if kind == "noisy":
            noise = 10 ** rng.uniform(-9, -5)
        else:
            x = x.astype(ml_dtypes.bfloat16 if kind == "bfloat16" else np.float32)

        def f(x: Any, noise: float = noise) -> float:
            total = np.sum(np.sin(x), dtype=np.result_type(x, np.float32))
            return float(total + noise * np.sin(1e9 * float(total)))

        promote: Literal["auto", "never"] = "never" if kind == "float32" else "auto"
        report = gp.check(gp.Problem(f, np.cos, x, promote=promote), seed=seed)
        first, *lines = report.summary().splitlines()
        promised = re.search(r"  (?:right )?to (\d\S*e[-+]\d\d)", first)
        told = [float(one) for one in re.findall(r"right to (\d\S*e[-+]\d\d)", "\n".join(lines))]
        if promised and told:
            found += 1
            assert max(told) <= float(promised[1]), report.summary()
    assert found > 4


def test_the_first_component_that_is_not_finite_is_named() -> None:
    at = {"W": np.arange(6.0).reshape(2, 3)}

    def gradient(p: Any) -> Any:
        return {"W": np.where(p["W"] > 2, np.nan, 2 * p["W"])}

    (cause,) = gp.check(lambda p: float(np.sum(p["W"] ** 2)), gradient, at).causes
    assert cause.code == "GP104"
    assert "in the gradient at p['W'][1, 0], and wherever else" in cause.advice
    assert cause.parameters == {"count": 3, "first": "p['W'][1, 0]"}
