"""Twice a day: what happened, on one page, and honestly how well we could hear. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as hour_of_day
from typing import Protocol

from bot.alert import phrases, render
from bot.alert.loudness import DIGEST, SOUND
from bot.alert.phrases import Reader
from bot.alert.render import StoryWithReports
from bot.alert.route import follows, priority
from bot.alert.silence import quiet
from bot.catalog import Catalog
from bot.model import Message, Report, Story, Subscription
from bot.story.status import TAKEN_BACK, status

REACH = timedelta(hours=48)
"""Nothing published longer ago is told, however late its feed brought it."""

LINES_A_CONFLICT = 12
STALE = timedelta(hours=1)


class Heard(Protocol):
    """How well the feeds were heard (`bot.ports.Coverage` is one)."""

    @property
    def feeds(self) -> int:
        """Return how many feeds are enabled."""

    @property
    def healthy(self) -> int:
        """Return how many of them had a good poll of late."""

    @property
    def last_ok_at(self) -> datetime | None:
        """Return when the last good poll was."""

    @property
    def silent(self) -> Mapping[str, datetime | None]:
        """Return the languages of which no feed was heard of late, and when one was last."""


def next_digest(subscription: Subscription, after: datetime) -> datetime | None:
    """Return when the next digest is due, strictly after *after*, in UTC; None without digest hours.

    An hour that a clock change skips comes when the clock has jumped; one that it repeats comes once.
    """
    zone = phrases.zone(subscription.time_zone)
    today = after.astimezone(zone).date()
    dues = (
        datetime.combine(today + timedelta(days=days), hour_of_day(hour), zone).astimezone(UTC)
        for days in range(3)
        for hour in subscription.digest_hours
    )
    return min((due for due in dues if due > after), default=None)


def digest(
    subscription: Subscription,
    stories: Sequence[StoryWithReports],
    heard: Heard,
    catalog: Catalog,
    now: datetime,
    *,
    newest: Mapping[str, datetime] | None = None,
) -> Message:
    """Return what is new since the last digest, by conflict, the most important first; sent even when empty.

    *newest* is when each followed conflict was last reported of; None: nothing is said of their silence.
    """
    reader = Reader.of(subscription, catalog, now)
    silence = "" if newest is None else quiet(subscription.conflicts, newest, reader)
    foot = "\n".join(line for line in (silence, hearing(heard, reader)) if line)
    since = _since(subscription, now)
    told = [(story, reports) for story, reports in stories if _belongs(story, reports, subscription, reader, since)]
    head = f"🗓 <b>Digest</b> · {_span(since, reader)}"
    if not told:
        return Message(html=f"{head}\n\n{_nothing(since, reader)}\n{foot}", silent=True)
    count = f"{phrases.plural(len(told), 'story', 'stories')}, {phrases.plural(sum(len(r) for _, r in told), 'report')}"
    blocks = [line for group in _by_conflict(told, subscription, reader) for line in group]
    return Message(html=phrases.fit(f"{head} · {count}", blocks, f"\n{foot}"), silent=True)


def _since(subscription: Subscription, now: datetime) -> datetime:
    return max(subscription.last_digest_at or now - timedelta(hours=12), now - REACH)


def _belongs(
    story: Story, reports: Sequence[Report], subscription: Subscription, reader: Reader, since: datetime
) -> bool:
    """Return whether *story* has news for this digest: a report that came since the last one and is no old hat."""
    new = any(_is_new(report, since, reader.now) for report in reports)
    return new and follows(subscription, story) and priority(story, reports, reader.catalog) <= DIGEST


def _is_new(report: Report, since: datetime, now: datetime) -> bool:
    seen_at, happened_at = report.entry.seen_at, report.entry.happened_at
    return seen_at is not None and happened_at is not None and seen_at > since and happened_at >= now - REACH


def _by_conflict(
    told: Sequence[StoryWithReports], subscription: Subscription, reader: Reader
) -> Sequence[Sequence[str]]:
    """Return one block of lines for each conflict, the loudest and best-sourced first."""
    groups: dict[str, list[StoryWithReports]] = {}
    for story, reports in told:
        followed = [each for each in story.conflicts if each in subscription.conflicts]
        groups.setdefault(next(iter((*followed, *story.conflicts)), ""), []).append((story, reports))
    ranked = {name: sorted(group, key=lambda pair: _rank(pair, reader)) for name, group in groups.items()}
    order = sorted(ranked, key=lambda name: _rank(ranked[name][0], reader))
    return [_block(name, ranked[name], reader) for name in order]


def _rank(pair: StoryWithReports, reader: Reader) -> tuple[int, int, float]:
    """Return what sorts the loudest, then the best-sourced, then the newest first."""
    story, reports = pair
    independent = len(status(story, reports, reader.catalog).sources)
    return priority(story, reports, reader.catalog), -independent, -story.last_seen.timestamp()


def _block(conflict_id: str, group: Sequence[StoryWithReports], reader: Reader) -> Sequence[str]:
    conflict = reader.catalog.conflicts.get(conflict_id)
    name = phrases.conflict(conflict_id, reader) if conflict_id else "No known conflict named"
    flag = f"{conflict.flag} " if conflict else ""
    room = LINES_A_CONFLICT - 1
    shown = group if len(group) <= room else group[: room - 1]
    more = [f"… and {len(group) - len(shown)} more: /latest"] if len(shown) < len(group) else []
    return [f"\n{flag}<b>{phrases.short(name, 60)}</b>", *(_line(pair, reader) for pair in shown), *more]


def _line(pair: StoryWithReports, reader: Reader) -> str:
    """Return a story in one line: what and how sure, the headline, who and how many say so; or what took it back."""
    story, reports = pair
    of, lead = status(story, reports, reader.catalog), render.best_report(story, reports, reader)
    what = phrases.short(render.happened(story, reports, lead, of, reader), 80)
    loud = "❗" if priority(story, reports, reader.catalog) == SOUND else phrases.icon(story.type, reader.catalog)
    word, standing = phrases.STANDING_WORDS[of.standing], phrases.short(phrases.standing(of, reader), 60)
    if of.standing in TAKEN_BACK and of.against:
        taken_back = standing.replace(word, word.capitalize())
        return f"{loud} <b>{taken_back}</b>: <s>{what}</s>. Now reported: {_said(of.against, reader)}"
    said = _said(lead, reader) if lead else phrases.short(story.headline, 110)
    many = f", {len(of.sources)} sources" if of.sources[1:] else ""
    because = phrases.short(phrases.because(of, reader), 80)
    sure = standing.replace(word, word.lower())
    return f"{loud} <b>{what}</b>: {said}, {sure}{many}" + (f": {because}" if because else "")


def _said(report: Report, reader: Reader) -> str:
    return f"{phrases.headline(report.entry, 110)} — {phrases.credit(report.entry, reader.catalog)}"


def _span(since: datetime, reader: Reader) -> str:
    """Return the stretch of time that the digest covers, in the reader's own time."""
    start, end = phrases.local(since, reader), phrases.local(reader.now, reader)
    place = reader.time_zone.rpartition("/")[2].replace("_", " ")
    first = f"{start:%a} {start.day} {start:%b}, {start:%H:%M}"
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b}, {end:%H:%M}"
    return phrases.short(f"{first}–{last} {place}", 80)


