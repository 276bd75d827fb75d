"""``python -m gradproof`` is ``gradproof``."""

from gradproof.cli import main

if __name__ == "__main__":
    main()
