"""What `gradproof demo` shows: one file for each demonstration."""