# ------------------------------------------------------------------------------------------ honest silence
def nothing_new(since: datetime, heard: Heard, reader: Reader) -> str:
    """Return what silence means: that nothing was reported, or that we could not hear."""
    return f"{_nothing(since, reader)}\n{hearing(heard, reader)}"


def _nothing(since: datetime, reader: Reader) -> str:
    return f"Nothing new since {phrases.moment(since, reader)} in what you follow."


def hearing(heard: Heard, reader: Reader) -> str:
    """Return how many feeds are healthy and when one was last heard; a warning where that is little."""
    if heard.last_ok_at is None:
        return "⚠️ No feed was heard yet: silence means nothing so far."
    words = f"{heard.healthy} of {heard.feeds} feeds healthy; last heard {phrases.ago(heard.last_ok_at, reader.now)}"
    if reader.now - heard.last_ok_at > STALE:
        return f"⚠️ {words}. I hear nothing at present: silence is no all-clear."
    unheard = "".join(f" {_unheard(language, at, reader)}" for language, at in heard.silent.items())
    if 2 * heard.healthy < heard.feeds:
        return f"⚠️ {words}. More than half are silent: I may be missing news.{unheard}"
    return f"⚠️ {words}.{unheard}" if unheard else f"{words}."


def _unheard(language: str, last: datetime | None, reader: Reader) -> str:
    """Return that the feeds of a whole language are silent, for there news may be missed."""
    name = phrases.LANGUAGES.get(language, f"“{language}”")
    return f"{name}-language sources: " + (f"last heard {phrases.ago(last, reader.now)}." if last else "never heard.")


def with_digests(subscription: Subscription, now: datetime, *, on: bool = True) -> Subscription:
    """Return *subscription* with its digests due from *now* on, or with none."""
    return replace(subscription, next_digest_at=next_digest(subscription, now) if on else None)
