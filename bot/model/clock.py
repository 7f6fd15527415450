"""What time is it? Never asked of the system by the core: it is handed in."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Tells the time, timezone-aware, in UTC."""
