"""How much one organisation may ask of the plane, so that one that floods it does not silence the others."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

ANYBODY = ""
"""Whoever publishes keys: nothing has proved who that is, so all of them share one measure."""
FOR_ANYBODY = 300
"""Publishings a minute. Each organisation publishes once when its desk starts."""


class Pace:
    """A moving minute for each organisation, in one program's memory."""

    def __init__(self, each_minute: int) -> None:
        """`each_minute`: requests of one organisation; a desk at work makes a few dozen."""
        self._own, self._shared = RateLimitItemPerMinute(each_minute), RateLimitItemPerMinute(FOR_ANYBODY)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allows(self, org: str) -> bool:
        """Whether one more request of this organisation is answered now; counts it if so."""
        return self._limiter.hit(self._shared if org == ANYBODY else self._own, org)
