"""What is public, where it is documented, and what others build on, all in both directions."""

import importlib
import inspect
import pkgutil
import re
import types
from pathlib import Path

import pytest

import gradproof as gp

ROOT = Path(__file__).parents[1]
# Every public name of this release. To change this is to change what is promised
# (docs/reference/stability.md): an addition is a decision, what goes is deprecated first.
PUBLIC = {
    "gradproof": """
        Autodiff CauseFinding Certificate ComponentFinding ControlFinding Curve GradientError
        GradproofError HVP Hessian Inconclusive InputError JVP Jacobian JournalError LeafCertificate
        LeafFinding Manifold MissingExtra NumericalGradient PatternFinding Plan Problem Report
        TensorValues VJP Verdict __version__ assert_gradient autodiff check data differentiate
        explain gradient_check numerical_gradient problem pymanopt scipy textbook torch write
    """,
    "gradproof.conformance": "Framework conformance",
    "gradproof.data": "Examples load_digits load_h5 load_npz",
    "gradproof.pymanopt": "check_problem",
    "gradproof.scipy": "ProblemReport check_least_squares check_minimize least_squares minimize",
    "gradproof.textbook": """
        Difference Grade GradientCheck backward_difference central_difference dictionary_to_vector
        forward_difference grade gradient_check gradients_to_vector largest_differences network
        numerical_gradient relative_error vector_to_dictionary
    """,
    "gradproof.textbook.network": """
        L_model_backward L_model_forward LayerCache compute_cost forward_prop_cost gradient_check
        initialize_parameters numerical_gradient random_examples relu sigmoid tanh
    """,
    "gradproof.torch": "check_module",
}


def value(module: str, name: str) -> object:
    return getattr(importlib.import_module(module), name)


def documented() -> dict[str, set[str]]:
    """Return the names that the page of the API lists, by module."""
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"currentmodule:: (\S+)\n\.\. autosummary::\n.*?\n\n(.*?)```", page, re.S)
    return {module: set(names.split()) for module, names in blocks}


@pytest.mark.parametrize("module", PUBLIC)
def test_what_a_module_offers_is_what_is_promised(module: str) -> None:
    offered = importlib.import_module(module).__all__
    assert len(offered) == len(set(offered))
    assert set(offered) == set(PUBLIC[module].split())


def test_every_public_name_has_its_page_and_every_page_a_public_name() -> None:
    pages = documented()
    assert pages.keys() == PUBLIC.keys()
    shown = {id(value(module, name)) for module, names in pages.items() for name in names}
    for module, names in PUBLIC.items():
        assert pages[module] <= set(names.split())
        for name in set(names.split()) - pages[module] - {"__version__"}:
            # The same function under a shorter name has one page, a module a heading.
            found = value(module, name)
            heading = isinstance(found, types.ModuleType) and found.__name__ in PUBLIC
            assert heading or id(found) in shown, f"{module}.{name} is not on the page of the API"


def test_every_module_is_public_or_a_room_of_the_floors() -> None:
    """What is neither is private by its name."""
    rooms = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## One probe")[0]
    for module in pkgutil.iter_modules(gp.__path__):
        public = f"gradproof.{module.name}" in PUBLIC
        assert public or module.name.startswith("_") or f"`{module.name}`" in rooms, module.name


def parameters(function: object) -> list[tuple[str, object, str]]:
    found = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return [(one.name, one.default, one.kind.name) for one in found]


def test_check_takes_what_others_build_on() -> None:
    options = {"plan": "auto", "seed": 0, "self_test": False} | dict.fromkeys(
        ("rtol", "budget", "include", "exclude", "executor", "timeout", "journal", "progress")
    )
    positional, keywords = parameters(gp.check)[:3], parameters(gp.check)[3:]
    assert [name for name, _, _ in positional] == ["f", "gradient", "at"]
    assert {name: default for name, default, _ in keywords} == options
    assert {kind for _, _, kind in keywords} == {"KEYWORD_ONLY"}


def test_a_problem_takes_what_describes_f() -> None:
    keywords = {name for name, _, kind in parameters(gp.Problem) if kind == "KEYWORD_ONLY"}
    assert {"bounds", "facts", "promote", "reference", "reseed", "terms", "vectorized"} <= keywords
    assert [name for name, _, _ in parameters(gp.Problem)][:3] == ["f", "gradient", "at"]


def test_the_textbook_pair_is_called_as_in_the_textbook() -> None:
    assert [one[:2] for one in parameters(gp.numerical_gradient)][2:] == [("h", 1e-7)]
    assert [name for name, _, _ in parameters(gp.gradient_check)] == [
        *("f", "analytical_grad_fn", "params", "h", "tolerance")
    ]
    found = gp.gradient_check(lambda x: x**2, lambda x: 2 * x, 3.0)
    assert found.keys() == {
        *("analytical_gradient", "numerical_gradient"),
        *("absolute_difference", "relative_error", "passed"),
    }


def test_a_report_has_what_others_read() -> None:
    report = gp.check(lambda x: x**2, lambda x: 3 * x, 1.0)
    for name in (
        *("verdict", "passed", "evaluations", "gradient_calls", "rtol", "resolution", "leaves"),
        *("culprits", "patterns", "causes", "certificate", "summary", "to_dict", "to_json"),
        *("_repr_html_", "_repr_markdown_", "headline", "notes", "curves", "tensors", "plot"),
    ):
        assert hasattr(report, name), name
    assert report.verdict == "fail"
    assert bool(report) is report.passed is False
    assert str(report) == report.summary()
    for name in ("address", "path", "shape", "verdict", "discrepancy", "bar", "resolution"):
        assert hasattr(report.leaves[0], name), name
    for name in ("address", "path", "index", "claimed", "measured", "bar"):
        assert hasattr(report.culprits[0], name), name
    for name in ("code", "name", "addresses", "parameters", "message", "advice"):
        assert hasattr(report.causes[0], name), name


def test_errors_are_what_they_are_caught_as() -> None:
    assert issubclass(gp.InputError, (gp.GradproofError, ValueError))
    assert issubclass(gp.MissingExtra, gp.GradproofError)
    assert issubclass(gp.MissingExtra, ImportError)
    assert issubclass(gp.JournalError, gp.InputError)
    assert issubclass(gp.GradientError, AssertionError)
    assert issubclass(gp.Inconclusive, gp.GradientError)
