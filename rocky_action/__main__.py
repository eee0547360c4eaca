"""``python -m rocky_action``: the same as the ``rocky-preview`` command."""

from __future__ import annotations

import sys

from rocky_action.cli import main

if __name__ == "__main__":
    sys.exit(main())
