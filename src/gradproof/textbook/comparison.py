"""How far two gradients are apart, what that means, and where they differ most."""

import dataclasses
import enum
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.validation import float64_array, real_number, whole_number


def relative_error(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    r"""Return the relative error :math:`\|a - b\|_2 / (\|a\|_2 + \|b\|_2)` of two gradients.

    Parameters
    ----------
    a, b : array_like
        Real numbers, of the same shape (any shape).

    Returns
    -------
    float
        Between 0 (equal) and 1 (opposite, or one of them zero); 0 for two zero vectors, NaN where
        a component is not finite. Neither overflows nor underflows where the result does not.

    Raises
    ------
    InputError
        If the shapes differ or something is not a real number.

    See Also
    --------
    grade : What the size of the number means.

    Notes
    -----
    Costs no evaluation. Source: Andrew Ng, *Improving Deep Neural Networks* (2017), week 1,
    "Gradient checking".

    Examples
    --------
    >>> from gradproof.textbook import relative_error
    >>> relative_error([1.0, 2.0], [1.0, 2.0])
    0.0
    >>> round(relative_error([2.0, 4.0], [1.0, 2.0]), 6)
    0.333333
    >>> relative_error([0.0, 0.0], [0.0, 0.0])
    0.0
    """
    first, second = _same_shape(a, b)
    return norm_ratio(first, second, floor=0.0)


def norm_ratio(a: npt.NDArray[Any], b: npt.NDArray[Any], *, floor: float) -> float:
    """Return ‖a − b‖₂ / (‖a‖₂ + ‖b‖₂ + floor), and 0 where all three are 0."""
    largest = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
    if not np.isfinite(largest):
        return float("nan")
    if largest == 0:
        return 0.0
    # Dividing by a power of two is exact, and keeps the squares within range.
    _, exponent = np.frexp(largest)
    a, b = np.ldexp(a, -exponent), np.ldexp(b, -exponent)
    with np.errstate(over="ignore"):  # a floor that is beyond all range next to them makes 0
        scaled_floor = np.ldexp(floor, -exponent)
    distance = np.linalg.norm((a - b).ravel())
    return float(distance / (np.linalg.norm(a.ravel()) + np.linalg.norm(b.ravel()) + scaled_floor))


class Grade(enum.Enum):
    """What the size of a relative error means; the value is the sentence to print.

    Examples
    --------
    >>> from gradproof.textbook import grade
    >>> grade(3e-6).name
    'ACCEPTABLE'
    >>> print(grade(3e-6).sentence)
    acceptable (at most 1e-5), but look at the components: none should stand out
    """

    RIGHT = "very likely right (at most 1e-7)"
    ACCEPTABLE = "acceptable (at most 1e-5), but look at the components: none should stand out"
    WORRYING = "worrying (at most 1e-3): a mistake in some component is likely"
    BUG = "almost surely a bug (above 1e-3, or not a number)"

    @property
    def sentence(self) -> str:
        """The meaning in words."""
        return self.value


def grade(error: float) -> Grade:
    """Grade a relative error by the reference table of the classic text.

    Parameters
    ----------
    error : float
        A relative error, as :func:`relative_error` returns it: 0 or more, or NaN.

    Returns
    -------
    Grade
        ``RIGHT`` up to 1e-7, ``ACCEPTABLE`` up to 1e-5, ``WORRYING`` up to 1e-3, ``BUG`` above
        that or for NaN.

    Raises
    ------
    InputError
        If `error` is negative or no number.

    Notes
    -----
    Costs no evaluation. The bounds assume float64, a smooth function and a step of about 1e-7.
    Source: Andrew Ng, *Improving Deep Neural Networks* (2017), week 1, "Gradient checking".

    Examples
    --------
    >>> from gradproof.textbook import grade
    >>> grade(2e-9)
    <Grade.RIGHT: 'very likely right (at most 1e-7)'>
    >>> grade(float("nan")).name
    'BUG'
    """
    error = real_number(error, "error")
    if error < 0:
        raise InputError(f"error: found {error!r}, expected a relative error, 0 or more")
    if error <= 1e-7:
        return Grade.RIGHT
    if error <= 1e-5:
        return Grade.ACCEPTABLE
    if error <= 1e-3:
        return Grade.WORRYING
    return Grade.BUG


@dataclasses.dataclass(frozen=True)
class Difference:
    """One component of two gradients, as :func:`largest_differences` lists it.

    Parameters
    ----------
    name : str
        The tensor; empty where the gradients are single arrays.
    index : tuple of int
        The component within the tensor.
    a, b : float
        Its value in either gradient.

    Examples
    --------
    >>> from gradproof.textbook import Difference
    >>> Difference("W2", (0, 3), 0.5, 0.25).address
    'W2[0, 3]'
    """

    name: str
    index: tuple[int, ...]
    a: float
    b: float

    @property
    def address(self) -> str:
        """The component as code: ``W2[0, 3]``; without a name, ``[0, 3]``."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name

    @property
    def size(self) -> float:
        """The distance of the two values."""
        return abs(self.a - self.b)


def largest_differences(
    a: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    b: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    k: int = 10,
) -> list[Difference]:
    """List the `k` components in which two gradients differ most, the largest first.

    Parameters
    ----------
    a, b : array_like or mapping of str to array_like
        Two gradients, of the same shape (any shape), or of the same keys and shapes.
    k : int, default 10
        How many components at most; equal components are never listed.

    Returns
    -------
    list of Difference
        Name, index and both values of each; NaN counts as larger than everything, infinity too,
        and ties keep the order of the components.

    Raises
    ------
    InputError
        If the shapes or keys differ, something is not a real number, or `k` is below 1.

    Notes
    -----
    Costs no evaluation; time O(n log n), n the number of differing components.

    Examples
    --------
    >>> from gradproof.textbook import largest_differences
    >>> claimed = {"W": [[1.0, 2.0], [3.0, 8.0]], "b": [0.5, 0.25]}
    >>> measured = {"W": [[1.0, 2.0], [3.0, 4.0]], "b": [0.5, 0.75]}
    >>> for difference in largest_differences(claimed, measured):
    ...     print(difference.address, difference.a, difference.b)
    W[1, 1] 8.0 4.0
    b[1] 0.25 0.75

    The numerical gradient of a network is a vector; cut into parameters, it is compared by name:

    >>> from gradproof.textbook import network, vector_to_dictionary
    >>> X, Y, layers_dims = [[1.0], [0.5]], [[1.0]], [2, 3, 1]
    >>> parameters = network.initialize_parameters(layers_dims)
    >>> AL, caches = network.L_model_forward(X, parameters)
    >>> gradients = network.L_model_backward(AL, Y, caches)
    >>> gradients["db2"] = gradients["db2"] * 2
    >>> vector = network.numerical_gradient(parameters, X, Y, layers_dims)
    >>> measured = {f"d{key}": v for key, v in vector_to_dictionary(vector, layers_dims).items()}
    >>> claimed = {key: gradients[key] for key in measured}
    >>> largest_differences(claimed, measured, k=1)[0].address
    'db2[0, 0]'
    """
    k = whole_number(k, "k", at_least=1)
    found: list[Difference] = []
    for name, first, second in _named_pairs(a, b):
        differ = np.flatnonzero(first != second)  # NaN as well
        with np.errstate(over="ignore"):
            size = np.abs(first.ravel()[differ] - second.ravel()[differ])
        # NaN first, then the largest; both sorts are stable.
        order = np.lexsort((-size, ~np.isnan(size)))[:k]
        for flat in differ[order]:
            index = tuple(int(i) for i in np.unravel_index(flat, first.shape))
            found.append(Difference(name, index, float(first[index]), float(second[index])))
    found.sort(key=lambda difference: (not math.isnan(difference.size), -difference.size))
    return found[:k]


def _named_pairs(
    a: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    b: npt.ArrayLike | Mapping[str, npt.ArrayLike],
) -> list[tuple[str, npt.NDArray[Any], npt.NDArray[Any]]]:
    if not isinstance(a, Mapping) and not isinstance(b, Mapping):
        return [("", *_same_shape(a, b))]
    if not (isinstance(a, Mapping) and isinstance(b, Mapping)) or a.keys() != b.keys():
        raise InputError(f"b: found {_keys(b)}, expected {_keys(a)}, as in a")
    return [(name, *_same_shape(a[name], b[name], f"[{name!r}]")) for name in a]


def _keys(value: object) -> str:
    return f"the keys {list(value)}" if isinstance(value, Mapping) else "an array"


def _same_shape(a: object, b: object, at: str = "") -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    first = float64_array(a, f"a{at}")
    second = float64_array(b, f"b{at}")
    if first.shape != second.shape:
        raise InputError(f"b{at}: found shape {second.shape}, expected {first.shape}, as in a{at}")
    return first, second
