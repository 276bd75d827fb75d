"""A network from scratch on real digits: its backward pass is right, two classic mistakes are not.

The network is ``[12288, 5, 5, 1]`` with tanh; the check is the textbook loop.
"""

import time
from collections import Counter

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gradproof.data import load_digits
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
# Far above the error of a two-sided difference at 1e-7, far below either mistake.
_VISIBLE = 1e-6


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
    n = sum(value.size for value in parameters.values())
    console.print(
        f"network {layers_dims}, {_ACTIVATION}: {n:,} parameters\n"
        f'one image of {images.shape[1]:,}; "is it a 0?": {"yes" if Y[0, 0] else "no"}',
        highlight=False,
    )

    started = time.perf_counter()
    with _progress(console) as bar:
        task = bar.add_task("textbook loop", total=n)
        numerical = network.numerical_gradient(
            parameters,
            X,
            Y,
            layers_dims,
            hidden_layers_activation_fn=_ACTIVATION,
            progress=lambda done, _: bar.update(task, completed=done),
        )
    seconds = time.perf_counter() - started
    console.print(
        f"two evaluations for every parameter: {2 * n:,} evaluations, {seconds:.1f} s\n",
        highlight=False,
    )

    found_right = _show_verdict(console, "The backward pass as it is written", right, numerical)

    wrong = right | {"dW2": right["dW2"] * 2, "db1": right["db1"] * 4}
    found_wrong = not _show_verdict(
        console,
        "With two classic mistakes: dW2 = 1./m * dZ2 @ A1.T * 2, db1 = 4./m * sum(dZ1)",
        wrong,
        numerical,
    )
    measured = {
        f"d{key}": value for key, value in vector_to_dictionary(numerical, layers_dims).items()
    }
    tensors = _show_largest(console, {key: wrong[key] for key in measured}, measured)
    return found_right and found_wrong and tensors == {"dW2", "db1"}


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("parameters"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


def _show_verdict(
    console: Console, title: str, gradients: dict[str, np.ndarray], numerical: np.ndarray
) -> bool:
    error = relative_error(gradients_to_vector(gradients), numerical)
    meaning = grade(error)
    right = meaning is Grade.RIGHT
    console.print(f"[bold]{title}[/]", highlight=False)
    console.print(
        f"  relative error {error:.2g}: [{'green' if right else 'red'}]{meaning.sentence}[/]\n",
        highlight=False,
    )
    return right


def _show_largest(
    console: Console, claimed: dict[str, np.ndarray], measured: dict[str, np.ndarray]
) -> set[str]:
    n = sum(value.size for value in measured.values())
    visible = [
        difference
        for difference in largest_differences(claimed, measured, k=n)
        if not difference.size <= _VISIBLE
    ]
    counts = Counter(difference.name for difference in visible)
    where = ", ".join(f"{name} {k} of {measured[name].size}" for name, k in counts.items())
    console.print(
        f"  {len(visible)} of {n:,} components differ by more than {_VISIBLE:g}:\n  {where}",
        highlight=False,
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True)
    for heading in ("largest differences", "claimed", "measured", "claimed / measured"):
        table.add_column(heading, justify="left" if heading.startswith("largest") else "right")
    for difference in visible[:10]:
        table.add_row(
            difference.address,
            f"{difference.a:+.6f}",
            f"{difference.b:+.6f}",
            f"{difference.a / difference.b:.4f}" if difference.b else "—",
        )
    console.print(table)
    return set(counts)
