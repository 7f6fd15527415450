"""The laws of `ports.Archive`. A new kind of archive joins by one more line in `OPENERS`."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import StoreError
from bot.model import (
    MOVED_AFTER,
    Entry,
    EntryKey,
    EventType,
    FailingFeed,
    FeedChoice,
    FeedState,
    Headline,
    Modality,
    Report,
    Stage,
    Standing,
    Story,
    StoryChange,
)
from bot.ports import Archive
from bot.store import archive_rows
from bot.store.archive import ArchiveStore
from bot.store.cells import cell
from tests import make, store_values
from tests.make import NOON, minutes
from tests.older import insert, older

OPENERS: dict[str, Callable[[Path], ArchiveStore]] = {
    "in memory": lambda _: ArchiveStore.open(":memory:"),
    "in a file": lambda folder: ArchiveStore.open(folder / "archive.db"),
}


@pytest.fixture(params=OPENERS)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    with OPENERS[request.param](tmp_path) as opened:
        yield opened


def store(archive: Archive, *reports: Report, **of_story: object) -> Story:
    """Store *reports* and their story."""
    story = make.story(*reports, **of_story)
    for report in reports:
        archive.save_entries([(report.entry, [report.entry.key.id])])
        if report.event:
            archive.save_event(report.event)
    archive.save_story(story)
    return story


# ------------------------------------------------------------------------------------------ feeds
def test_a_new_feed_is_due_at_once(archive: Archive) -> None:
    archive.register([make.feed()], NOON)

    assert archive.due_feeds(NOON) == [(make.feed().url, make.feed().url)]
    assert not archive.due_feeds(NOON - minutes(1))


def test_a_feed_that_is_no_longer_named_is_never_due_and_never_forgotten(archive: Archive) -> None:
    archive.register([make.feed(url="a"), make.feed(url="b"), make.feed(url="off", enabled=False)], NOON)

    archive.register([make.feed(url="b")], NOON + minutes(1))

    assert [url for url, _ in archive.due_feeds(NOON + minutes(9))] == ["b"]
    assert archive.feed_state("a") == FeedState(url="a", next_check_at=NOON)


def test_registering_again_keeps_what_we_remember(archive: Archive) -> None:
    archive.register([make.feed(url="a")], NOON)
    state = FeedState(url="a", next_check_at=NOON + minutes(5), etag='"x"', failures=2, baselined=True)
    archive.save_feed_state(state)

    archive.register([make.feed(url="a", title="A new title")], NOON + minutes(1))

    assert archive.feed_state("a") == state
    assert archive.due_feeds(NOON + minutes(5)) == [("a", "a")]


def test_the_feed_that_waits_longest_comes_first(archive: Archive) -> None:
    archive.register([make.feed(url=url) for url in "abc"], NOON)
    for url, late in {"a": 1, "b": 3, "c": 2}.items():
        archive.save_feed_state(FeedState(url=url, next_check_at=NOON - minutes(late)))

    assert [url for url, _ in archive.due_feeds(NOON)] == ["b", "c", "a"]


def test_a_due_feed_is_named_with_the_address_at_which_it_is_asked_for(archive: Archive) -> None:
    archive.register([make.feed(url=url) for url in "abc"], NOON)
    for url, times in {"b": MOVED_AFTER - 1, "c": MOVED_AFTER}.items():
        archive.save_feed_state(FeedState(url=url, next_check_at=NOON, moved_to="new", moved_times=times))

    assert archive.due_feeds(NOON) == [("a", "a"), ("b", "b"), ("c", "new")]


def test_a_feed_that_is_gone_for_good_is_never_due_until_it_is_taken_out_and_put_in_again(archive: Archive) -> None:
    archive.register([make.feed(url="a")], NOON)
    archive.save_feed_state(FeedState(url="a", next_check_at=NOON, gone_at=NOON, stopped_at=NOON))

    archive.register([make.feed(url="a")], NOON)
    stopped = archive.due_feeds(NOON + timedelta(days=99))
    archive.register([], NOON)
    archive.register([make.feed(url="a")], NOON)

    assert stopped == []
    assert archive.due_feeds(NOON) == [("a", "a")]


def test_a_feed_that_was_asked_in_the_future_is_due_for_the_clock_was_wrong(archive: Archive) -> None:
    archive.register([make.feed(url=url) for url in "ab"], NOON)
    for url, ahead in {"a": 5, "b": 60}.items():
        asked = NOON + minutes(ahead)
        archive.save_feed_state(FeedState(url=url, next_check_at=asked + minutes(30), checked_at=asked))

    assert [url for url, _ in archive.due_feeds(NOON)] == ["b"]


def test_coverage_counts_the_enabled_feeds_heard_of_late(archive: Archive) -> None:
    archive.register([make.feed(url=url) for url in ("fresh", "stale", "failing", "gone")], NOON)
    archive.register([make.feed(url=url) for url in ("fresh", "stale", "failing")], NOON)
    failing = FeedState(url="failing", next_check_at=NOON, failures=2, last_error="410 Gone")
    for state in (
        FeedState(url="fresh", next_check_at=NOON, ok_at=NOON - minutes(85)),
        FeedState(url="stale", next_check_at=NOON, ok_at=NOON - minutes(95)),
        failing,
        FeedState(url="gone", next_check_at=NOON, ok_at=NOON, failures=9),
    ):
        archive.save_feed_state(state)
    store(archive, make.report())
    store(archive, make.report())

    coverage = archive.coverage(NOON)

    assert (coverage.feeds, coverage.healthy, coverage.entries, coverage.stories) == (3, 1, 1, 1)
    assert coverage.last_ok_at == NOON - minutes(85)
    assert coverage.failing == [FailingFeed("failing", 2, "410 Gone", None, None)]


def test_a_language_is_silent_when_none_of_its_feeds_is_heard_well(archive: Archive) -> None:
    heard = [("en", 5), ("en", 900), ("ru", 200), ("ru", 180), ("uk", None), ("", None)]
    archive.register([make.feed(url=f"{n}", language=language) for n, (language, _) in enumerate(heard)], NOON)
    for n, (_, ago) in enumerate(heard):
        ok_at = None if ago is None else NOON - minutes(ago)
        archive.save_feed_state(FeedState(url=f"{n}", next_check_at=NOON, ok_at=ok_at))

    assert archive.coverage(NOON).silent == {"ru": NOON - minutes(180), "uk": None}


def test_what_the_owner_chose_of_a_feed_is_kept_in_order_until_it_is_taken_back(archive: Archive) -> None:
    first, second = (
        FeedChoice(feed=make.feed(url=url, every=every, enabled=on), added=on)
        for url, every, on in (("a", minutes(7), True), ("b", None, False))
    )
    for choice in (first, second, second, first):
        archive.choose_feed(choice, NOON)
    chosen = list(archive.feed_choices())

    assert chosen == [first, second]
    assert [archive.unchoose_feed(url) for url in ("a", "a")] == [1, 0]
    assert list(archive.feed_choices()) == [second]


# ------------------------------------------------------------------------------------------ entries, events, stories
def test_an_entry_is_known_by_any_of_its_keys_in_its_own_feed_alone(archive: Archive) -> None:
    archive.save_entries([(make.entry(feed_url="a", id="1"), ["guid:1", "link:x"])])

    assert archive.known("a", ["guid:1", "link:x", "title:y"]) == {"guid:1", "link:x"}
    assert archive.known("b", ["guid:1"]) == frozenset()
    assert archive.known("a", []) == frozenset()


def test_many_keys_can_be_asked_at_once(archive: Archive) -> None:
    keys = [f"key {n}" for n in range(1_300)]
    archive.save_entries([(make.entry(feed_url="a"), keys[::2])])

    assert archive.known("a", keys) == set(keys[::2])


def test_a_newer_text_replaces_the_former_and_the_first_sight_stays(archive: Archive) -> None:
    first = make.report("Talks in Istanbul", id="1")
    story = store(archive, first)
    edited = replace(first.entry, title="No talks in Ankara", seen_at=NOON + minutes(30))

    archive.save_entries([(edited, ["1"])])

    assert [report.entry for report in archive.reports(story.id)] == [replace(edited, seen_at=NOON)]
    assert not archive.search("istanbul")
    assert archive.search("ankara")


def test_edited_titles_are_kept_each_once_and_no_more_than_fifty(archive: Archive) -> None:
    first = make.entry("Talks in Istanbul", id="1")
    archive.save_entries([(first, ["1"])])
    edits = [replace(first, title=f"Talks, version {n}", seen_at=NOON + minutes(n + 1)) for n in range(60)]

    archive.save_headlines([first, replace(first, key=EntryKey("elsewhere", "1"), title="Another entry")])
    for edit in [*edits, edits[0], first]:
        archive.save_headlines([edit])

    had = archive.headlines(first.key)
    assert had[0] == Headline("Talks in Istanbul", NOON)
    assert had[1:] == [Headline(edit.title, NOON + minutes(n + 1)) for n, edit in enumerate(edits[:50])]
    assert archive.headlines(EntryKey("elsewhere", "1")) == []


def test_a_new_verdict_replaces_the_former(archive: Archive) -> None:
    report = make.report()
    story = store(archive, report)
    assert report.event
    milder = replace(report.event, type=EventType.CEASEFIRE_PROPOSED, conflicts=("gaza",))

    archive.save_event(milder)

    assert archive.reports(story.id) == [Report(entry=report.entry, event=milder)]


def test_a_story_grows_and_can_lose_a_report(archive: Archive) -> None:
    first, second, third = (make.report(title) for title in ("one", "two", "three"))
    store(archive, first, second)

    grown = store(archive, first, second, third)
    assert archive.story(grown.id) == grown

    shrunk = store(archive, first, third)
    assert archive.story(shrunk.id) == shrunk
    assert [report.entry.title for report in archive.reports(shrunk.id)] == ["one", "three"]


def test_what_rests_on_an_entry_that_is_not_stored_is_refused_whole(archive: Archive) -> None:
    stored, unstored = make.report("stored"), make.report("unstored", event={"conflicts": ()})
    archive.save_entries([(stored.entry, ["1"])])
    story = make.story(stored, unstored)
    assert unstored.event

    with pytest.raises(StoreError, match="no such entry"):
        archive.save_event(unstored.event)
    with pytest.raises(StoreError, match="no such entry"):
        archive.save_story(story)
    with pytest.raises(StoreError, match="no such entry"):
        archive.log_change(story, StoryChange.NEW, unstored.entry.key, NOON)

    assert archive.story(story.id) is None


def test_a_story_that_nobody_stored_is_none(archive: Archive) -> None:
    assert archive.story("feedfeedfeed") is None
    assert archive.reports("feedfeedfeed") == []


@settings(max_examples=50, deadline=None)
@given(store_values.feed_states)
def test_a_feed_state_comes_back_as_it_was(state: FeedState) -> None:
    with ArchiveStore.open(":memory:") as archive:
        archive.save_feed_state(state)

        assert archive.feed_state(state.url) == state


@settings(max_examples=50, deadline=None)
@given(st.data(), store_values.entries)
def test_an_entry_its_event_and_its_story_come_back_as_they_were(data: st.DataObject, entry: Entry) -> None:
    event = data.draw(store_values.events(entry))
    story = data.draw(store_values.stories(entry))
    with ArchiveStore.open(":memory:") as archive:
        archive.save_entries([(entry, ["key"])])
        archive.save_event(event)
        archive.save_story(story)
        archive.log_change(story, StoryChange.NEW, entry.key, NOON)

        assert archive.story(story.id) == story
        assert archive.reports(story.id) == [Report(entry=entry, event=event)]
        assert [change.entry_key for change in archive.changes_after(0)] == [entry.key]


# ------------------------------------------------------------------------------------------ asking
def test_reports_come_earliest_first_and_an_undated_one_by_when_it_was_seen(archive: Archive) -> None:
    late = make.report("late", published=NOON + minutes(2))
    undated = make.report("undated", published=None, seen_at=NOON + minutes(1))
    early = make.report("early")
    story = store(archive, late, undated, early)

    assert archive.reports(story.id) == [early, undated, late]


def test_a_stage_of_the_first_archives_is_a_fact() -> None:
    assert archive_rows.stage("ceasefire.agreed", cell(NOON)) == Stage(EventType.CEASEFIRE_AGREED, NOON, Modality.FACT)


def test_open_reports_are_those_of_stories_that_go_on(archive: Archive) -> None:
    old = make.report("old", published=NOON - timedelta(days=4))
    begun, goes_on = make.report("begun", published=NOON - timedelta(days=4)), make.report("goes on")
    store(archive, old)
    story = store(archive, begun, goes_on)

    assert archive.open_reports(NOON - timedelta(days=3)) == [(story.id, begun), (story.id, goes_on)]


def test_a_report_of_nothing_of_ours_has_no_event(archive: Archive) -> None:
    known, other = make.report("known"), Report(entry=make.entry("other"), event=None)
    archive.save_entries([(other.entry, ["other"])])
    story = store(archive, known, entry_keys=(known.entry.key, other.entry.key))

    assert archive.reports(story.id) == [known, other]


def test_stories_come_by_their_last_report_newest_first(archive: Archive) -> None:
    stories = {
        name: store(
            archive,
            make.report(name, published=NOON + minutes(n), event={"conflicts": conflicts, "type": type_}),
        )
        for n, (name, conflicts, type_) in enumerate(
            [
                ("a", ("gaza", "iran-israel"), EventType.TALKS_HELD),
                ("b", ("ukraine-russia",), EventType.CEASEFIRE_AGREED),
                ("c", ("gaza",), EventType.CEASEFIRE_AGREED),
                ("d", ("sudan",), EventType.TALKS_HELD),
            ]
        )
    }

    def found(**asked: object) -> str:
        return "".join(story.headline for story in archive.stories(**asked))  # type: ignore[arg-type]

    assert archive.stories(limit=1) == [stories["d"]]
    assert found() == "dcba"
    assert found(limit=3) == "dcb"
    assert found(since=NOON + minutes(2)) == "dc"
    assert found(conflicts=frozenset({"gaza", "iran-israel", "sudan"})) == "dca"
    assert found(conflicts=frozenset({"gaza", "sudan"}), limit=2) == "dc"
    assert found(conflicts=frozenset({"gaza"}), limit=1) == "c"
    assert found(types=frozenset({EventType.TALKS_HELD})) == "da"
    assert found(types=frozenset({EventType.TALKS_HELD}), conflicts=frozenset({"gaza"})) == "a"
    assert found(since=NOON + minutes(1), conflicts=frozenset({"iran-israel"})) == ""


def test_a_story_that_moved_on_is_found_once(archive: Archive) -> None:
    first, second = make.report("first"), make.report("second", published=NOON + minutes(9))
    store(archive, first)
    story = store(archive, first, second)

    assert archive.stories(conflicts=frozenset({"ukraine-russia"})) == [story]


# ------------------------------------------------------------------------------------------ searching
def titles(archive: Archive, words: str, **given: int) -> list[str]:
    return [report.entry.title for _, report in archive.search(words, **given)]


def test_search_finds_reports_with_all_words_newest_first(archive: Archive) -> None:
    first = make.report("Ceasefire talks in Istanbul")
    second = make.report("Talks on a ceasefire collapse", summary="Delegations left Istanbul.")
    third = make.report("Ceasefire holds in Gaza")
    story = store(archive, first, second, third)

    assert archive.search("istanbul CEASEFIRE") == [(story, second), (story, first)]
    assert titles(archive, "ceasefire", limit=1) == ["Ceasefire holds in Gaza"]
    assert titles(archive, "ceasefire moon") == []


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Оголошено перемир'я", "перемирʼя"),
        ("Кінець перемирʼям", "перемир'я"),
        ("Кінець перемир’ям", "ПЕРЕМИР`Я"),
        ("‘Ceasefire’ or not", "ceasefire"),
        ("Leader says 'truce' agreed", "'truce'"),
        ("Russia's offer", "russia"),
        ("Ещё переговоры", "еще"),
        ("Ukraine talks", "ukrain"),
        ("A cease-fire at last", "cease-fire"),
        ("Truce talks", "truce – talks !"),
        ("Pourparlers à Genève", "geneve"),
        ("وقف إطلاق النار في غزة", "إطلاق"),
    ],
)
def test_search_meets_the_word_however_it_is_written(archive: Archive, title: str, words: str) -> None:
    store(archive, make.report(title))

    assert titles(archive, words) == [title]


def test_a_two_letter_word_is_meant_as_it_stands(archive: Archive) -> None:
    store(archive, make.report("The usual suspects"))

    assert titles(archive, "us") == []
    assert titles(archive, "usu") == ["The usual suspects"]


@pytest.mark.parametrize(
    "words",
    [
        *("", "   ", "\x00", "?", '"', '""', "'", "(", ")", "*", "^", "-", "--", "\\", "%", "{}:", "🇺🇦"),
        *("\ud800", "\u0378", "ⷠ", "²", "(" * 5_000, "zebra " * 5_000, "z" * 100_000),
        " ".join(f"w{n}" for n in range(2_000)),
    ],
)
def test_nonsense_finds_nothing(archive: Archive, words: str) -> None:
    store(archive, make.report("Ceasefire agreed"))

    assert archive.search(words) == []


@pytest.mark.parametrize(
    "words",
    [
        *("AND", "OR", "NOT", "NEAR", "cease AND", "NEAR(cease agreed, 2)", "title:ceasefire", "nosuch:x"),
        *("-ceasefire", "ceasefire*", '"ceasefire', "ceasefire\x00", "{title}:agreed", "agreed + ceasefire"),
        "x'; DROP TABLE entries --",
    ],
)
def test_operators_are_words_like_any_other(archive: Archive, words: str) -> None:
    told = f"Ceasefire agreed {words}".replace("\x00", " ")
    store(archive, make.report(told))

    assert titles(archive, words) == [told]


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_any_text_may_be_searched_for(words: str) -> None:
    with ArchiveStore.open(":memory:") as archive:
        store(archive, make.report(words))

        assert len(archive.search(words)) <= 1


# ------------------------------------------------------------------------------------------ the change log
def test_the_change_log_is_read_from_where_we_were(archive: Archive) -> None:
    report = make.report()
    story = store(archive, report)
    assert archive.last_change_id() == 0
    for n, change in enumerate((StoryChange.NEW, StoryChange.NEW_STAGE, StoryChange.DENIED)):
        archive.log_change(story, change, report.entry.key, NOON + minutes(n))

    first, *rest = archive.changes_after(0)

    assert [change.change for change in (first, *rest)] == [StoryChange.NEW, StoryChange.NEW_STAGE, StoryChange.DENIED]
    assert (first.story_id, first.revision, first.created_at) == (story.id, story.revision, NOON)
    assert archive.changes_after(first.id) == rest
    assert archive.changes_after(first.id, limit=1) == rest[:1]
    assert archive.last_change_id() == rest[-1].id
    assert archive.changes_after(rest[-1].id) == []


def test_the_id_of_a_change_is_never_used_again() -> None:
    with ArchiveStore.open(":memory:") as archive:
        report = make.report()
        story = store(archive, report)
        archive.log_change(story, StoryChange.NEW, report.entry.key, NOON)
        used = archive.last_change_id()
        archive._file.write("DELETE FROM story_changes")

        archive.log_change(story, StoryChange.DENIED, report.entry.key, NOON)

        assert archive.last_change_id() > used


# ------------------------------------------------------------------------------------------ transactions and threads
def fail_after_storing(archive: Archive, report: Report) -> None:
    with suppress(RuntimeError), archive.transaction():
        store(archive, report)
        raise RuntimeError


def test_a_transaction_is_kept_whole_or_not_at_all(archive: Archive) -> None:
    report = make.report()

    fail_after_storing(archive, report)

    assert archive.stories() == []
    assert archive.known(report.entry.key.feed_url, [report.entry.key.id]) == frozenset()
    assert archive.search("ceasefire") == []


def test_a_block_within_a_block_can_fail_alone(archive: Archive) -> None:
    kept, lost = make.report("kept"), make.report("lost")

    with archive.transaction():
        store(archive, kept)
        fail_after_storing(archive, lost)

    assert [story.headline for story in archive.stories()] == ["kept"]


def test_archives_tell_each_other_apart_and_stay_themselves(tmp_path: Path) -> None:
    with ArchiveStore.open(tmp_path / "a.db") as first, ArchiveStore.open(tmp_path / "b.db") as second:
        before = first.archive_id

        assert before
        assert before != second.archive_id
    with ArchiveStore.open(tmp_path / "a.db") as again:
        assert again.archive_id == before


def test_a_reader_is_not_held_up_by_a_writer_in_another_thread(tmp_path: Path) -> None:
    with ArchiveStore.open(tmp_path / "a.db") as reader, ArchiveStore.open(tmp_path / "a.db") as writer:
        written, read = threading.Event(), threading.Event()

        def write() -> None:
            with writer.transaction():
                store(writer, make.report())
                written.set()
                assert read.wait(10)

        thread = threading.Thread(target=write)
        thread.start()
        assert written.wait(10)
        during = reader.stories()
        read.set()
        thread.join()

        assert during == []
        assert len(reader.stories()) == 1


def test_an_archive_of_before_facts_and_roles_is_read_as_stating_none(tmp_path: Path) -> None:
    report = make.report()
    story = make.story(report)
    assert report.event
    with older(tmp_path / "archive.db", before="m002_missed") as database:
        insert(database, "entries", archive_rows.entry_row(report.entry))
        insert(database, "events", archive_rows.event_row(report.event, 1))

    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        archive.save_story(story)

        assert list(archive.reports(story.id)) == [report]


def test_an_archive_of_before_standings_knows_its_stories_as_unconfirmed_and_its_entries_without_credit(
    tmp_path: Path,
) -> None:
    report = make.report()
    story = make.story(report)
    with older(tmp_path / "archive.db", before="m006_standing") as database:
        insert(database, "entries", archive_rows.entry_row(report.entry))
        insert(database, "stories", archive_rows.story_row(story))

    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        before = archive.story(story.id)
        archive.save_entries([(replace(report.entry, credit="Reuters"), ["key"])])
        archive.save_story(replace(story, standing=Standing.DENIED))
        after = archive.story(story.id)

        assert before
        assert after
        assert [before.standing, after.standing] == [Standing.UNCONFIRMED, Standing.DENIED]
        assert archive.reports(story.id)[0].entry.credit == "Reuters"


def test_a_report_stands_under_the_title_that_its_editor_gave_it_last(archive: ArchiveStore) -> None:
    report = make.report()
    story = store(archive, report)
    edited = [
        replace(report.entry, title=title, seen_at=NOON + timedelta(minutes=minute))
        for minute, title in enumerate(("Second title", "Third title"), 1)
    ]

    new = [archive.save_headlines([entry]) for entry in edited]
    again = archive.save_headlines(edited[1:])

    assert [list(entries) for entries in new] == [[entry] for entry in edited]
    assert list(again) == []
    assert archive.reports(story.id)[0].entry.title == "Third title"
    assert archive.stories_of(report.entry.key) == [story.id]


def test_an_editor_may_come_back_to_a_former_title_and_is_followed_each_time(archive: ArchiveStore) -> None:
    report = make.report("Truce agreed")
    story = store(archive, report)
    titles = [("Truce on offer", "Truce agreed")[n % 2] for n in range(10)]

    shown = []
    for minute, title in enumerate(titles, 1):
        entry = replace(report.entry, title=title, seen_at=NOON + timedelta(minutes=minute))
        assert list(archive.save_headlines([entry])) == [entry]
        shown.append(archive.reports(story.id)[0].entry.title)

    assert shown == titles
    assert [headline.title for headline in archive.headlines(report.entry.key)] == [
        "Truce agreed",
        "Truce on offer",
        "Truce agreed",
    ]


def test_one_guid_twice_in_a_feed_does_not_go_back_and_forth(archive: ArchiveStore) -> None:
    report = make.report("Truce agreed")
    store(archive, report)
    twins = [report.entry, replace(report.entry, title="Weather")]

    assert [list(archive.save_headlines(twins)) for _ in range(3)] == [[], [], []]


def test_an_archive_of_before_turns_shows_the_last_title_and_knows_no_word_taken_back(tmp_path: Path) -> None:
    report = make.report("Truce agreed")
    story = make.story(report)
    assert report.event
    with older(tmp_path / "archive.db", before="m010_taken_back") as database:
        insert(database, "entries", archive_rows.entry_row(report.entry))
        insert(database, "events", archive_rows.event_row(report.event, 1))
        insert(database, "stories", archive_rows.story_row(story))
        insert(database, "story_reports", {"story_id": story.id, "position": 0, "entry_id": 1})
        for title, seen_at in (("Newest", "2025-05-11T14:00:00.000000Z"), ("Newer", "2025-05-11T13:00:00.000000Z")):
            insert(database, "headlines", {"entry_id": 1, "title": title, "seen_at": seen_at})

    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        assert archive.reports(story.id)[0].entry.title == "Newest"
        assert archive.story(story.id) == story
        assert [each.title for each in archive.headlines(report.entry.key)] == ["Truce agreed", "Newer", "Newest"]


def test_what_an_entry_was_thought_to_report_can_be_forgotten(archive: ArchiveStore) -> None:
    report = make.report()
    story = store(archive, report)

    archive.forget_event(report.entry.key)

    assert archive.reports(story.id) == [replace(report, event=None)]
