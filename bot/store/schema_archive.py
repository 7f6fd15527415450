"""The shape of archive.db, and how it got there. Migrations are append-only: never edit one that has shipped."""

import secrets

from sqlite_utils import Database, Migrations

from bot.model import EntryKey, short_id

migrations = Migrations("archive")

# Apostrophes go, so that перемир'я, перемир’я and перемирʼя are one word, and 'ceasefire' is ceasefire. In plain SQL,
# so that any tool can browse the file.
_FOLDED = """replace(replace(replace(replace(replace(replace(replace({0},
    '''', ''), '’', ''), 'ʼ', ''), '‘', ''), '`', ''), 'ё', 'е'), 'Ё', 'Е')"""

_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE feeds (
    url TEXT PRIMARY KEY,
    title TEXT NOT NULL DEFAULT '',
    publisher TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    every_seconds REAL NOT NULL DEFAULT 1800,
    enabled INTEGER NOT NULL DEFAULT 0,
    next_check_at TEXT NOT NULL,
    checked_at TEXT,
    ok_at TEXT,
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    baselined INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX feeds_due ON feeds (next_check_at) WHERE enabled;

CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    feed_url TEXT NOT NULL,
    guid TEXT NOT NULL,
    title TEXT NOT NULL,
    link TEXT NOT NULL,
    summary TEXT NOT NULL,
    published TEXT,
    updated TEXT,
    language TEXT NOT NULL,
    publisher TEXT NOT NULL,
    seen_at TEXT,
    UNIQUE (feed_url, guid)
) STRICT;

