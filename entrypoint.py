"""The container's first line: hands the environment to the action and exits with its code."""

from __future__ import annotations

import os
import sys

from rocky_action.main import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
