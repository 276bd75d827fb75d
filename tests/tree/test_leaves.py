"""Taking pytrees apart: every component has one number, and an address that reads it."""

import collections
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.tree import Tree, flatten


class Layer(NamedTuple):
    """A pytree by name."""

    W: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class Model:
    """A pytree of fields, one with a default."""

    first: Any
    second: Any = 2.5


@dataclasses.dataclass
class Normalised:
    """Computes in __post_init__: from a field of its own, and beside the fields."""

    w: Any
    norm: Any = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.norm = float(np.linalg.norm(self.w))
        self.calls = getattr(self, "calls", 0) + 1


@dataclasses.dataclass(slots=True)
class Slotted:
    """Has no __dict__."""

    w: Any
    b: Any = 1.0


KEYS = st.one_of(
    st.text(max_size=4),
    st.sampled_from(["it's", 'say "so"', "größe", "重み", "a\\b", "x y", "", "[red]", "\x1b[0m"]),
    st.integers(-3, 3),
    st.tuples(st.sampled_from("ab"), st.integers(0, 2)),
)
SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
LEAVES = st.one_of(
    SHAPES.map(np.zeros), st.just(1.5), st.just(2), st.just(np.float32(0.5)), st.none()
)


def containers(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.dictionaries(KEYS, children, max_size=4),
        st.lists(children, max_size=3),
        st.lists(children, max_size=3).map(tuple),
        st.builds(Layer, children, children),
        st.builds(Model, children, children),
        st.builds(Slotted, children, children),
    )


def numbered(tree: Any) -> Any:
    """Give every component of a pytree a number of its own, in the order of the structure."""
    counter = iter(range(10**6))

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, Layer):
            return Layer(walk(node.W), walk(node.b))
        if isinstance(node, (list, tuple)):
            return type(node)([walk(value) for value in node])
        if isinstance(node, Model):
            return Model(walk(node.first), walk(node.second))
        if isinstance(node, Slotted):
            return Slotted(walk(node.w), walk(node.b))
        if isinstance(node, np.ndarray):
            return np.array([next(counter) for _ in range(node.size)], float).reshape(node.shape)
        return None if node is None else float(next(counter))

    return walk(tree)


TREES = st.recursive(LEAVES, containers, max_leaves=8).map(numbered)


@given(at=TREES)
def test_addresses_read_the_very_leaf_and_component_with_the_number(at: Any) -> None:
    tree, values = flatten(at, "params")
    names: dict[str, Any] = {"params": at}
    assert len(values) == len(tree.leaves)
    for leaf, value in zip(tree.leaves, values, strict=True):
        assert eval(tree.address(leaf), names) is value
    seen = []
    for component in range(tree.size):
        leaf, index = tree.locate(component)
        assert all(type(place) is int for place in index)
        seen.append(float(eval(tree.address(leaf, index), names)))
    assert seen == [float(component) for component in range(tree.size)]


@given(at=TREES)
def test_locating_is_the_inverse_of_the_flat_numbering(at: Any) -> None:
    tree, values = flatten(at, "x")
    assert tree.size == sum(np.size(value) for value in values)
    expected = [
        (leaf.start + place, leaf, np.unravel_index(place, leaf.shape) if leaf.shape else ())
        for leaf in tree.leaves
        for place in range(leaf.size)
    ]
    assert [number for number, _, _ in expected] == list(range(tree.size))
    for number, leaf, index in expected:
        assert tree.locate(number) == (leaf, tuple(map(int, index)))
    stops = [0, *(leaf.stop for leaf in tree.leaves)]
    assert [leaf.start for leaf in tree.leaves] == stops[:-1]


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if dataclasses.is_dataclass(left):
        fields = dataclasses.fields(left)
        return all(same(getattr(left, f.name), getattr(right, f.name)) for f in fields)
    return left is right


@given(at=TREES)
def test_what_is_taken_apart_is_put_together_again(at: Any) -> None:
    tree, values = flatten(at, "x")
    assert same(tree.unflatten(list(values)), at)


@given(at=TREES)
def test_paths_are_unique_and_leave_the_object_as_it_was(at: Any) -> None:
    before = repr(at)
    tree, _ = flatten(at, "x")
    assert repr(at) == before
    assert len({leaf.path for leaf in tree.leaves}) == len(tree.leaves)


def addresses(tree: Tree) -> list[str]:
    return [tree.address(leaf) for leaf in tree.leaves]


def test_dicts_keep_the_order_of_their_keys_and_need_not_be_sortable() -> None:
    tree, values = flatten({"W2": 1.0, "b1": 2.0, 3: 3.0, ("a", 1): 4.0}, "params")
    assert addresses(tree) == [
        "params['W2']",
        "params['b1']",
        "params[3]",
        "params[('a', 1)]",
    ]
    assert values == [1.0, 2.0, 3.0, 4.0]
    for kind in (collections.OrderedDict, lambda d: collections.defaultdict(float, d)):
        tree, _ = flatten(kind({"z": 1.0, "a": 2.0}), "x")
        assert addresses(tree) == ["x['z']", "x['a']"]


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("it's", """x["it's"]"""),
        ('say "so"', """x['say "so"']"""),
        ("größe", "x['größe']"),
        ("重み", "x['重み']"),
        ("a\\b", r"x['a\\b']"),
        ("two\nlines", r"x['two\nlines']"),
        ("\x1b[31m", r"x['\x1b[31m']"),
        ("[red]", "x['[red]']"),
        ("", "x['']"),
    ],
)
def test_odd_keys_are_written_as_code(key: str, address: str) -> None:
    at = {key: np.ones(2)}
    tree, _ = flatten(at, "x")
    assert addresses(tree) == [address]
    assert eval(address, {"x": at}) is at[key]
    assert tree.leaves[0].path == (key,)


