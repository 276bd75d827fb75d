"""Where parameters live: one file for each framework. `api` chooses; nothing else does."""
