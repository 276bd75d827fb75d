"""A bug shipped in a famous library: the gradient of scikit-learn's MLPRegressor.

With `solver="lbfgs"`, squared error and k ≥ 2 outputs, the loss is a mean over the outputs and its
gradient a sum: k times too large, apart from the penalty (scikit-learn issue 8349, of 2017).
"""

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from gradproof._base.errors import MissingExtra
from gradproof._base.outcomes import Verdict
from gradproof.api.check import check
from gradproof.api.report import Report
from gradproof.problems import Problem
from gradproof.render.terminal import show

_OUTPUTS = (2, 3, 5)
_DEFAULT_ALPHA = 1e-4
_SHOWN = 3
_SAMPLES = 20
Array = npt.NDArray[np.float64]


def run(console: Console, *, seed: int = 0) -> bool:
    """Show the demonstration; return whether everything was as it claims.

    Where the installed scikit-learn has mended the gradient, that is what is shown.
    """
    try:
        import sklearn
    except ImportError as error:
        raise MissingExtra("this demonstration", package="scikit-learn", extra="demo") from error
    console.print("[bold]gradproof demo sklearn[/]  is this gradient right?\n")
    console.print(
        f"scikit-learn {sklearn.__version__}, MLPRegressor(solver='lbfgs'), k outputs:\n"
        "the loss and the gradient that its optimiser is given\n",
        highlight=False,
    )
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("k", "alpha", "verdict", "cause", "factor", "penalty", "evaluations"):
        table.add_column(heading, justify="right")
    reports = {}
    for alpha in (0.0, _DEFAULT_ALPHA):
        for outputs in _OUTPUTS:
            problem = _problem(outputs, alpha, seed)
            if problem is None:
                console.print(
                    "This version no longer has the method that the demonstration looks at "
                    "(_loss_grad_lbfgs): nothing to show."
                )
                return True
            report = check(problem, seed=seed)
            reports[outputs, alpha] = report
            code, factor, penalty = _cause(report)
            table.add_row(
                str(outputs),
                f"{alpha:g}",
                report.verdict.value.upper(),
                code,
                f"{factor:.4f}",
                f"{penalty:.3g}" if penalty else "",
                str(report.evaluations),
            )
    console.print(table)
    if all(report.verdict is Verdict.PASS for report in reports.values()):
        console.print("The gradient is right: this version of scikit-learn has mended it.")
        return True
    console.print(
        "The gradient of the data term is k times too large (GP302); with a penalty, which is "
        f"right, that is found beside it (GP303): alpha / {_SAMPLES} samples.\n"
        f"The whole report for k = {_SHOWN}, alpha = {_DEFAULT_ALPHA:g}:\n",
        highlight=False,
    )
    show(reports[_SHOWN, _DEFAULT_ALPHA], console)
    console.print(
        "\nThe loss is averaged over samples and outputs, its gradient over samples only "
        "(scikit-learn issue 8349, open since 2017). What the optimiser minimises is not what it "
        "is told: with a penalty, the penalty counts k times too little.",
        highlight=False,
    )
    return all(
        report.verdict is Verdict.FAIL and _is_as_published(report, *key)
        for key, report in reports.items()
    )


def _cause(report: Report) -> tuple[str, float, float]:
    """Return the code of what is wrong, the factor, and the penalty; NaN and 0 where none is."""
    for cause in report.causes:
        if "factor" in cause.parameters:
            return cause.code, cause.parameters["factor"], cause.parameters.get("penalty", 0.0)
    return "", math.nan, 0.0


def _is_as_published(report: Report, outputs: int, alpha: float) -> bool:
    """Whether all tensors have one cause: the data term times k, the penalty as it should be."""
    code, factor, penalty = _cause(report)
    return (
        [cause.code for cause in report.causes] == [code]
        and code == ("GP303" if alpha else "GP302")
        and math.isclose(factor, outputs, rel_tol=1e-3)
        and math.isclose(penalty, alpha / _SAMPLES, rel_tol=1e-2)
    )


def _problem(outputs: int, alpha: float, seed: int) -> Problem | None:
    """Return the problem that scikit-learn hands to its optimiser; None if it has none such."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    class Recorder(MLPRegressor):  # type: ignore[misc]
        """Keeps what the optimiser's function is called with."""

        def _loss_grad_lbfgs(self, packed: Array, *rest: Any) -> Any:
            self.recorded = packed.copy(), rest
            return super()._loss_grad_lbfgs(packed, *rest)

    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((_SAMPLES, 4)), rng.standard_normal((_SAMPLES, outputs))
    model = Recorder(
        hidden_layer_sizes=(3,),
        solver="lbfgs",
        activation="tanh",
        alpha=alpha,
        max_iter=1,
        random_state=seed,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one iteration is all we need
            model.fit(X, y)
        packed, rest = model.recorded
    except AttributeError:
        return None
    shapes = [layer.shape for layer in (*model.coefs_, *model.intercepts_)]
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def unpack(vector: Array) -> dict[str, list[Array]]:
        parts = [
            part.reshape(shape) for part, shape in zip(np.split(vector, cuts), shapes, strict=True)
        ]
        layers = len(model.coefs_)
        return {"coefs_": parts[:layers], "intercepts_": parts[layers:]}

    def loss_and_gradient(parameters: dict[str, list[Array]]) -> tuple[float, Any]:
        loss, gradient = MLPRegressor._loss_grad_lbfgs(model, _pack(parameters), *rest)
        return loss, unpack(gradient)

    return Problem(loss_and_gradient, True, unpack(packed), facts={"outputs": outputs})


def _pack(parameters: dict[str, list[Array]]) -> Array:
    return np.concatenate(
        [part.ravel() for part in (*parameters["coefs_"], *parameters["intercepts_"])]
    )