def test_the_address_of_a_component_has_its_index_and_that_of_a_number_has_none() -> None:
    tree, _ = flatten({"W": np.ones((2, 3)), "c": 1.0, "z": np.array(2.0)}, "params")
    located = [tree.address(*tree.locate(number)) for number in range(tree.size)]
    assert located == [
        *(f"params['W'][{i}, {j}]" for i in range(2) for j in range(3)),
        "params['c']",
        "params['z']",
    ]
    assert [leaf.shape for leaf in tree.leaves] == [(2, 3), (), ()]


def test_a_tree_of_one_array_or_number_has_the_address_of_its_root() -> None:
    tree, values = flatten(3.0, "t")
    assert (addresses(tree), tree.leaves[0].path, tree.size, values) == (["t"], (), 1, [3.0])
    tree, _ = flatten(np.ones((2, 2)), "t")
    assert tree.address(*tree.locate(3)) == "t[1, 1]"


def test_none_and_empty_containers_have_no_leaves_and_survive() -> None:
    at: Any = {"a": None, "b": [], "c": 1.0, "d": {"e": (None,)}}
    tree, values = flatten(at, "x")
    assert addresses(tree) == ["x['c']"]
    assert tree.unflatten(list(values)) == at
    nothing: Any
    for nothing in (None, {}, [], ()):
        tree, values = flatten(nothing, "x")
        assert (tree.leaves, tree.size, values) == ((), 0, [])
        assert tree.unflatten([]) == nothing


def test_empty_arrays_are_leaves_without_components() -> None:
    at = [np.empty(0), np.ones(2), np.empty((0, 3)), np.empty((2, 0)), np.array(5.0), np.empty(0)]
    tree, _ = flatten(at, "x")
    assert [leaf.size for leaf in tree.leaves] == [0, 2, 0, 0, 1, 0]
    located = [tree.address(*tree.locate(number)) for number in range(tree.size)]
    assert located == ["x[1][0]", "x[1][1]", "x[4]"]


def test_named_tuples_and_dataclasses_are_read_by_attribute() -> None:
    at = Model(Layer(np.ones(1), 2.0))
    tree, values = flatten(at, "model")
    assert addresses(tree) == ["model.first.W", "model.first.b", "model.second"]
    assert tree.leaves[2].path == ("second",)
    back = tree.unflatten([np.zeros(1), 3.0, 4.0])
    assert type(back) is Model
    assert type(back.first) is Layer
    assert (back.first.b, back.second) == (3.0, 4.0)
    assert values[2] == at.second == 2.5


def test_a_dataclass_is_put_together_without_its_init() -> None:
    at = Normalised(np.array([3.0, 4.0]))
    tree, values = flatten(at, "x")
    assert addresses(tree) == ["x.w", "x.norm"]
    assert values[1] == 5.0
    back = tree.unflatten([np.array([1.0, 0.0]), 7.0])
    assert (back.norm, back.calls) == (7.0, 1)
    assert (at.norm, at.calls) == (5.0, 1)
    back.calls = 9
    assert at.calls == 1


def test_numpy_numbers_and_integers_are_leaves_as_they_are() -> None:
    for value in (np.float32(1.5), 7, np.int8(3), True):
        tree, values = flatten([value], "x")
        assert values[0] is value
        assert tree.leaves[0].shape == ()


@dataclasses.dataclass(slots=True, frozen=True)
class SlottedOptions:
    """Parameters beside what cannot be one, without a dictionary."""

    w: Any
    name: str = "adam"
    verbose: bool = False


def test_what_goes_along_in_a_dataclass_with_slots_is_there_again() -> None:
    tree, values = flatten(SlottedOptions(np.ones(2), "sgd", True), "at")
    again = tree.unflatten([2 * values[0]])
    assert (again.name, again.verbose, again.w.tolist()) == ("sgd", True, [2.0, 2.0])


def test_complex_numbers_have_two_components_each() -> None:
    tree, values = flatten({"z": np.ones((2, 3), np.complex64), "x": np.ones(2), "c": 1j}, "p")
    z, x, c = tree.leaves
    assert [leaf.is_complex for leaf in tree.leaves] == [True, False, True]
    assert [leaf.shape for leaf in tree.leaves] == [(2, 3, 2), (2,), (2,)]
    assert [leaf.own_shape for leaf in tree.leaves] == [(2, 3), (2,), ()]
    assert [(leaf.size, leaf.count) for leaf in tree.leaves] == [(12, 6), (2, 2), (2, 1)]
    assert tree.is_complex
    assert not flatten([1.0, np.ones(2)], "p")[0].is_complex
    assert tree.address(z) == "p['z']"
    assert tree.address(z, (1, 2, 0)) == "p['z'][1, 2].real"
    assert tree.address(c, (1,)) == "p['c'].imag"
    assert tree.locate(9) == (z, (1, 1, 1))
    assert tree.place(("z",), (1, 1, 1)) == (z, 9)
    assert tree.address(*tree.locate(13)) == "p['x'][1]"
    assert np.flatnonzero(z.imaginary).tolist() == [1, 3, 5, 7, 9, 11]
    assert not np.any(x.imaginary)
    assert tree.unflatten(values) == {"z": values[0], "x": values[1], "c": 1j}
