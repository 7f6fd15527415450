"""What a drill returns, and what it promises of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figures(ABC):
    """What was measured. *secrets* counts tokens in what the drill wrote, and chat ids in what the bot logged."""

    secrets: int

    @abstractmethod
    def measured(self) -> str:
        """Return the figures in words."""

    @abstractmethod
    def broken(self) -> Mapping[str, object]:
        """Return what must not happen, with a true value where it did."""

    def late(self) -> Mapping[str, object]:
        """Return what must not take so long, with a true value where it did; on a busy machine that proves nothing."""
        return {}

    def missed(self, *, timed: bool = True) -> list[str]:
        """Return the promises that were not kept; those about time only if *timed*."""
        promises = {**self.broken(), "a secret was told (R16)": self.secrets, **(self.late() if timed else {})}
        return [promise for promise, broken in promises.items() if broken]
