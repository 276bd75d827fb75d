"""Evaluations by ranks of MPI, through mpi4py.futures."""

import os
import subprocess
import sys
from pathlib import Path

from tests.pages import ROOT

ALL_AT_ONCE = """
import sys
from pathlib import Path
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor

with MPICommExecutor(MPI.COMM_WORLD, root=0) as executor:
    if executor is not None:
        sys.path.insert(0, sys.argv[2])
        from tests import executors

        folder = Path(sys.argv[1])
        assert executors.is_used(executor, folder)
        executors.says_the_same(executor)
        executors.is_sent_once(executor, 2, folder)
        executors.notices_another_f(executor)
        executors.repeats_random_numbers(executor)
        executors.raises_what_f_raises(executor)
        executors.stays_within_budgets(executor, 2, folder)
        print("all of it holds")
"""


def test_the_report_is_that_of_one_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(ALL_AT_ONCE)
    command = ["mpirun", "--oversubscribe", "-n", "3", sys.executable, str(script)]
    as_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    done = subprocess.run(
        [*command, str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
        env=os.environ | as_root,
        timeout=120,
    )
    assert "all of it holds" in done.stdout, done.stderr
