"""Honest silence: for how long nothing came on what somebody follows, said of each conflict. Pure.

How well the feeds are heard meanwhile, which alone gives silence a meaning, is said beside it (`bot.alert.digest`).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.alert import phrases
from bot.alert.phrases import Reader
from bot.alert.record_words import duration

QUIET = timedelta(hours=24)
"""Less than that is no silence worth a word."""
MOST = 5


def quiet(conflicts: Collection[str], newest: Mapping[str, datetime], reader: Reader) -> str:
    """Return "Nothing new for 26 h on Gaza, for 3 days on Sudan.", the longest silence last; "" if none is quiet.

    *newest* is when something was last reported of each of *conflicts*; one without was never reported of.
    """
    silent = {each: reader.now - newest[each] for each in conflicts if each in newest}
    silent = {each: for_ for each, for_ in silent.items() if for_ >= QUIET}
    ranked = sorted(silent, key=lambda each: (silent[each], each))
    said = [f"for {duration(silent[each])} on {_name(each, reader)}" for each in ranked]
    never = sorted(_name(each, reader) for each in conflicts if each not in newest)
    said += [f"at all on {name}" for name in never]
    more = [f"nor on {len(said) - MOST} more"] if len(said) > MOST else []
    return f"Nothing new {', '.join([*said[:MOST], *more])}." if said else ""


def _name(conflict_id: str, reader: Reader) -> str:
    return phrases.short(phrases.conflict(conflict_id, reader), 50)
