"""A network from scratch on real digits: its backward pass is right, two classic mistakes are not.

The network is ``[12288, 5, 5, 1]`` with tanh. The textbook loop and gradproof's check look at the
same gradients, side by side.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from gradproof.api.check import check
from gradproof.api.report import Report
from gradproof.data import load_digits
from gradproof.render.progress import progress_bar
from gradproof.render.terminal import show
from gradproof.textbook import (
    Grade,
    grade,
    gradients_to_vector,
    largest_differences,
    network,
    relative_error,
    vector_to_dictionary,
)

_HIDDEN_UNITS = (5, 5)
_ACTIVATION = "tanh"
_WRONG_FACTORS = {"dW2": 2, "db1": 4}
_MISTAKES = "dW2 = 1./m * dZ2 @ A1.T * 2,  db1 = 4./m * sum(dZ1)"
# Far above the error of a two-sided difference at 1e-7, far below either mistake.
_VISIBLE = 1e-6
_MOST_ROWS = 7
Tensors = dict[str, npt.NDArray[np.float64]]


def run(console: Console, *, size: int = 64, channels: int = 3, seed: int = 0) -> bool:
    """Show the demonstration; return whether everything was as it claims.

    `size` and `channels` are those of the images, `seed` draws the image and the weights.
    """
    console.print("[bold]gradproof demo[/]  backpropagation from scratch, on real digits\n")
    images, labels = load_digits(size, channels)["train"]
    X, Y = network.random_examples(images, labels, k=1, seed=seed)
    layers_dims = [len(X), *_HIDDEN_UNITS, 1]
    parameters = network.initialize_parameters(layers_dims, seed=seed)
    AL, caches = network.L_model_forward(X, parameters, _ACTIVATION)
    right = network.L_model_backward(AL, Y, caches, _ACTIVATION)
    wrong = right | {key: right[key] * factor for key, factor in _WRONG_FACTORS.items()}
    n = sum(value.size for value in parameters.values())
    _say(console, f"network {layers_dims}, {_ACTIVATION}: {n:,} parameters")
    answer = "yes" if Y[0, 0] else "no"
    _say(console, f'one image of {images.shape[1]:,}; "is it a 0?": {answer}\n')

    def cost(parameters: Tensors) -> float:
        return network.forward_prop_cost(X, parameters, Y, _ACTIVATION)

    _heading(console, "1  The textbook loop: two evaluations for every parameter, one step, 1e-7")
    started = time.perf_counter()
    with _progress(console, "textbook loop", n) as update:
        numerical = network.numerical_gradient(
            parameters,
            X,
            Y,
            layers_dims,
            hidden_layers_activation_fn=_ACTIVATION,
            progress=update,
        )
    textbook_seconds = time.perf_counter() - started
    right_passes = _show_grade(console, "the backward pass as it is written", right, numerical)
    wrong_fails = not _show_grade(console, f"with two mistakes: {_MISTAKES}", wrong, numerical)
    rolled = vector_to_dictionary(numerical, layers_dims)
    measured = {f"d{key}": value for key, value in rolled.items()}
    both_named = _show_largest(console, {key: wrong[key] for key in measured}, measured)

    _heading(console, "2  gradproof: no step, no tolerance, error bars")
    reports = []
    for gradients in (right, wrong):
        with _progress(console, "gradproof", n) as update:
            reports.append(check(cost, gradients, parameters, seed=seed, progress=update))
        show(reports[-1], console)
        console.print()
    _show_prices(console, 2 * n, textbook_seconds, reports)
    return _as_claimed(
        console,
        {
            "the textbook loop passes the right gradient": right_passes,
            "the textbook loop catches the mistakes": wrong_fails,
            "its largest differences name dW2 and db1, and nothing else": both_named,
            "gradproof passes the right gradient": reports[0].passed,
            "gradproof names W2 and b1 with their factors, 2 and 4": _factors(reports[1])
            == {"parameters['W2']": 2, "parameters['b1']": 4},
        },
    )


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False)


def _heading(console: Console, text: str) -> None:
    console.print(f"[bold]{text}[/]\n", highlight=False)


@contextmanager
def _progress(console: Console, what: str, total: int) -> Iterator[Callable[[int, int], object]]:
    """Show a bar while something runs, and forget it; nothing where there is no terminal."""
    with progress_bar(console) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show_grade(
    console: Console, title: str, gradients: Tensors, numerical: npt.NDArray[np.float64]
) -> bool:
    error = relative_error(gradients_to_vector(gradients), numerical)
    meaning = grade(error)
    right = meaning is Grade.RIGHT
    _say(console, title)
    style = "green" if right else "red"
    _say(console, f"  relative error {error:.2g}: [{style}]{meaning.sentence}[/]\n")
    return right


def _show_largest(console: Console, claimed: Tensors, measured: Tensors) -> bool:
    n = sum(value.size for value in measured.values())
    visible = [
        difference
        for difference in largest_differences(claimed, measured, k=n)
        if not difference.size <= _VISIBLE
    ]
    counts = Counter(difference.name for difference in visible)
    where = ", ".join(f"{name} {k} of {measured[name].size}" for name, k in counts.items())
    _say(console, f"  {len(visible)} of {n:,} components differ by more than {_VISIBLE:g}:")
    _say(console, f"  {where}")
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("largest differences")
    for heading in ("claimed", "measured", "ratio"):
        table.add_column(heading, justify="right")
    for difference in visible[:_MOST_ROWS]:
        table.add_row(
            difference.address,
            f"{difference.a:+.6f}",
            f"{difference.b:+.6f}",
            f"{difference.a / difference.b:.4f}" if difference.b else "—",
        )
    console.print(table)
    return set(counts) == set(_WRONG_FACTORS)


def _show_prices(console: Console, evaluations: int, seconds: float, reports: list[Report]) -> None:
    table = Table(box=box.SIMPLE_HEAD, title="the price", title_justify="left")
    table.add_column("")
    for heading in ("evaluations", "seconds"):
        table.add_column(heading, justify="right")
    table.add_row("textbook loop", f"{evaluations:,}", f"{seconds:.2f}")
    for name, report in zip(("right", "wrong"), reports, strict=True):
        table.add_row(
            f"gradproof, {name} gradient", f"{report.evaluations:,}", f"{report.seconds:.2f}"
        )
    console.print(table)


def _factors(report: Report) -> dict[str, float]:
    """Return the wrong factor of each tensor that has one."""
    return {
        address: round(cause.parameters["factor"], 3)
        for cause in report.causes
        if cause.code == "GP302"
        for address in cause.addresses
    }


def _as_claimed(console: Console, claims: dict[str, bool]) -> bool:
    """Say which claims of the demonstration did not come true, if any."""
    for claim, true in claims.items():
        if not true:
            console.print(f"[bold red]Not as it should be:[/] {claim}: that did not come true.")
    return all(claims.values())
