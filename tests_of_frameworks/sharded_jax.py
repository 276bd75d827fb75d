"""Checks of arrays of JAX over four devices; run by the tests as a program with four devices."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import gradproof as gp

MESH = Mesh(np.array(jax.devices()).reshape(2, 2), ("a", "b"))


def sharded(value: Any, *axes: str | None) -> Any:
    return jax.device_put(value, NamedSharding(MESH, PartitionSpec(*axes)))


def main() -> dict[str, Any]:
    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(0)
    at = {
        "W": sharded(rng.standard_normal((40, 60)), "a", "b"),
        "b": sharded(rng.standard_normal(40), "b"),  # two copies of each half
        "c": jnp.asarray(rng.standard_normal(3)),  # on one device
        "d": sharded(np.array(0.3)),
    }
    before = {name: np.asarray(value).tobytes() for name, value in at.items()}
    X = sharded(rng.standard_normal((60, 8)))
    seen = []

    def f(p: Any) -> Any:
        if not isinstance(p["W"], jax.core.Tracer):
            seen.append(p["W"].sharding)
        hidden = jnp.tanh(p["W"] @ X + p["b"][:, None])
        return jnp.sum(hidden**2) * p["d"] + jnp.sum(p["c"] ** 2)

    def wrong(p: Any) -> Any:
        g = jax.grad(f)(p)
        return {**g, "W": g["W"].at[30, 40].add(500.0)}  # in the last of four shards

    found: dict[str, Any] = {
        "autodiff": gp.check(f, gp.autodiff, at).to_dict(),
        "leaves": gp.check(jax.jit(f), jax.grad(f), at, plan="leaves").to_dict(),
        "arrays": gp.check(f, jax.tree.map(np.asarray, jax.grad(f)(at)), at).to_dict(),
        "pair": gp.check(jax.value_and_grad(f), True, at).to_dict(),
        "wrong": gp.check(f, wrong, at, plan=gp.Plan("project", search=False)).to_dict(),
        "donated": gp.check(jax.jit(f, donate_argnums=0), jax.grad(f), at).to_dict(),
    }
    low = {name: value.astype(jnp.float32) for name, value in at.items() if name != "d"}

    def in_low_precision(p: Any) -> Any:
        return sum(jnp.sum(jnp.sin(v.astype(jnp.float64))) for v in p.values())

    found["low"] = gp.check(in_low_precision, gp.autodiff, low).to_dict()
    lower = {name: value.astype(jnp.bfloat16) for name, value in low.items()}
    found["lower"] = gp.check(in_low_precision, gp.autodiff, lower).to_dict()
    off = {name: 2 * jnp.cos(value) for name, value in lower.items()}
    plan = gp.Plan("project", search=False)
    found["lower, off"] = gp.check(in_low_precision, off, lower, plan=plan).to_dict()
    found["sharded"] = bool(seen) and all(one == at["W"].sharding for one in seen)
    found["restored"] = before == {name: np.asarray(value).tobytes() for name, value in at.items()}
    try:
        gp.check(f, gp.JVP(lambda p, v: 0.0), at)
    except gp.InputError as error:
        found["refused"] = str(error)
    try:
        gp.check(lambda p: jnp.sum(jnp.abs(p["z"])), gp.autodiff, {**at, "z": 1j * at["W"]})
    except gp.InputError as error:
        found["complex"] = str(error)
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main()), encoding="utf-8")
