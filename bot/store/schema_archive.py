"""The shape of archive.db, and how it got there. Migrations are append-only: never edit one that has shipped."""

import secrets

from sqlite_utils import Database, Migrations

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
