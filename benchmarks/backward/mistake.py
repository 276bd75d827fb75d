"""What a mistake in a backward pass is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """
    One edit of the source of a ``gradient``, and what it does to the result.

    Parameters
    ----------
    module : str
        The name of the module below ``benchmarks.backward.passes``.
    find, replace : str
        The text that is replaced, which occurs once in the source of the module, and its
        replacement.
    expected : tuple of str
        The codes of which any is a right answer. Where tensors are wrong in different ways, the
        codes of all of them stand here. Empty where no code expresses what became of the gradient;
        another function, or a description of the place, is then the honest answer.
    where : tuple of str
        The keys of the tensors whose gradients become wrong.
    why : str
        What whoever wrote it had forgotten or confused.
    """

    module: str
    find: str
    replace: str
    expected: tuple[str, ...]
    where: tuple[str, ...]
    why: str
