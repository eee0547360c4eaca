"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes is measured in benchmarks/, never asserted: a busy machine is no broken promise.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")
