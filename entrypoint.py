"""The container's first lines: give up what is not needed, hand the environment to the action, exit with its code."""

from __future__ import annotations

import os
import sys

from rocky_action.main import main
from rocky_action.privileges import confine

if __name__ == "__main__":
    confine()
    sys.exit(main(os.environ))
