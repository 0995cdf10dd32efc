"""`python -m moiety` is the `moiety` command."""

from __future__ import annotations

from moiety.cli import main

if __name__ == "__main__":
    main()
