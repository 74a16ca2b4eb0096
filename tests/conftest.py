"""Settings all tests share."""

from __future__ import annotations

from hypothesis import settings

# A machine that emulates a cloud besides is slow now and then: an example's time says nothing. The rest is
# Hypothesis' own choice: the same examples every time where CI is set, new ones elsewhere.
settings.register_profile("lab", parent=settings(), deadline=None)
settings.load_profile("lab")
