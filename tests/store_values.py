"""Strategies for hypothesis: any value that a store has to give back as it was."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from bot.model import (
    Button,
    ChatId,
    Delivery,
    DeliveryKind,
    Entry,
    EntryKey,
    Event,
    EventType,
    FeedState,
    Loudness,
    Mention,
    Message,
    Modality,
    Stage,
    Story,
    Subscription,
)

text = st.text(max_size=20)
words = st.lists(text, max_size=3).map(tuple)
word_sets = st.frozensets(text, max_size=3)
types = st.sampled_from(EventType)
zones = st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(-timedelta(hours=9, minutes=30))])
times = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=zones)  # noqa: DTZ001 - the zones are drawn
maybe_times = st.none() | times
keys = st.builds(EntryKey, text, text)
scores = st.floats(allow_nan=False, allow_infinity=False)
chats = st.builds(ChatId, st.sampled_from(["telegram", "terminal"]), st.text(min_size=1, max_size=8))

feed_states = st.builds(
    FeedState,
    url=text,
    next_check_at=times,
    checked_at=maybe_times,
    ok_at=maybe_times,
    etag=text,
    last_modified=text,
    body_hash=text,
    failures=st.integers(0, 10**6),
    last_error=text,
    baselined=st.booleans(),
)
entries = st.builds(
    Entry,
    key=keys,
    title=text,
    link=text,
    summary=text,
    published=maybe_times,
    updated=maybe_times,
    language=text,
    publisher=text,
    seen_at=maybe_times,
)
mentions = st.builds(
    Mention, role=text, name=text, text=text, start=st.integers(0, 9), end=st.integers(0, 9), field=text, score=scores
)


def events(of: Entry) -> st.SearchStrategy[Event]:
    return st.builds(
        Event,
        entry_key=st.just(of.key),
        type=types,
        modality=st.sampled_from(Modality),
        conflicts=words,
        actors=words,
        recipients=words,
        places=words,
        numbers=word_sets,
        occurred_on=st.none() | st.dates(),
        speaker=text,
        score=scores,
        rule=text,
        mentions=st.lists(mentions, max_size=2).map(tuple),
    )


def stories(of: Entry) -> st.SearchStrategy[Story]:
    return st.builds(
        Story,
        id=text,
        type=types,
        modality=st.sampled_from(Modality),
        conflicts=words,
        headline=text,
        link=text,
        language=text,
        first_seen=times,
        last_seen=times,
        stages=st.lists(st.builds(Stage, types, times, st.sampled_from(Modality)), max_size=3).map(tuple),
        actors=words,
        places=words,
        numbers=word_sets,
        entry_keys=st.just((of.key,)),
        publishers=words,
        revision=st.integers(1, 10**6),
        announced=st.frozensets(types, max_size=3),
    )


subscriptions = st.builds(
    Subscription,
    chat=chats,
    thread=text,
    conflicts=word_sets,
    types=st.frozensets(types, max_size=4),
    loudness=st.sampled_from(Loudness),
    language=text,
    time_zone=text,
    digest_hours=st.lists(st.integers(0, 23), max_size=3).map(tuple),
    next_digest_at=maybe_times,
    last_digest_at=maybe_times,
    paused_until=maybe_times,
    created_at=maybe_times,
)
messages = st.builds(
    Message,
    html=text,
    buttons=st.lists(st.lists(st.builds(Button, text, text, text), max_size=2).map(tuple), max_size=2).map(tuple),
    silent=st.booleans(),
)
deliveries = st.builds(
    Delivery,
    dedupe_key=text,
    chat=chats,
    kind=st.sampled_from(DeliveryKind),
    message=messages,
    next_attempt_at=times,
    created_at=times,
    story_id=text,
    edits=text,
    thread=text,
)
