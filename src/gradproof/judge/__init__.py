"""Where to look, what the numbers allow, why, and the record of it all as data."""
