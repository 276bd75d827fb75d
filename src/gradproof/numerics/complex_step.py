"""The complex step: the derivative without any difference, where f is analytic code.

f(x + i·ε·v) = f(x) + i·ε·f'(x; v) + O(ε²): nothing is subtracted, so that ε may be as small as one
likes and neither noise nor truncation is left. Code that is not analytic (abs, max, conjugates,
comparisons, a cast to real numbers) lies, and often without any complaint: values are trusted only
after they agreed with differences along dense directions.

Squire & Trapp, SIAM Review 40 (1998) 110-112; Martins, Sturdza & Alonso, ACM Trans. Math. Softw. 29
(2003) 245-262.
"""

import numpy as np
import numpy.typing as npt

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.numerics.protocol import FloatArray

STEP = 1e-20
"""In units of the natural scale of a line."""

_SAME_VALUE = 10.0  # unit roundoffs
_RESOLVED = 0.1  # of the slope: wider bars agree with anything


def slopes(values: npt.NDArray[np.complex128], steps: FloatArray) -> FloatArray:
    """Return the derivatives along lines that were moved by i times `steps`."""
    result: FloatArray = values.imag / steps
    return result


def is_trustworthy(
    values: npt.NDArray[np.complex128],
    steps: FloatArray,
    *,
    value_at_zero: float,
    measured: FloatArray,
    bars: FloatArray,
) -> bool:
    """Whether the complex steps along dense directions agree with the value and the differences."""
    same = np.abs(values.real - value_at_zero) <= _SAME_VALUE * UNIT_ROUNDOFF_64 * abs(
        value_at_zero
    )
    slope = slopes(values, steps)
    agree = (np.abs(slope - measured) <= bars) & (bars <= _RESOLVED * np.abs(slope))
    return bool(np.all(same & agree & np.isfinite(slope)) and np.any(slope != 0))
