"""Look into a data folder, whether a bot runs on it or not, and say what is wrong and what to do.

It reads the files themselves: what is damaged cannot be opened as a store any more.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.config import BackupConfig
from bot.model import DeliveryStatus
from bot.ops.backup import FILES, backups, made_at, reading
from bot.ops.upkeep import LOW_DISK, anonymous, folder_of

STALE = timedelta(hours=24)
"""A feed that was asked, and not heard, for so long needs a look."""
NEVER_HEARD = 3
"""So many polls in vain, and a feed that was never heard needs a look too."""
MOST_NAMED = 10
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
UNREADABLE = "nothing says that it is damaged: run this as the user that Parley runs as, and look after the disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: how it is and, if it is not *well*, what to do."""

    name: str
    words: str
    well: bool = True
    remedy: str = ""


def diagnose(data: Path, plan: BackupConfig, now: datetime) -> Sequence[Finding]:
    """Return how the databases in *data*, the disk and the backups are."""
    findings = [*_files(data)]
    people, archive = (data / name for name in FILES)
    if all(finding.well for finding in findings):
        with closing(reading(people)) as those, closing(reading(archive)) as news:
            try:
                findings += [_outbox(those), _dead_letters(those), _inbox(those), _cursor(those, news), _feeds(news)]
            except sqlite3.Error as error:
                remedy = "`parley run` brings older files up to date; else restore a backup"
                findings.append(Finding(name="tables", words=str(error), well=False, remedy=remedy))
    return [*findings, _disk(data), _backups(plan, data, now)]


# ------------------------------------------------------------------------------------------ files
def _files(data: Path) -> Iterator[Finding]:
    for name in FILES:
        file = data / name
        if not file.is_file():
            yield Finding(name=name, words=f"there is none in {data}", well=False, remedy="`parley run` makes it")
            continue
        try:
            with closing(reading(file)) as database:
                damage = _damage(database)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in DAMAGED:
                yield Finding(name=name, words=f"cannot be read: {error}", well=False, remedy=UNREADABLE)
                continue
            damage = [str(error)]
        if damage:
            remedy = "stop the bot and put the newest backup in its place: `parley restore`"
            yield Finding(name=name, words=f"damaged: {'; '.join(damage[:3])}", well=False, remedy=remedy)
        else:
            yield Finding(name=name, words=f"sound, {file.stat().st_size / 2**20:.1f} MB")


def _damage(database: sqlite3.Connection) -> list[str]:
    found = [row[0] for row in database.execute("PRAGMA integrity_check(5)")]
    lonely = [f"a row of {row[0]} refers to nothing" for row in database.execute("PRAGMA foreign_key_check")]
    return [*(words for words in found if words != "ok"), *lonely]


# ------------------------------------------------------------------------------------------ people.db
def _outbox(people: sqlite3.Connection) -> Finding:
    """Check that everything due is sent, waiting or dead, and that all that waits has its turn."""
    counts = dict(people.execute("SELECT status, count(*) FROM outbox GROUP BY status"))
    strange = sum(count for status, count in counts.items() if status not in set(DeliveryStatus))
    stuck = people.execute(
        "SELECT count(DISTINCT chat_id) FROM outbox JOIN chats ON chats.id = chat_id "
        "WHERE status IN ('ready', 'retry') AND paused_at IS NULL AND chat_id NOT IN (SELECT chat_id FROM turns) "
        "AND chat_id NOT IN (SELECT chat_id FROM outbox WHERE status = 'sending')"
    ).fetchone()[0]
    waiting = counts.get("ready", 0) + counts.get("retry", 0)
    others = (f"{counts.get(status, 0)} {status}" for status in ("sending", "dead", "superseded"))
    words = f"{sum(counts.values())} due = {counts.get('sent', 0)} sent + {waiting} waiting + {' + '.join(others)}"
    if strange or stuck:
        words += f"; {strange} of no known status, {stuck} chats wait without a turn"
        return Finding(name="outbox", words=words, well=False, remedy="restart the bot: it gives out all turns anew")
    return Finding(name="outbox", words=words)


def _dead_letters(people: sqlite3.Connection) -> Finding:
    """Tell what was given up and why.

    That a chat has blocked the bot or lost its access, or that a message can be edited no more, is nothing wrong.
    """
    rows = people.execute(
        "SELECT error, count(*) FROM outbox JOIN chats ON chats.id = chat_id WHERE status = 'dead' "
        "AND kind != 'edit' AND paused_at IS NULL AND access IS NOT NULL GROUP BY error ORDER BY 2 DESC"
    ).fetchall()
    if not rows:
        return Finding(name="dead letters", words="none, but to chats that left")
    reasons = "; ".join(f"{count} × {anonymous(error)}" for error, count in rows[:MOST_NAMED])
    remedy = "nothing is sent again; if the reason is a mistake of Parley's, please report it"
    return Finding(name="dead letters", words=reasons, well=False, remedy=remedy)


