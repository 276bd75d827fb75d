"""How the code of other projects is called."""
