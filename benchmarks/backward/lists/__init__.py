"""The mistakes, by the pass in which they are made."""
