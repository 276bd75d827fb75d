"""Print how many malformed calls and files there are of each surface: python -m tests.bad_input."""

import sys

from tests.bad_input.surfaces import counts

found = counts()
for name, count in found.items():
    sys.stdout.write(f"{count:5}  {name}\n")
sys.stdout.write(f"{sum(found.values()):5}  in all\n")
