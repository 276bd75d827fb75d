"""Gradients in low precision against a reference in float64."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from typer.testing import CliRunner

import gradproof as gp
from gradproof.cli.app import app

X = torch.linspace(-3, 3, 50)


def reference(t: Any) -> Any:
    return functional.softplus(t)


def problem(f: Any, at: Any = X, **options: Any) -> gp.Problem:
    return gp.Problem(f, gp.autodiff, at, **{"reference": reference, **options})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("total", [True, False])
def test_another_way_to_write_it_is_as_accurate(dtype: Any, total: bool) -> None:
    def f(t: Any) -> Any:
        found = torch.log1p(torch.exp(t))
        return found.sum() if total else found

    def plain(t: Any) -> Any:
        return reference(t).sum() if total else reference(t)

    report = gp.check(problem(f, X.to(dtype), reference=plain))
    assert report.passed, report.summary()
    assert report.plan == "reference"
    assert (report.evaluations, report.gradient_calls) == (3, 3)
    assert report.headline.startswith("as accurate as the reference in the same arithmetic")


@pytest.mark.parametrize(
    ("budget", "verdict", "evaluations"),
    [(1, "inconclusive", 1), (2, "inconclusive", 2), (3, "pass", 3), ("100", "pass", 3)],
)
def test_a_budget_is_kept(budget: Any, verdict: str, evaluations: int) -> None:
    report = gp.check(problem(reference), budget=budget)
    assert (report.verdict, report.evaluations) == (verdict, evaluations)
    assert [one.code for one in report.causes] == ["GP206"] * (evaluations < 3)
    assert any("was spent" in note for note in report.notes) is (evaluations < 3)


def test_a_time_and_ctrl_c_end_it() -> None:
    def slow(t: Any) -> Any:
        time.sleep(0.02)
        return reference(t)

    report = gp.check(problem(slow), budget="10ms")
    assert (report.verdict, report.evaluations) == ("inconclusive", 1)

    calls = 0

    def interrupted(t: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:  # the first tells whether it has one output or several
            raise KeyboardInterrupt
        return reference(t)

    report = gp.check(problem(reference, reference=interrupted))
    assert report.verdict == "inconclusive"
    assert any("it was interrupted" in note for note in report.notes)


def test_a_run_may_have_options_for_its_other_problems(tmp_path: Path) -> None:
    path = tmp_path / "problems.py"
    path.write_text(
        "import gradproof as gp\nimport torch\n\n\n@gp.problem\ndef plain():\n"
        "    return gp.Problem(lambda t: t**2, lambda t: 2 * t, 3.0)\n\n\n"
        "@gp.problem\ndef kernel():\n"
        "    return gp.Problem(torch.sin, gp.autodiff, torch.ones(3), reference=torch.sin)\n"
    )
    done = CliRunner().invoke(app, ["check", str(path), "--rtol", "1e-4", "--budget", "1min"])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, ["check", str(path), "--budget", "1"])
    assert done.exit_code == 3, done.output


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    gp.check(problem(reference), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


class Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return functional.softplus(x)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        (x,) = ctx.saved_tensors
        return gradient * torch.sigmoid(x.half()).float()


def test_what_is_added_up_in_less_is_less_accurate() -> None:
    report = gp.check(problem(Rounded.apply))
    assert report.verdict == "fail"
    (cause,) = report.causes
    assert cause.code == "GP503"
    assert cause.parameters["times"] > 100
    # A mistake is one, in whatever arithmetic.
    report = gp.check(problem(lambda t: 1.5 * reference(t)))
    assert [one.code for one in report.causes] == ["GP302"]
    assert report.leaves[0].ratio == pytest.approx(1.5, rel=1e-3)


def test_one_wrong_component_of_one_tensor_is_found() -> None:
    class OneOff(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            wrong = gradient.clone()
            wrong[2, 1] *= 1.5
            return wrong

    at = {"a": torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), "b": X[:5]}

    def plain(t: Any) -> Any:
        return t["a"].sin().sum() + t["b"].cos().sum()

    def f(t: Any) -> Any:
        return plain({**t, "a": OneOff.apply(t["a"])})

    report = gp.check(problem(f, at, reference=plain))
    assert [leaf.verdict for leaf in report.leaves] == ["fail", "pass"]
    assert [culprit.address for culprit in report.culprits] == ["t['a'][2, 1]"]
    assert at["a"].dtype is torch.float32


def test_a_module_is_as_it_was() -> None:
    layer = torch.nn.Linear(3, 2)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    x = torch.ones(4, 3)

    def plain(model: Any) -> Any:
        return (x.to(model.weight.dtype) @ model.weight.T + model.bias).tanh()

    report = gp.check(problem(lambda model: model(x).tanh(), layer, reference=plain))
    assert report.passed, report.summary()
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())
    assert layer.weight.dtype is torch.float32


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        (lambda: problem(reference, X.double()), {}, "in float64 already|parameters in float64"),
        (lambda: gp.Problem(reference, X, X, reference=reference), {}, "expected gp.autodiff"),
        (lambda: problem(reference), {"include": "t"}, "include: found it with a reference"),
        (lambda: problem(reference), {"rtol": 1e-3}, "rtol: found it with a reference"),
        (lambda: problem(lambda t: t.sum()), {}, "expected those of f"),
        (lambda: problem(reference, reference=3), {}, "reference: found 3"),
    ],
)
def test_wrong_use_gets_help(made: Any, options: Any, message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        gp.check(made(), **options)


class TwoThirds(torch.autograd.Function):
    """A cube with the gradient of another power."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x**2 * g


def test_one_component_that_overflows_hides_no_mistake_in_the_others() -> None:
    torch.manual_seed(0)
    at = torch.cat([torch.tensor([200.0]), torch.randn(7)]).half()

    def reference(t: Any) -> Any:
        return (t**3).sum()

    report = gp.check(
        gp.Problem(lambda t: TwoThirds.apply(t).sum(), gp.autodiff, at, reference=reference)
    )
    assert report.verdict == "fail"
    assert report.causes[0].code == "GP302"
    report = gp.check(gp.Problem(reference, gp.autodiff, at, reference=reference))
    assert report.verdict == "inconclusive"
    assert report.leaves[0].undecided == 1
    assert "the reference is not finite" in report.headline


def test_a_reference_that_overflows_everywhere_leaves_rounding_to_judge_by() -> None:
    torch.manual_seed(0)
    at = (torch.randn(8) * 3 + 8).half()

    def plain(t: Any) -> Any:
        return t.exp() / t.exp().sum()

    right = gp.Problem(lambda t: torch.softmax(t, 0), gp.autodiff, at, reference=plain)
    assert gp.check(right).verdict != "fail"
    wrong = gp.Problem(lambda t: torch.softmax(1.1 * t, 0), gp.autodiff, at, reference=plain)
    assert not gp.check(wrong).passed
