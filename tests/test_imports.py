"""What `import gradproof` loads, seen in a fresh interpreter."""

import json
import subprocess
import sys

REPORT = """
import json, sys
{statement}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def modules_after(statement: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-I", "-c", REPORT.format(statement=statement)],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(json.loads(run.stdout))


def test_importing_gradproof_loads_nothing_beyond_numpy_and_optree() -> None:
    extra = modules_after("import gradproof") - modules_after("import numpy, optree")
    foreign = {name for name in extra if name not in sys.stdlib_module_names}
    assert foreign == {"gradproof"}


def test_the_comparison_sees_a_foreign_module() -> None:
    assert "h5py" in modules_after("import h5py") - modules_after("import numpy, optree")
