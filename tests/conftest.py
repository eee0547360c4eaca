"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes is measured in benchmarks/, never asserted: a busy machine is no broken promise.
# A change is met with fewer examples than a night is: HYPOTHESIS_PROFILE=thorough.
settings.register_profile("house", deadline=None, print_blob=True, max_examples=60)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=400)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))
