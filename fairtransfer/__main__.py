"""`python -m fairtransfer` is the command line."""

from __future__ import annotations

from fairtransfer.cli.app import main

if __name__ == "__main__":
    main()