-- Kept for ever: an archive that a publisher offers again must not be news.
CREATE TABLE identities (
    feed_url TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (feed_url, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    modality TEXT NOT NULL,
    conflicts TEXT NOT NULL,
    actors TEXT NOT NULL,
    recipients TEXT NOT NULL,
    places TEXT NOT NULL,
    numbers TEXT NOT NULL,
    occurred_on TEXT,
    speaker TEXT NOT NULL,
    score REAL NOT NULL,
    rule TEXT NOT NULL,
    mentions TEXT NOT NULL
) STRICT;

CREATE TABLE events_conflicts (
    conflict TEXT NOT NULL,
    entry_id INTEGER NOT NULL REFERENCES events (entry_id) ON DELETE CASCADE,
    PRIMARY KEY (conflict, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_conflicts_entry ON events_conflicts (entry_id);

CREATE TABLE stories (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    modality TEXT NOT NULL,
    conflicts TEXT NOT NULL,
    headline TEXT NOT NULL,
    link TEXT NOT NULL,
    language TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    stages TEXT NOT NULL,
    actors TEXT NOT NULL,
    places TEXT NOT NULL,
    numbers TEXT NOT NULL,
    publishers TEXT NOT NULL,
    revision INTEGER NOT NULL,
    announced TEXT NOT NULL
) STRICT;
CREATE INDEX stories_newest ON stories (last_seen, id);

-- last_seen stands here too, so that the newest stories of a rare conflict need no search.
CREATE TABLE stories_conflicts (
    conflict TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    story_id TEXT NOT NULL REFERENCES stories (id),
    PRIMARY KEY (conflict, last_seen, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX stories_conflicts_story ON stories_conflicts (story_id);

CREATE TABLE story_reports (
    story_id TEXT NOT NULL REFERENCES stories (id),
    position INTEGER NOT NULL,
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    PRIMARY KEY (story_id, position),
    UNIQUE (entry_id, story_id)
) STRICT, WITHOUT ROWID;

-- The log that alerts are made from. AUTOINCREMENT: an id is never used again (reliability rests on it).
CREATE TABLE story_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    story_id TEXT NOT NULL REFERENCES stories (id),
    revision INTEGER NOT NULL,
    change TEXT NOT NULL,
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    created_at TEXT NOT NULL
) STRICT;

CREATE VIEW entries_folded AS
    SELECT id, {_FOLDED.format("title")} AS title, {_FOLDED.format("summary")} AS summary FROM entries;
CREATE VIRTUAL TABLE entries_fts USING fts5 (
    title, summary,
    content = 'entries_folded', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER entries_indexed AFTER INSERT ON entries BEGIN
    INSERT INTO entries_fts (rowid, title, summary)
        SELECT id, title, summary FROM entries_folded WHERE id = new.id;
END;
CREATE TRIGGER entries_unindexed BEFORE DELETE ON entries BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, summary)
        SELECT 'delete', id, title, summary FROM entries_folded WHERE id = old.id;
END;
CREATE TRIGGER entries_changing BEFORE UPDATE OF title, summary ON entries BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, summary)
        SELECT 'delete', id, title, summary FROM entries_folded WHERE id = old.id;
END;
CREATE TRIGGER entries_changed AFTER UPDATE OF title, summary ON entries BEGIN
    INSERT INTO entries_fts (rowid, title, summary)
        SELECT id, title, summary FROM entries_folded WHERE id = new.id;
END;
"""


@migrations()
def m001_news(db: Database) -> None:
    """Create feeds, entries, events, stories, the change log and the full-text index."""
    db.executescript(_TABLES)
    db.execute("INSERT INTO meta VALUES ('archive_id', ?)", [secrets.token_hex(8)])


_MISSED = """
-- By which rules an event was found; "" for those of the first archives.
ALTER TABLE events ADD COLUMN rules_hash TEXT NOT NULL DEFAULT '';

-- What part each actor plays: pairs of an id and a role.
ALTER TABLE events ADD COLUMN roles TEXT NOT NULL DEFAULT '[]';

-- What an event's report states in days, amounts and kinds: an object without what it does not state.
ALTER TABLE events ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';

-- An entry's name on a button, which stays when a backup is restored.
ALTER TABLE entries ADD COLUMN short_id TEXT NOT NULL DEFAULT '';

CREATE TABLE near_misses (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    score REAL NOT NULL,
    mentions TEXT NOT NULL,
    rules_hash TEXT NOT NULL,
    noted_at TEXT NOT NULL
) STRICT;
CREATE INDEX near_misses_newest ON near_misses (noted_at);

-- What the owner said of entries. Copies, for they outlive the entries; nobody is named in them.
CREATE TABLE examples (
    feed_url TEXT NOT NULL,
    guid TEXT NOT NULL,
    title TEXT NOT NULL,
    link TEXT NOT NULL,
    summary TEXT NOT NULL,
    published TEXT,
    updated TEXT,
    language TEXT NOT NULL,
    publisher TEXT NOT NULL,
    seen_at TEXT,
    short_id TEXT NOT NULL,
    news INTEGER NOT NULL,
    type TEXT,
    labelled_at TEXT NOT NULL,
    PRIMARY KEY (feed_url, guid)
) STRICT;
CREATE INDEX examples_short ON examples (short_id);
"""


@migrations()
def m002_missed(db: Database) -> None:
    """Keep near misses, labels, by which rules an event was found, its facts, and what parts its actors play."""
    db.executescript(_MISSED)
    keys = db.execute("SELECT id, feed_url, guid FROM entries").fetchall()
    db.conn.executemany(
        "UPDATE entries SET short_id = ? WHERE id = ?", [(short_id(EntryKey(*key)), number) for number, *key in keys]
    )
    db.execute("CREATE INDEX entries_short ON entries (short_id)")


_SCHEDULE = """
-- What the schedule has learnt: the time between two polls, what the feed says of it (JSON), where it has moved.
ALTER TABLE feeds ADD COLUMN interval_seconds REAL;
ALTER TABLE feeds ADD COLUMN timetable TEXT NOT NULL DEFAULT '{}';
ALTER TABLE feeds ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN moved_times INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN gone_at TEXT;
ALTER TABLE feeds ADD COLUMN stopped_at TEXT;
CREATE INDEX feeds_checked ON feeds (checked_at) WHERE enabled;
"""


@migrations()
def m003_schedule(db: Database) -> None:
    """Keep what the schedule learns of each feed."""
    db.executescript(_SCHEDULE)


_LADDER = """
-- What tells the items of a feed's last body from others: see bot/poll/ladder.py.
ALTER TABLE feeds ADD COLUMN item_hashes TEXT NOT NULL DEFAULT '';

-- What editors made of an entry's title; the title that it came with stays in entries.
CREATE TABLE headlines (
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (entry_id, title)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m004_ladder(db: Database) -> None:
    """Keep hashes of the items that were seen last, and edited titles."""
    db.executescript(_LADDER)


_CHOICES = """
-- Feeds that the owner added in chat, and those of config.toml that the owner switched on or off there.
CREATE TABLE feed_choices (
    url TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    publisher TEXT NOT NULL,
    language TEXT NOT NULL,
    every_seconds REAL,
    enabled INTEGER NOT NULL,
    added INTEGER NOT NULL,
    chosen_at TEXT NOT NULL
) STRICT;
"""


@migrations()
def m005_choices(db: Database) -> None:
    """Keep which feeds the owner chose in chat."""
    db.executescript(_CHOICES)


_STANDING = """
-- How far a story can be relied on, as the change log last said.
ALTER TABLE stories ADD COLUMN standing TEXT NOT NULL DEFAULT 'unconfirmed';

-- Whom the feed names as an entry's source or author.
ALTER TABLE entries ADD COLUMN credit TEXT NOT NULL DEFAULT '';
ALTER TABLE examples ADD COLUMN credit TEXT NOT NULL DEFAULT '';
"""


@migrations()
def m006_standing(db: Database) -> None:
    """Keep how far a story can be relied on, and whom an entry credits."""
    db.executescript(_STANDING)


_DECISIONS = """
-- What the owner decided: the story "other" was merged into "story_id", or split off it.
CREATE TABLE story_decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    story_id TEXT NOT NULL REFERENCES stories (id),
    other TEXT NOT NULL REFERENCES stories (id),
    decided_at TEXT NOT NULL
) STRICT;

-- The story that holds this one's reports too; this one is closed.
ALTER TABLE stories ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
"""


@migrations()
def m007_decisions(db: Database) -> None:
    """Keep which stories the owner put together or took apart."""
    db.executescript(_DECISIONS)


@migrations()
def m008_refrain(db: Database) -> None:
    """Keep how often the like of a story was told before it began (JSON); find what was logged of a story."""
    db.execute("ALTER TABLE stories ADD COLUMN refrain TEXT NOT NULL DEFAULT '{}'")
    db.execute("CREATE INDEX story_changes_story ON story_changes (story_id)")


_UNDONE = """
-- Steps that the owner took out of the ledgers: parts of stories, see bot/ledger/move.py.
CREATE TABLE undone_steps (
    step TEXT PRIMARY KEY,
    undone_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m009_undone(db: Database) -> None:
    """Keep what the owner took out of the ledgers."""
    db.executescript(_UNDONE)


_TAKEN_BACK = """
-- Keys of the reports that once took their word back: [[feed URL, guid], ...].
ALTER TABLE stories ADD COLUMN taken_back TEXT NOT NULL DEFAULT '[]';

-- An editor may come back to a former title: the one with the highest turn is the present one. With one that is passed
-- over a running page went on to something else; its report stays what it was.
ALTER TABLE headlines ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE headlines ADD COLUMN passed_over INTEGER NOT NULL DEFAULT 0;
UPDATE headlines SET turn = (
    SELECT count(*) FROM headlines AS other
    WHERE other.entry_id = headlines.entry_id AND other.seen_at <= headlines.seen_at
);
"""


@migrations()
def m010_taken_back(db: Database) -> None:
    """Keep which reports took their word back, and which of its titles an entry has now."""
    db.executescript(_TAKEN_BACK)