def _inbox(people: sqlite3.Connection) -> Finding:
    aside = people.execute("SELECT count(*) FROM inbox WHERE done_at IS NULL AND attempts >= 5").fetchone()[0]
    waiting = people.execute("SELECT count(*) FROM inbox WHERE done_at IS NULL AND attempts < 5").fetchone()[0]
    words = f"{waiting} unanswered, {aside} set aside"
    remedy = "the log says why they could not be answered; please report it"
    return Finding(name="inbox", words=words, well=not aside, remedy=remedy)


def _cursor(people: sqlite3.Connection, archive: sqlite3.Connection) -> Finding:
    cursor = people.execute("SELECT archive_id, change_id FROM cursor").fetchone()
    here = archive.execute("SELECT value FROM meta WHERE key = 'archive_id'").fetchone()
    last = archive.execute("SELECT coalesce(max(id), 0) FROM story_changes").fetchone()[0]
    remedy = "nothing to do: the next start goes to the end of the archive and tells the owner"
    if cursor is None:
        return Finding(name="cursor", words="routing has not begun")
    if not here or cursor[0] != here[0]:
        return Finding(name="cursor", words="it belongs to another archive.db", well=False, remedy=remedy)
    if cursor[1] > last:
        return Finding(name="cursor", words="it is ahead of archive.db", well=False, remedy=remedy)
    return Finding(name="cursor", words=f"{last - cursor[1]} changes not routed yet")


# ------------------------------------------------------------------------------------------ archive.db
def _feeds(archive: sqlite3.Connection) -> Finding:
    """Name the feeds that fail for long. The newest poll of any feed is "now": a stopped bot makes no feed stale."""
    rows = archive.execute(
        "SELECT url, checked_at, ok_at, failures, last_error, language FROM feeds WHERE enabled"
    ).fetchall()
    polled = [datetime.fromisoformat(row[1]) for row in rows if row[1]]
    if not polled:
        return Finding(name="feeds", words=f"{len(rows)}, none polled yet")
    last = max(polled)
    ill = {
        url: f"{url} ({error or 'never heard'})"
        for url, checked_at, ok_at, failures, error, _ in rows
        if checked_at and failures >= (1 if ok_at else NEVER_HEARD) and last - _time(ok_at) > STALE
    }
    stale = list(ill.values())
    heard = {language for url, *_, language in rows if url not in ill}
    unheard = sorted({language for *_, language in rows} - heard - {""})
    words = f"{len(rows)}, last poll {last:%Y-%m-%d %H:%M} UTC"
    if not stale:
        return Finding(name="feeds", words=words)
    more = f" and {len(stale) - MOST_NAMED} more" if len(stale) > MOST_NAMED else ""
    words += f"; not heard: {', '.join(stale[:MOST_NAMED])}{more}"
    words += f"; no feed at all is heard in: {', '.join(unheard)}" if unheard else ""
    remedy = "`parley feeds check` asks them now; mend the address in config.toml, or `parley feeds remove`"
    return Finding(name="feeds", words=words, well=False, remedy=remedy)


def _time(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


# ------------------------------------------------------------------------------------------ the house
def _disk(data: Path) -> Finding:
    folder = next((one for one in (data, *data.absolute().parents) if one.exists()), Path("/"))
    free = shutil.disk_usage(folder).free
    needed = LOW_DISK + sum((data / name).stat().st_size for name in FILES if (data / name).is_file())
    return Finding(
        name="disk",
        words=f"{free // 2**20} MB free",
        well=free >= needed,
        remedy=f"make room: {needed // 2**20} MB should be free, so that a backup fits",
    )


def _backups(plan: BackupConfig, data: Path, now: datetime) -> Finding:
    folder = folder_of(plan, data)
    found = [one for one in backups(folder) if made_at(one) <= now]  # the others were made while the clock was wrong
    if not plan.keep:
        return Finding(name="backups", words="switched off in config.toml")
    if not found:
        remedy = "`parley backup` makes one; a running bot makes one a day"
        return Finding(name="backups", words=f"none in {folder}", well=False, remedy=remedy)
    age = now - made_at(found[-1])
    return Finding(
        name="backups",
        words=f"{len(found)} in {folder}, the newest {age.total_seconds() / 3600:.0f} hours old",
        well=age <= 2 * plan.every,
        remedy="`parley backup` makes one; the log says why the bot did not",
    )
