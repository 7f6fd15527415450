"""What the rules learn from, as the archive keeps it: near misses, and the owner's labels."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Migrations

from bot.errors import StoreError
from bot.model import Entry, EventType, Example, NearMiss, short_id
from bot.poll.identity import identity_keys
from bot.ports import Archive
from bot.store.archive import KIND, ArchiveStore
from bot.store.file import Kind, StoreFile
from bot.store.schema_archive import m001_news
from tests import make, store_values
from tests.make import NOON, minutes


@pytest.fixture
def archive() -> Iterator[Archive]:
    with ArchiveStore.open(":memory:") as archive:
        archive.register([make.feed()], NOON)
        yield archive


def kept(archive: Archive, title: str, **given: object) -> Entry:
    entry = make.entry(title, **given)
    archive.save_entries([(entry, identity_keys(entry))])
    return entry


def noted(archive: Archive, title: str, after: float = 0) -> NearMiss:
    near_miss = NearMiss(entry=kept(archive, title), score=0.7, noted_at=NOON + minutes(after))
    archive.save_near_miss(near_miss)
    return near_miss


# ------------------------------------------------------------------------------------------ near misses
@settings(max_examples=50, deadline=None)
@given(
    st.builds(
        NearMiss,
        entry=store_values.entries,
        score=store_values.scores,
        noted_at=store_values.times,
        mentions=st.lists(store_values.mentions, max_size=2).map(tuple),
        rules_hash=store_values.text,
    )
)
def test_a_near_miss_comes_back_as_it_was(near_miss: NearMiss) -> None:
    with ArchiveStore.open(":memory:") as archive:
        archive.save_entries([(near_miss.entry, ["key"])])
        archive.save_near_miss(near_miss)

        assert archive.near_misses(since=near_miss.noted_at) == [near_miss]


def test_near_misses_come_newest_first_and_no_more_than_asked_for(archive: Archive) -> None:
    first, second, third = (noted(archive, title, after) for after, title in enumerate(("one", "two", "three")))

    assert archive.near_misses(since=NOON) == [third, second, first]
    assert archive.near_misses(since=NOON + minutes(1)) == [third, second]
    assert archive.near_misses(since=NOON, limit=1) == [third]


def test_what_was_noted_long_ago_is_forgotten_and_its_entry_is_not(archive: Archive) -> None:
    old, new = noted(archive, "old"), noted(archive, "new", after=5)

    assert archive.forget_near_misses(NOON + minutes(5)) == 1

    assert archive.near_misses(since=NOON) == [new]
    assert archive.entry(old.id) == old.entry


def test_an_entry_that_is_judged_again_is_noted_once(archive: Archive) -> None:
    before = noted(archive, "one")

    archive.save_near_miss(replace(before, score=0.5))

    assert [each.score for each in archive.near_misses(since=NOON)] == [0.5]


def test_a_near_miss_of_an_entry_that_is_not_stored_is_refused(archive: Archive) -> None:
    with pytest.raises(StoreError, match="no such entry"):
        archive.save_near_miss(NearMiss(entry=make.entry("nowhere"), score=0.7, noted_at=NOON))


# ------------------------------------------------------------------------------------------ labels
@settings(max_examples=50, deadline=None)
@given(
    st.builds(
        Example,
        entry=store_values.entries,
        news=st.booleans(),
        type=st.none() | store_values.types,
        labelled_at=store_values.times,
    )
)
def test_an_example_comes_back_as_it_was(example: Example) -> None:
    with ArchiveStore.open(":memory:") as archive:
        archive.label(example, NOON)

        assert archive.examples() == [example]


def test_the_last_word_on_an_entry_counts_and_can_be_taken_back(archive: Archive) -> None:
    entry = kept(archive, "one")

    archive.label(Example(entry=entry, news=False), NOON)
    archive.label(Example(entry=entry, news=True, type=EventType.TALKS_HELD), NOON + minutes(1))
    last = archive.examples()
    taken_back = archive.unlabel(short_id(entry.key))

    assert last == [Example(entry=entry, news=True, type=EventType.TALKS_HELD, labelled_at=NOON + minutes(1))]
    assert taken_back == 1
    assert archive.examples() == []


def test_what_the_owner_judged_is_no_near_miss_any_more(archive: Archive) -> None:
    judged, open_ = noted(archive, "one"), noted(archive, "two")

    archive.label(Example(entry=judged.entry, news=False), NOON)

    assert archive.near_misses(since=NOON) == [open_]


# ------------------------------------------------------------------------------------------ finding
def test_an_entry_is_found_by_its_words_in_a_story_or_not(archive: Archive) -> None:
    report, other = make.report("Envoys meet in Doha"), kept(archive, "Envoys fly home")
    archive.save_entries([(report.entry, [])])
    assert report.event
    archive.save_event(report.event)
    story = make.story(report)
    archive.save_story(story)

    found = archive.find("envoys")

    assert [(each and each.id, one.entry.title) for each, one in found] == [
        (story.id, "Envoys meet in Doha"),
        (None, other.title),
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://news.example/doha?id=7",
        "http://www.news.example/doha/?id=7&utm_source=chat",
        "https://news.example/doha?id=7#top",
    ],
)
def test_a_page_is_found_however_the_link_to_it_is_decorated(archive: Archive, link: str) -> None:
    entry = kept(archive, "Envoys meet", link="https://news.example/doha?id=7&utm_medium=rss")
    kept(archive, "Envoys meet again", link="https://news.example/doha?id=8")

    assert [report.entry for _, report in archive.find(link)] == [entry]


@pytest.mark.parametrize("words", ["https://elsewhere.example/", "https://", "http://[", "", '"', "nobody said this"])
def test_nonsense_finds_nothing(archive: Archive, words: str) -> None:
    kept(archive, "Envoys meet")

    assert archive.find(words) == []


# ------------------------------------------------------------------------------------------ upgrades
def test_an_archive_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    first_version = Migrations("archive")
    first_version()(m001_news)
    entry, path = make.entry("Envoys meet"), tmp_path / "archive.db"
    with StoreFile(path, Kind(name=KIND.name, application_id=KIND.application_id, migrations=first_version)) as file:
        file.write(
            "INSERT INTO entries (feed_url, guid, title, link, summary, language, publisher) "
            "VALUES (?, ?, ?, '', '', '', '')",
            [*entry.key, entry.title],
        )
        file.write(
            "INSERT INTO events VALUES (1, 'talks.held', 'fact', '[]', '[]', '[]', '[]', '[]', NULL, '', 1, 'r', '[]')"
        )

    with ArchiveStore.open(path) as archive:
        found = archive.entry(short_id(entry.key))
        [(_, report)] = archive.find("envoys")

    assert found
    assert found.title == entry.title
    assert report.event
    assert report.event.rules_hash == ""


def test_the_reader_of_an_archive_can_label_while_another_writes(tmp_path: Path) -> None:
    with ArchiveStore.open(tmp_path / "a.db") as writer, ArchiveStore.open(tmp_path / "a.db") as reader:
        entry = kept(writer, "Envoys meet")

        reader.label(Example(entry=entry, news=True), NOON + timedelta(hours=1))

        assert len(writer.examples()) == 1
