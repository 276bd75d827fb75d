"""Parts of tensors as code and in words, of complex numbers too."""

import pytest

from gradproof.judge.naming import code_of, of_whole_numbers, words_of
from gradproof.judge.patterns import Block, Part, Slices

ROW = Slices(0, (3,))


@pytest.mark.parametrize(
    ("part", "code", "words"),
    [
        (Slices(0, (3,)), "[3, :]", "row 3"),
        (Slices(2, (1,)), ".imag", "the imaginary parts"),
        (Slices(2, (0,)), ".real", "the real parts"),
        (Block(((1, 1), None, None)), "[1:2, :]", "row 1"),
        (Block(((1, 2), None, (1, 1))), "[1:3, :].imag", "the imaginary parts of rows 1 to 2"),
        (Block((None, None, (0, 0))), ".real", "the real parts"),
    ],
)
def test_of_pairs_the_last_axis_is_that_of_their_parts(part: Part, code: str, words: str) -> None:
    assert code_of(part, 3, pairs=True) == code
    assert words_of(part, 3, pairs=True) == words


def test_of_real_numbers_a_part_names_itself() -> None:
    assert code_of(ROW, 2, pairs=False) == ROW.index(2) == "[3, :]"
    assert words_of(ROW, 2, pairs=False) == ROW.words(2) == "row 3"


def test_components_of_complex_tensors_are_called_numbers() -> None:
    part = Block(((2, 5), (0, 0)))
    assert words_of(part, 2, pairs=True) == "the real parts of numbers 2 to 5"


def test_the_same_numbers_with_both_of_their_parts() -> None:
    def ranges(part: Part) -> object:
        whole = of_whole_numbers(part)
        return whole.ranges if isinstance(whole, Block) else whole

    assert ranges(ROW) is None
    assert ranges(Block((None, (0, 0)))) is None
    assert ranges(Block(((1, 2), None, (0, 0)))) == ((1, 2), None, None)
    assert ranges(Block((None, (2, 4), None))) == (None, (2, 4), None)
