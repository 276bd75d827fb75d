"""What one of two ranks does in the tests of sharded parameters; run by them as a program."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

import gradproof as gp

RANK, RANKS = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


def normal(*shape: int, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


class Tensors:
    """A small network of tensors that are sharded in several ways."""

    def __init__(self) -> None:
        self.mesh = init_device_mesh("cpu", (RANKS,))
        self.at = {
            "W": distribute_tensor(normal(7, 5), self.mesh, [Shard(0)]),
            "V": distribute_tensor(normal(6, 7, seed=1), self.mesh, [Shard(1)]),
            "b": distribute_tensor(normal(7, seed=2), self.mesh, [Replicate()]),
            "c": normal(6, seed=3),  # no DTensor: every rank has all of it
        }
        self.X = distribute_tensor(normal(5, 4, seed=4), self.mesh, [Replicate()])

    def f(self, p: Any) -> Any:
        hidden = torch.tanh(p["W"] @ self.X + p["b"][:, None])
        c = DTensor.from_local(p["c"], self.mesh, [Replicate()])
        return ((p["V"] @ hidden + c[:, None]) ** 2).mean().full_tensor()

    def gradient(self, p: Any) -> Any:
        leaves = {name: v.detach().clone().requires_grad_() for name, v in p.items()}
        found = torch.autograd.grad(self.f(leaves), list(leaves.values()))
        return {
            name: g.redistribute(v.device_mesh, v.placements) if isinstance(v, DTensor) else g
            for (name, v), g in zip(leaves.items(), found, strict=True)
        }

    def bits(self) -> list[bytes]:
        local = [v.to_local() if isinstance(v, DTensor) else v for v in self.at.values()]
        return [v.numpy().tobytes() for v in local]


def network() -> Any:
    torch.manual_seed(0)
    layers = [
        torch.nn.Linear(5, 7),
        torch.nn.BatchNorm1d(7),
        torch.nn.Tanh(),
        torch.nn.Linear(7, 3),
    ]
    module = torch.nn.Sequential(*layers).double().eval()
    mesh = init_device_mesh("cpu", (RANKS,))
    fully_shard(module[0], mesh=mesh)
    return fully_shard(module, mesh=mesh)


BATCH = normal(4, 5, seed=10 + RANK)  # each rank has its own


def loss(module: Any) -> Any:
    """Return the mean over all ranks, with the gradient of this one, which fully_shard averages."""
    here = (module(BATCH) ** 2).mean()
    everywhere = here.detach().clone()
    dist.all_reduce(everywhere)
    return here + (everywhere / RANKS - here.detach())


def described(call: Callable[[], gp.Report]) -> Any:
    try:
        report = call()
    except Exception as error:
        return {"raised": type(error).__name__, "text": str(error)}
    found = report.to_dict()
    found.pop("seconds")
    return found


def of_tensors() -> dict[str, Any]:
    tensors = Tensors()
    before = tensors.bits()
    options: dict[str, Any] = {"plan": gp.Plan("project", search=False)}

    def with_wrong(change: Callable[[dict[str, Any]], None]) -> Callable[[Any], Any]:
        def claim(p: Any) -> Any:
            found = tensors.gradient(p)
            change(found)
            return found

        return claim

    def scale_v(g: dict[str, Any]) -> None:
        g["V"] = g["V"] * 1.5

    def one_of_rank_1(g: dict[str, Any]) -> None:
        if RANK == 1:
            g["W"].to_local()[0, 0] += 50.0

    def another_b(g: dict[str, Any]) -> None:
        if RANK == 1:
            g["b"].to_local().mul_(1.1)

    calls = 0

    def elsewhere_undefined(p: Any) -> Any:
        nonlocal calls
        calls += 1
        value = tensors.f(p)
        if RANK == 1 and calls == 6:
            raise ArithmeticError("here only")
        return value

    def interrupted(p: Any) -> Any:
        nonlocal calls
        calls += 1
        value = tensors.f(p)
        if RANK == 1 and calls == 12:
            os.kill(os.getpid(), 2)
        return value

    def broken(p: Any) -> Any:
        tensors.f(p)
        if RANK == 1:
            raise OSError("disk")
        return 1.0

    check = gp.check
    found = {
        "right": described(lambda: check(tensors.f, gp.autodiff, tensors.at)),
        "by hand": described(lambda: check(tensors.f, tensors.gradient, tensors.at)),
        "leaves": described(lambda: check(tensors.f, gp.autodiff, tensors.at, plan="leaves")),
        "wrong": described(lambda: check(tensors.f, with_wrong(scale_v), tensors.at)),
        "one": described(
            lambda: check(tensors.f, with_wrong(one_of_rank_1), tensors.at, **options)
        ),
        "other claim": described(lambda: check(tensors.f, with_wrong(another_b), tensors.at)),
        "other value": described(
            lambda: check(lambda p: tensors.f(p) + RANK, gp.autodiff, tensors.at)
        ),
        "other seed": described(lambda: check(tensors.f, gp.autodiff, tensors.at, seed=RANK)),
        "every": described(lambda: check(tensors.f, gp.autodiff, tensors.at, plan="every")),
        "budget": described(lambda: check(tensors.f, gp.autodiff, tensors.at, budget=12)),
        "undefined": described(
            lambda: check(elsewhere_undefined, tensors.gradient, tensors.at, **options)
        ),
        "broken": described(lambda: check(broken, tensors.gradient, tensors.at)),
    }
    calls = 0
    found["interrupted"] = described(lambda: check(interrupted, tensors.gradient, tensors.at))
    partial = DTensor.from_local(normal(3), tensors.mesh, [Partial()])
    found["partial"] = described(
        lambda: check(lambda p: p["s"].sum().full_tensor(), gp.autodiff, {"s": partial})
    )
    pairs = DTensor.from_local(normal(3) * 1j, tensors.mesh, [Shard(0)])
    found["complex"] = described(
        lambda: check(lambda p: p["z"].abs().sum(), gp.autodiff, {"z": pairs})
    )
    other = {**tensors.at, "c": tensors.at["c"] + RANK}
    found["other point"] = described(lambda: check(tensors.f, tensors.gradient, other))
    found["restored"] = tensors.bits() == before and not any(
        v.requires_grad for v in tensors.at.values()
    )
    return found


def of_modules() -> dict[str, Any]:
    module = network()
    before = [one.to_local().detach().numpy().tobytes() for one in module.parameters()]
    found = {
        "module": described(lambda: gp.torch.check_module(module, loss)),
        "own value": described(
            lambda: gp.torch.check_module(module, lambda m: (m(BATCH) ** 2).mean())
        ),
        "own batch": described(
            # The gradient is averaged, the value is not.
            lambda: gp.torch.check_module(
                module, lambda m: RANKS * loss(m) - (RANKS - 1) * loss(m).detach()
            )
        ),
    }
    after = [one.to_local().detach().numpy().tobytes() for one in module.parameters()]
    found["module restored"] = before == after and all(p.grad is None for p in module.parameters())
    # And it still learns.
    loss(module).backward()
    found["module learns"] = all(p.grad is not None for p in module.parameters())
    return found


def of_memory() -> dict[str, Any]:
    """Return the peak of memory of this rank in a check of four million parameters, in bytes."""
    mesh, n = init_device_mesh("cpu", (RANKS,)), 4_000_000
    at = distribute_tensor(normal(n).float(), mesh, [Shard(0)])
    claim = DTensor.from_local(at.to_local().cos(), mesh, [Shard(0)])

    def f(x: Any) -> Any:
        total = torch.zeros((), dtype=torch.float64)
        for piece in x.to_local().detach().split(1 << 16):
            total += piece.sin().double().sum()
        dist.all_reduce(total)
        return total

    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    report = gp.check(f, claim, at)
    return {"memory": report.passed, "peak": _memory("VmHWM") - before, "shard": 4 * n // RANKS}


def _memory(what: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(what)))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    dist.init_process_group(
        "gloo", init_method=f"file://{folder / 'meeting'}", rank=RANK, world_size=RANKS
    )
    results = of_tensors() | of_modules() | of_memory()
    (folder / f"{RANK}.json").write_text(json.dumps(results), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()
