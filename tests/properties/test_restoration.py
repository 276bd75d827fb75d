"""Whatever happens in a check, the user's parameters and all global state are left as they were.

A model of a session: parameters of any type and layout, and checks that pass, raise, are interrupted
by a signal at any moment, check again inside of f, or whose f writes into what it is given.
"""

from __future__ import annotations

import contextlib
import random
import signal
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.executors import told

import gradproof as gp

Array = npt.NDArray[Any]
TYPES = (np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128)
LAYOUTS: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    # Each returns an array, and the one that holds its memory.
    "C": lambda a: (a, a),
    "Fortran": lambda a: (b := np.asfortranarray(a), b),
    "every second": lambda a: ((b := np.repeat(a, 2, axis=-1))[..., ::2], b),
    "backwards": lambda a: ((b := a[::-1].copy())[::-1], b),
    "transposed": lambda a: ((b := a.T.copy()).T, b),
}
CALLS = st.integers(1, 80)
PLANS = st.sampled_from(["every", "leaves", "project"])


class Stopped(BaseException):
    """Ends a check as nothing does that it expects."""


def leaves_of(p: Any) -> list[Any]:
    return [p["first"], *p["rest"][0], p["rest"][1]["last"]]


def value(p: Any) -> Any:
    return sum(np.sum(np.abs(np.asarray(leaf)) ** 2) * k for k, leaf in enumerate(leaves_of(p), 1))


def claim(p: Any) -> Any:
    first, *middle, last = (2 * k * np.asarray(leaf) for k, leaf in enumerate(leaves_of(p), 1))
    return {"first": first, "rest": (middle, {"last": last})}


def state() -> dict[str, Any]:
    """Return all global state that a check could leave changed."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "numpy": (name, np.asarray(keys).tobytes(), tuple(rest)),
        "python": random.getstate(),
        "errors": np.geterr(),
        "filters": list(warnings.filters),
        "handlers": [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGVTALRM)],
        "timer": signal.getitimer(signal.ITIMER_VIRTUAL),
    }


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Send SIGINT, as Ctrl-C does, after so long of computing; at the end it has arrived or is called off."""
    before = signal.signal(signal.SIGVTALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


class Session(RuleBasedStateMachine):
    """A session of checks of the same parameters."""

    @initialize(
        seed=st.integers(0, 10**6),
        types=st.lists(st.sampled_from(TYPES), min_size=4, max_size=4),
        layouts=st.lists(st.sampled_from(sorted(LAYOUTS)), min_size=3, max_size=3),
    )
    def begin(self, seed: int, types: list[Any], layouts: list[str]) -> None:
        rng = np.random.default_rng(seed)
        self.memory: list[Array] = []

        def drawn(dtype: Any, *shape: int) -> Array:
            parts = rng.uniform(0.5, 2, (2, *shape))
            numbers = parts[0] + (1j * parts[1] if dtype in TYPES[4:] else 0)
            return np.asarray(numbers, dtype=dtype)

        arrays = []
        for dtype, layout, shape in zip(types, layouts, [(2, 3), (4,), (1, 2, 2)], strict=False):
            array, memory = LAYOUTS[layout](drawn(dtype, *shape))
            self.memory.append(memory)
            arrays.append(array)
        last = drawn(types[3])  # without dimensions
        self.memory.append(last)
        self.at: dict[str, Any] = {
            "first": arrays[0],
            "rest": ([arrays[1], arrays[2], 1.5], {"last": last}),
        }
        self.claim = claim(self.at)
        self.remember()
        self.expected = told(gp.check(value, self.claim, self.at))
        assert self.expected["verdict"] == "pass"

    def remember(self) -> None:
        """Remember what there is, to be compared after every step."""
        self.bits = [one.tobytes() for one in self.memory]
        self.objects = [id(leaf) for leaf in leaves_of(self.at)]
        self.layouts = [
            (one.dtype, one.shape, one.strides, one.flags.writeable)
            for one in map(np.asarray, leaves_of(self.at))
        ]
        self.state = state()

    @invariant()
    def all_is_as_it_was(self) -> None:
        if not hasattr(self, "bits"):
            return
        assert [one.tobytes() for one in self.memory] == self.bits
        assert [id(leaf) for leaf in leaves_of(self.at)] == self.objects
        assert [
            (one.dtype, one.shape, one.strides, one.flags.writeable)
            for one in map(np.asarray, leaves_of(self.at))
        ] == self.layouts
        now = state()
        for what, before in self.state.items():
            assert now[what] == before, what

    def check(self, f: Callable[[Any], Any], **options: Any) -> gp.Report | None:
        """Check, and return None where that was ended."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return gp.check(f, self.claim, self.at, **options)
            except (Stopped, KeyboardInterrupt):
                return None

    def at_call(self, k: int, act: Callable[[Any], object]) -> Callable[[Any], Any]:
        """Return f, which does something at one of its calls."""
        calls = 0

        def f(p: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == k:
                act(p)
            return value(p)

        return f

    @rule()
    def says_the_same_again(self) -> None:
        assert told(gp.check(value, self.claim, self.at)) == self.expected

    @rule(k=CALLS, plan=PLANS, error=st.sampled_from([Stopped, KeyboardInterrupt, ValueError]))
    def raises(self, k: int, plan: str, error: type[BaseException]) -> None:
        def act(p: Any) -> None:
            raise error

        with contextlib.suppress(ValueError):  # at the point itself it is the user's
            self.check(self.at_call(k, act), plan=plan)

    @rule(k=CALLS, plan=PLANS)
    def is_interrupted_in_f(self, k: int, plan: str) -> None:
        self.check(self.at_call(k, lambda p: signal.raise_signal(signal.SIGINT)), plan=plan)

    @rule(seconds=st.floats(1e-4, 0.03), plan=PLANS)
    def is_interrupted_at_any_moment(self, seconds: float, plan: str) -> None:
        with contextlib.suppress(KeyboardInterrupt), interrupted_after(seconds):
            self.check(value, plan=plan)

    @rule(k=CALLS)
    def checks_inside_of_f(self, k: int) -> None:
        def act(p: Any) -> None:
            assert gp.check(value, claim(p), p, plan="leaves").verdict != "fail"
            gp.differentiate(lambda x: np.sum(np.abs(x) ** 2).real, p["rest"][0][2])

        self.check(self.at_call(k, act))

    @rule(k=CALLS, plan=PLANS)
    def writes_into_its_argument(self, k: int, plan: str) -> None:
        def act(p: Any) -> None:
            p["first"][...] = 7
            p["rest"][1]["last"] = np.float64(3.0)

        self.check(self.at_call(k, act), plan=plan)

    @rule(k=CALLS)
    def draws_random_numbers(self, k: int) -> None:
        def f(p: Any) -> Any:
            return value(p) + np.random.random() + random.random()  # noqa: NPY002

        self.check(f)
        interrupted = self.at_call(k, lambda p: signal.raise_signal(signal.SIGINT))
        self.check(lambda p: interrupted(p) + np.random.random())  # noqa: NPY002

    @rule(place=st.integers(0, 5), number=st.floats(0.5, 2))
    def the_user_moves_on(self, place: int, number: float) -> None:
        self.at["first"].flat[place] = number
        self.claim = claim(self.at)
        self.remember()
        self.expected = told(gp.check(value, self.claim, self.at))


Session.TestCase.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
TestSession = Session.TestCase
