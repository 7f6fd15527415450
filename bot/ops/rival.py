"""Another copy of the bot on another host: which of the two goes on, and which holds its messages back.

A chat network lets one receive and tells the other so; neither knows more of the other than that. So whoever is told
holds back. One that had been listening undisturbed returns at once, and so drives the newcomer out; one that had not
stays away for longer and longer, and takes over when nobody disturbs it any more.
"""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

ALONE = timedelta(seconds=30)
"""Who has listened undisturbed for so long was here first."""
RETURN = timedelta(seconds=0.5)
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (45, 90, 180, 360, 600))
"""How long a newcomer stays away, the first time and the next."""
SETTLED = timedelta(seconds=5)
"""How long one must listen undisturbed before it sends again."""


class Rival:
    """What we know of another copy. *suspected*: our data were last used elsewhere, so look before we send."""

    def __init__(self, *, suspected: bool = False, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._listening_since = clock()
        self._silent_until = clock() + SETTLED.total_seconds() * suspected
        self._meetings = 0
        self._met = False

    @property
    def silences_us(self) -> bool:
        """Return whether to hold messages back."""
        return self._clock() < self._silent_until

    @property
    def may_send(self) -> bool:
        """Return whether another one may be sending, or has been until `gone`, what waits here."""
        return self._met

    @property
    def goes_on(self) -> bool:
        """Return whether it is the other one that goes on, as far as we know."""
        return self._meetings > 0

    def gone(self) -> None:
        """Note that nobody holds us back any more."""
        self._met = False

    def met(self) -> timedelta:
        """Note that another one receives; return how long to stay away."""
        now = self._clock()
        if now - self._listening_since >= ALONE.total_seconds():
            self._meetings, pause = 0, RETURN
        else:
            pause = PAUSES[min(self._meetings, len(PAUSES) - 1)]
            self._meetings += 1
        self._listening_since = now + pause.total_seconds()
        self._silent_until = self._listening_since + SETTLED.total_seconds()
        self._met = True
        return pause
