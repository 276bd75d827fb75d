"""What a check costs, beside its floor and beside other checkers."""
