"""Running a check: the user's function is called here and nowhere else."""
