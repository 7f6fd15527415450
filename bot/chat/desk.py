"""What every command has at hand: the archive, the people, the names, and what was asked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alert.digest import with_digests
from bot.alert.page import StoryPage, Told
from bot.alert.phrases import Reader
from bot.alert.render import StoryWithReports
from bot.alert.route import priority, wants
from bot.catalog import Catalog
from bot.chat.understand import find_conflicts
from bot.model import Access, ChatId, DeliveryKind, Feed, Incoming, Loudness, Message, Story, Subscription
from bot.owner.feeds import with_choices
from bot.ports import Archive, People

RECENT = timedelta(days=7)
_QUIET = frozenset({"watch", "frozen"})
STORY_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a new message, or one that takes the place of the message *edits*.

    *once* names an answer that a chat is given a single time; "" may be given again and again.
    """

    message: Message
    edits: str = ""
    once: str = ""
    kind: DeliveryKind = DeliveryKind.REPLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided. *access* is closed (owner and allow-list) or open (anybody).

    *time_zone* and *digest_hours* are those of a reader who has not chosen yet. *feeds* are those of config.toml, those
    that are off included; hosts in *allow_private* may be on the operator's own network. Backups hold for *held_for*
    what was deleted.
    """

    access: str = "closed"
    time_zone: str = "UTC"
    digest_hours: tuple[int, ...] = (8, 20)
    feeds: tuple[Feed, ...] = ()
    allow_private: frozenset[str] = frozenset()
    held_for: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that a person asked: *words* is what follows the command, or the rest of a pressed button's action."""

    incoming: Incoming
    words: str
    access: Access | None
    now: datetime

    @property
    def chat(self) -> ChatId:
        """Return the chat that asked."""
        return self.incoming.chat

    @property
    def topic(self) -> str:
        """Return the topic of the group where it was asked, "" elsewhere."""
        return "" if self.incoming.private else self.incoming.thread

    @property
    def number(self) -> int:
        """Return the number that *words* say, such as a page or hours; 0 if they say none."""
        return int(self.words) if self.words.isdecimal() and len(self.words) < 6 else 0

    def about(self, words: str) -> "Asked":
        """Return the same question with other *words*."""
        return replace(self, words=words)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where commands are worked out; knows no chat network and no database."""

    archive: Archive
    people: People
    catalog: Catalog
    settings: Settings

    def feeds(self) -> tuple[Feed, ...]:
        """Return all feeds, those that are off included, as the owner has them now."""
        return with_choices(self.settings.feeds, self.archive.feed_choices())

    def subscription(self, asked: Asked) -> Subscription:
        """Return what the chat wants to hear; one that it has not saved yet follows everything."""
        return self.people.subscription(asked.chat) or with_digests(
            Subscription(
                chat=asked.chat,
                time_zone=self.settings.time_zone,
                digest_hours=self.settings.digest_hours,
                created_at=asked.now,
            ),
            asked.now,
        )

    def awake(self, asked: Asked) -> Subscription:
        """Return the chat's subscription; one that was stopped hears again, with nothing chosen yet."""
        subscription = self.subscription(asked)
        if not stopped(subscription):
            return subscription
        fresh = replace(subscription, loudness=Loudness.ALL, conflicts=frozenset(), types=frozenset())
        return with_digests(fresh, asked.now)

    def save(self, asked: Asked, subscription: Subscription) -> Subscription:
        """Save and return *subscription*; one that was chosen in a topic of a group is told there from now on."""
        saved = replace(
            subscription,
            thread=asked.topic or subscription.thread,
            created_at=subscription.created_at or asked.now,
        )
        self.people.save_subscription(saved)
        return saved

    def reader(self, asked: Asked) -> Reader:
        """Return for whom the answer is written."""
        return Reader.of(self.subscription(asked), self.catalog, asked.now)

    def page(self, story: Story) -> StoryPage:
        """Return all that the archive holds of *story*."""
        return read_page(self.archive, story)

    def with_reports(self, stories: Sequence[Story]) -> Sequence[StoryWithReports]:
        """Return each story with its reports."""
        return [(story, self.archive.reports(story.id)) for story in stories]

    def story(self, words: str, asked: Asked) -> Story | None:
        """Return the story whose id *words* is, or the newest of the conflict they name.

        Without words: the last one that the chat was sent an alert of, else the newest that would be worth one.
        """
        if STORY_ID.fullmatch(words):
            return self.archive.story(words)
        if words:
            named = frozenset(find_conflicts(words, self.catalog))
            return next(iter(self.archive.stories(conflicts=named, limit=1)), None) if named else None
        return self.archive.story(self.people.last_told(asked.chat)) or self._newest(asked)

    def _newest(self, asked: Asked) -> Story | None:
        """Return the newest story that is worth an alert to this chat, else the newest of what it follows."""
        subscription = self.subscription(asked)
        newest = self.archive.stories(conflicts=subscription.conflicts, types=subscription.types, limit=20)
        worth_it = (
            story
            for story, reports in self.with_reports(newest)
            if story.announced and wants(subscription, story, priority(story, reports, self.catalog))
        )
        return next(worth_it, newest[0] if newest else None)

    def by_activity(self, now: datetime) -> Sequence[str]:
        """Return the ids of all conflicts, those with the most stories of late first, quiet ones last."""
        recent = self.archive.stories(since=now - RECENT, limit=200)
        count = {each: sum(each in story.conflicts for story in recent) for each in self.catalog.conflicts}
        return sorted(count, key=lambda each: (-count[each], self.catalog.conflicts[each].status in _QUIET))


Handler = Callable[[Desk, Asked], Message]


def read_page(archive: Archive, story: Story) -> StoryPage:
    """Return all that *archive* holds of *story*."""
    told = [Told(report, archive.headlines(report.entry.key)) for report in archive.reports(story.id)]
    return StoryPage(story=story, told=told, changes=archive.changes_of(story.id))


def stopped(subscription: Subscription) -> bool:
    """Return whether *subscription* hears nothing at all: no alerts and no digest."""
    return subscription.loudness is Loudness.DIGEST and subscription.next_digest_at is None
