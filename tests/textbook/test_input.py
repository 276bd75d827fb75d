"""What counts as a number or an array, and the errors: what each says, where they live, pickling."""

import decimal
import fractions
import pickle

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof import GradproofError, InputError, MissingExtra
from gradproof.textbook import central_difference, grade, network, relative_error


@pytest.mark.parametrize(
    "number",
    [
        fractions.Fraction(1, 2),
        decimal.Decimal("0.5"),
        np.float32(0.5),
        np.longdouble(0.5),
        np.array([[0.5]]),
        np.array([fractions.Fraction(1, 2)], dtype=object),
        [0.5],
    ],
)
def test_every_real_number_is_one(number: object) -> None:
    assert central_difference(lambda x: x * x, number, 0.25) == 1.0  # type: ignore[arg-type]
    assert central_difference(lambda x: number, 1.0) == 0.0  # type: ignore[arg-type,return-value]


def test_whole_numbers_beyond_int64_are_numbers_up_to_the_range_of_float64() -> None:
    assert central_difference(lambda x: 2**80, 2**70) == 0.0
    with pytest.raises(InputError, match="x: found 1000.*, expected one real number"):
        central_difference(abs, 10**400)


@pytest.mark.parametrize(
    "value", [None, "1", b"1", 1j, np.timedelta64(1, "ns"), [[1.0], [1.0, 2.0]], [], object()]
)
def test_what_is_no_number_is_named(value: object) -> None:
    with pytest.raises(InputError, match="error: found .*, expected one real number"):
        grade(value)  # type: ignore[arg-type]


def test_objects_and_generators_are_told_the_cure() -> None:
    with pytest.raises(InputError, match=r"a: .* real numbers; \.astype\(float\) makes one of an"):
        relative_error(np.array([fractions.Fraction(1, 3)], dtype=object), [1.0])
    with pytest.raises(InputError, match=r"a: .* real numbers; \.astype\(float\) makes one of an"):
        relative_error([10**30], [1.0])
    with pytest.raises(InputError, match=r"a: .* real numbers; list\(\.\.\.\) makes one of a gen"):
        relative_error((x for x in [1.0]), [1.0])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a: found None, expected an array of real numbers$"):
        relative_error(None, [1.0])  # type: ignore[arg-type]


def test_messages_show_numbers_of_numpy_as_plain_ones() -> None:
    with pytest.raises(InputError, match="h: found 0.0, expected a positive"):
        gp.numerical_gradient(abs, 1.0, h=np.float64(0.0))
    with pytest.raises(InputError, match="k: found 0, expected a whole number"):
        network.random_examples([[1.0]], [[1.0]], np.int64(0))  # type: ignore[arg-type]


HUGE: npt.NDArray[np.longdouble] = np.array(["1e4000", "-1e4000"], dtype=np.longdouble)


@pytest.mark.skipif(
    np.finfo(np.longdouble).maxexp <= 1024, reason="long double is float64 on this machine"
)
def test_what_is_beyond_float64_becomes_infinite_without_a_warning() -> None:
    assert np.isnan(relative_error(HUGE, np.zeros(2)))
    check = gp.gradient_check(np.sum, lambda v: HUGE, np.zeros(2))
    assert check["analytical_gradient"].tolist() == [np.inf, -np.inf]
    assert network.sigmoid(HUGE).tolist() == [1.0, 0.0]
    assert network.tanh(HUGE).tolist() == [1.0, -1.0]
    assert np.isnan(gp.numerical_gradient(lambda v: v[0], HUGE)[0])


def test_errors_live_where_users_import_them() -> None:
    for error in (GradproofError, InputError, MissingExtra):
        assert error.__module__ == "gradproof"
        assert getattr(gp, error.__name__) is error


def test_errors_survive_pickling() -> None:
    missing = MissingExtra("drawing", package="matplotlib", extra="plot")
    for error in (missing, InputError("x: found 1, expected 2"), GradproofError("no")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.args == error.args
