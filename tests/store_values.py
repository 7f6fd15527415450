"""Strategies for hypothesis: any value that a store has to give back as it was."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from bot.model import (
    Button,
    ChatId,
    Delivery,
    DeliveryKind,
    Document,
    Entry,
    EntryKey,
    Event,
    EventType,
    Facts,
    FeedState,
    Form,
    Loudness,
    Mention,
    Message,
    Modality,
    Refrain,
    Role,
    Scope,
    Stage,
    Story,
    Subscription,
    Timetable,
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

spans = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)).map(
    lambda span: timedelta(seconds=round(span.total_seconds()))
)
timetables = st.builds(
    Timetable,
    ttl=st.none() | spans,
    period=st.none() | spans,
    skip_hours=st.frozensets(st.integers(0, 23)),
    skip_days=st.frozensets(st.integers(0, 6)),
)
feed_states = st.builds(
    FeedState,
    url=text,
    next_check_at=times,
    checked_at=maybe_times,
    ok_at=maybe_times,
    etag=text,
    last_modified=text,
    body_hash=text,
    item_hashes=text,
    failures=st.integers(0, 10**6),
    last_error=text,
    baselined=st.booleans(),
    interval=st.none() | spans,
    timetable=timetables,
    moved_to=text,
    moved_times=st.integers(0, 9),
    gone_at=maybe_times,
    stopped_at=maybe_times,
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


facts = st.builds(
    Facts,
    starts_on=st.none() | st.dates(),
    ends_on=st.none() | st.dates(),
    deadline=st.none() | st.dates(),
    meets_on=st.none() | st.dates(),
    duration=text,
    counts=words,
    scope=st.lists(st.sampled_from(Scope), max_size=2).map(tuple),
    form=st.none() | st.sampled_from(Form),
    venue=text,
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
        facts=facts,
        speaker=text,
        roles=st.lists(st.tuples(text, st.sampled_from(Role)), max_size=2).map(tuple),
        score=scores,
        rule=text,
        rules_hash=text,
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
        taken_back=st.frozensets(keys, max_size=2),
        refrain=st.builds(Refrain, before=st.integers(0, 99), today=st.integers(0, 99), new=facts),
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
    document=st.none() | st.builds(Document, text, st.binary(max_size=20)),
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
