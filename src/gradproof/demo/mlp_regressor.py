"""A bug shipped in a famous library: the gradient of scikit-learn's MLPRegressor.

With `solver="lbfgs"`, squared error and k ≥ 2 outputs, the loss is a mean over the outputs and its
gradient a sum: k times too large, apart from the penalty (scikit-learn issue 8349, of 2017).
"""

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
from gradproof.api.differentiate import differentiate
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
    for heading in ("k", "alpha", "verdict", "data", "penalty", "evaluations"):
        table.add_column(heading, justify="right")
    reports = {}
    factors = {}
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
            data, penalty = _factors(problem, alpha)
            reports[outputs, alpha], factors[outputs, alpha] = report, data
            table.add_row(
                str(outputs),
                f"{alpha:g}",
                report.verdict.value.upper(),
                f"× {data:.4f}",
                f"× {penalty:.4f}" if alpha else "none",
                str(report.evaluations),
            )
    console.print(table)
    if all(report.verdict is Verdict.PASS for report in reports.values()):
        console.print("The gradient is right: this version of scikit-learn has mended it.")
        return True
    console.print(
        f"The gradient of the data term is k times too large; the penalty is right.\n"
        f"The whole report for k = {_SHOWN}, alpha = 0:\n",
        highlight=False,
    )
    show(reports[_SHOWN, 0.0], console)
    console.print(
        "\nThe loss is averaged over samples and outputs, its gradient over samples only "
        "(scikit-learn issue 8349, open since 2017). What the optimiser minimises is not what it "
        "is told: with a penalty, the penalty counts k times too little.",
        highlight=False,
    )
    return all(
        report.verdict is Verdict.FAIL and abs(factors[key] - key[0]) < 1e-3
        for key, report in reports.items()
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

    return Problem(loss_and_gradient, True, unpack(packed))


def _pack(parameters: dict[str, list[Array]]) -> Array:
    return np.concatenate(
        [part.ravel() for part in (*parameters["coefs_"], *parameters["intercepts_"])]
    )


def _factors(problem: Problem, alpha: float) -> tuple[float, float]:
    """Return by what factors the data term and the penalty are claimed, fitted to differences."""
    measured = _pack(differentiate(lambda at: problem.f(at)[0], problem.at).values)
    claimed = _pack(problem.f(problem.at)[1])
    weights = problem.at["coefs_"] + [np.zeros_like(b) for b in problem.at["intercepts_"]]
    penalty = alpha / _SAMPLES * np.concatenate([part.ravel() for part in weights])
    terms = np.column_stack([measured - penalty, penalty])[:, : 2 if alpha else 1]
    fitted = np.linalg.lstsq(terms, claimed, rcond=None)[0]
    return float(fitted[0]), float(fitted[1]) if alpha else 1.0
