"""The recorded week through the detector: what a careful editor would say of each item is in week_expectations.toml."""

from datetime import UTC
from functools import cache

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import Entry, EntryKey, Event, EventType, Modality
from bot.poll.replay import RecordedWeek
from tests.test_replay_week import EXPECTED

IN_FORCE = {
    EventType.CEASEFIRE_AGREED,
    EventType.CEASEFIRE_IN_EFFECT,
    EventType.CEASEFIRE_EXTENDED,
    EventType.AGREEMENT_REACHED,
}
NOT_ASSERTED = {Modality.DENIAL, Modality.CONDITIONAL, Modality.PLAN, Modality.QUESTION}


@cache
def detected() -> dict[str, tuple[str, Event | None]]:
    """Return each item's headline and the event that is seen in it."""
    detector, found = Detector(load_rules()), {}
    for feed in RecordedWeek.load().recordings.values():
        for item in feed.items:
            entry = Entry(
                key=EntryKey(feed.path, item.guid),
                title=item.title,
                summary=item.summary,
                link=item.link,
                published=item.published and item.published.astimezone(UTC),
                language=feed.language,
                publisher=feed.publisher,
            )
            found[item.id] = (item.title, detector.judge(entry).event)
    return found


def test_nothing_of_the_week_is_told_as_a_truce_in_force_that_was_none() -> None:
    wrong = [
        (title, event.type)
        for id_, (title, event) in detected().items()
        if event
        and event.type in IN_FORCE
        and event.modality not in NOT_ASSERTED
        and event.type not in {EXPECTED[id_].type, *EXPECTED[id_].also}
        # Of the steps of one and the same truce, the one before or after is inexact, not false.
        and not IN_FORCE & {EXPECTED[id_].type, *EXPECTED[id_].also}
    ]

    assert wrong == []


def test_the_week_s_noise_stays_out() -> None:
    let_in = [title for id_, (title, event) in detected().items() if event and not EXPECTED[id_].relevant]

    assert let_in == []


def test_few_items_of_the_week_are_missed() -> None:
    missed = [title for id_, (title, event) in detected().items() if not event and EXPECTED[id_].relevant]

    assert len(missed) <= 15, missed
