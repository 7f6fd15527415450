"""The shape of people.db, and how it got there. Migrations are append-only: never edit one that has shipped."""

from sqlite_utils import Database, Migrations

migrations = Migrations("people")

_TABLES = """
-- Everyone we ever have to answer; *access* is empty for those we do not know.
CREATE TABLE chats (
    id INTEGER PRIMARY KEY,
    network TEXT NOT NULL,
    room TEXT NOT NULL,
    former_room TEXT NOT NULL DEFAULT '',
    access TEXT,
    granted_at TEXT,
    paused_at TEXT,
    paused_reason TEXT NOT NULL DEFAULT '',
    next_at TEXT NOT NULL DEFAULT '',
    UNIQUE (network, room)
) STRICT;
CREATE UNIQUE INDEX chats_one_owner ON chats (access) WHERE access = 'owner';

CREATE TABLE subscriptions (
    chat_id INTEGER PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
    conflicts TEXT NOT NULL,
    types TEXT NOT NULL,
    loudness TEXT NOT NULL,
    language TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    digest_hours TEXT NOT NULL,
    next_digest_at TEXT,
    last_digest_at TEXT,
    paused_until TEXT,
    created_at TEXT
) STRICT;
CREATE INDEX subscriptions_digest ON subscriptions (next_digest_at);

CREATE TABLE muted_stories (
    chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    story_id TEXT NOT NULL,
    PRIMARY KEY (chat_id, story_id)
) STRICT, WITHOUT ROWID;

-- Who said it goes when the chat goes; what was said stays.
CREATE TABLE feedback (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER REFERENCES chats (id) ON DELETE SET NULL,
    story_id TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (chat_id, story_id, label)
) STRICT;

-- Ordered by our own id: the network's may start anew after a silent week.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    network TEXT NOT NULL,
    update_id INTEGER NOT NULL,
    raw TEXT NOT NULL,
    received_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    done_at TEXT,
    UNIQUE (network, update_id)
) STRICT;
CREATE INDEX inbox_unanswered ON inbox (network, id) WHERE done_at IS NULL;
CREATE INDEX inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL;

-- What was rendered, frozen; one row for all the chats that are told the same.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    html TEXT NOT NULL,
    buttons TEXT NOT NULL,
    silent INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    dedupe_key TEXT NOT NULL UNIQUE,
    chat_id INTEGER NOT NULL REFERENCES chats (id),
    kind TEXT NOT NULL,
    urgency INTEGER NOT NULL,
    message_id INTEGER NOT NULL REFERENCES messages (id),
    story_id TEXT NOT NULL,
    edits TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ready',
    attempts INTEGER NOT NULL DEFAULT 0,
    doubtful INTEGER NOT NULL DEFAULT 0,
    maybe INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sent_at TEXT,
    external_id TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_waiting ON outbox (chat_id, urgency, id) WHERE status IN ('ready', 'retry');
CREATE INDEX outbox_sending ON outbox (chat_id) WHERE status = 'sending';
CREATE INDEX outbox_chat ON outbox (chat_id);
CREATE INDEX outbox_message ON outbox (message_id);

-- The queue of chats: one turn per chat and urgency that has something waiting. *at* may be too early (then the turn
-- is put off), never too late; so a claim looks at a few rows, however many wait.
CREATE TABLE turns (
    chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    urgency INTEGER NOT NULL,
    paced INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (chat_id, urgency)
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_next ON turns (paced, urgency, at);

CREATE TABLE cursor (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    archive_id TEXT NOT NULL,
    change_id INTEGER NOT NULL
) STRICT;

CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


@migrations()
def m001_people(db: Database) -> None:
    """Create chats, subscriptions, inbox, outbox, cursor and notes."""
    db.executescript(_TABLES)


_FAN_OUT = """
-- After *expires_at* what nobody tried to send is no news any more. *ended_at* is when it was sent or given up.
ALTER TABLE outbox ADD COLUMN expires_at TEXT NOT NULL DEFAULT '9999-12-31T00:00:00.000000+00:00';
ALTER TABLE outbox ADD COLUMN ended_at TEXT;
UPDATE outbox SET ended_at = coalesce(sent_at, next_attempt_at) WHERE status IN ('sent', 'dead');
UPDATE outbox SET urgency = CASE kind WHEN 'reply' THEN 0 WHEN 'notice' THEN 1 WHEN 'alert' THEN 2 ELSE 3 END;
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX chats_paused ON chats (id) WHERE paused_at IS NOT NULL;

-- What anybody wants is read from this alone, however many chats want it.
CREATE INDEX subscriptions_wishes ON subscriptions (conflicts, types, loudness, language, time_zone);
"""


@migrations()
def m002_fan_out(db: Database) -> None:
    """Let deliveries grow old, end and overtake each other."""
    db.executescript(_FAN_OUT)


_TOPICS = """
ALTER TABLE subscriptions ADD COLUMN thread TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN thread TEXT NOT NULL DEFAULT '';
"""


@migrations()
def m003_topics(db: Database) -> None:
    """Let a subscription and what is owed name a topic of the chat."""
    db.executescript(_TOPICS)


_LIVE = """
-- The alert that an edit or an update is about: a row of this table. No reference, for either may be forgotten first.
ALTER TABLE outbox ADD COLUMN target INTEGER;

-- Who was told of a story, in the order of the chats.
CREATE INDEX outbox_told ON outbox (story_id, chat_id) WHERE kind = 'alert' AND story_id != '';

-- Stories whose message is to be edited, and when it last was. *changed_at* is when the newest change came.
CREATE TABLE live_stories (
    story_id TEXT PRIMARY KEY,
    due_at TEXT,
    changed_at TEXT NOT NULL,
    edited_at TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX live_stories_due ON live_stories (due_at) WHERE due_at IS NOT NULL;
"""


@migrations()
def m004_live(db: Database) -> None:
    """Let an alert be edited and answered as its story grows."""
    db.executescript(_LIVE)


_DOCUMENTS = """
-- A file that goes with the message, frozen like the rest of it.
ALTER TABLE messages ADD COLUMN document_name TEXT;
ALTER TABLE messages ADD COLUMN document BLOB;
"""


@migrations()
def m005_documents(db: Database) -> None:
    """Let a message bring a file."""
    db.executescript(_DOCUMENTS)


_KNOWS = """
-- The newest change of the archive's log that the words know of. Which came first is asked of it, not of the clock.
ALTER TABLE outbox ADD COLUMN knows INTEGER NOT NULL DEFAULT 0;

-- The newest change that the story's message is to be edited for; routing has read all that wait.
ALTER TABLE live_stories ADD COLUMN change_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE live_stories DROP COLUMN changed_at;
UPDATE live_stories SET change_id = coalesce((SELECT change_id FROM cursor), 0);
"""


@migrations()
def m006_knows(db: Database) -> None:
    """Let an alert say how much of the change log it knows."""
    db.executescript(_KNOWS)
