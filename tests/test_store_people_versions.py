"""A people.db of any older version is saved, then brought to this one, and everybody in it is told what follows."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.model import Broadcast, ChatId, DeliveryKind, Message, Sent, Subscription, Wishes, Wording
from bot.store.people import PeopleStore
from bot.store.schema_people import migrations
from tests.make import NOON, minutes
from tests.older import older

STEPS = [migration.name for migration in migrations._migrations]
OLD_ROWS = """
INSERT INTO chats (id, network, room) VALUES (1, 'terminal', '1'), (2, 'terminal', '2');
INSERT INTO subscriptions (chat_id, conflicts, types, loudness, language, time_zone, digest_hours)
    VALUES (1, '[]', '[]', 'all', 'en', 'UTC', '[8]'), (2, '[]', '[]', 'all', 'en', 'UTC', '[8]');
INSERT INTO messages (id, html, buttons, silent) VALUES (1, 'told before', '[]', 0), (2, 'owed before', '[]', 0);
INSERT INTO outbox (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, status, next_attempt_at,
    created_at, external_id) VALUES
    ('alert:truce:1', 1, 'alert', 2, 1, 'truce', '', 'sent', 'NOON', 'NOON', '77'),
    ('alert:talks:1', 1, 'alert', 2, 2, 'talks', '', 'ready', 'NOON', 'NOON', ''),
    ('alert:truce:2', 2, 'alert', 2, 1, 'truce', '', 'sending', 'NOON', 'NOON', '');
""".replace("NOON", "2025-05-11T12:00:00.000000+00:00")


@pytest.fixture(params=STEPS[1:])
def step(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Make a file as it was before one of the steps; return the step."""
    step = str(request.param)
    with older(tmp_path / "people.db", before=step) as database:
        database.executescript(OLD_ROWS)
    return step


def change(kind: DeliveryKind) -> Broadcast:
    at = NOON + minutes(5)
    wordings = (Wording(Message(html=f"{kind} of the truce"), (Wishes(),)),)
    return Broadcast(key=kind, kind=kind, wordings=wordings, created_at=at, change_id=1, knows=1, story_id="truce")


def test_who_was_told_by_an_older_version_is_told_what_follows(step: str, tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        people.recover(NOON)
        for kind in (DeliveryKind.EDIT, DeliveryKind.UPDATE):
            people.broadcast(change(kind), most=100)
        people.save_subscription(Subscription(chat=ChatId("terminal", "3"), created_at=NOON))

        sent = []
        while claimed := people.claim(NOON + minutes(6)):
            people.settle(claimed[0].after(Sent("78"), NOON), NOON)
            sent += [(claimed[0].chat.room, claimed[0].message.html, claimed[0].edits or claimed[0].replies_to)]

        assert sorted(sent) == [
            ("1", "edit of the truce", "77"),
            ("1", "owed before", ""),
            ("1", "update of the truce", "77"),
            ("2", "edit of the truce", "78"),
            ("2", "told before", ""),
            ("2", "update of the truce", "78"),
        ]


def test_an_edit_that_an_older_version_had_put_off_is_still_due(tmp_path: Path) -> None:
    with older(tmp_path / "people.db", before="m006_knows") as database:
        database.executescript(
            OLD_ROWS + "INSERT INTO cursor VALUES (1, 'an archive', 5);"
            "INSERT INTO live_stories VALUES ('truce', '2025-05-11T12:01', '2025-05-11T12:00', '')"
        )

    with PeopleStore.open(tmp_path / "people.db") as people:
        assert people.due_edits(NOON + minutes(1)) == {"truce": 5}


def test_the_older_file_is_kept_as_it_was_for_nobody_else_to_read(step: str, tmp_path: Path) -> None:
    PeopleStore.open(tmp_path / "people.db").close()

    saved = tmp_path / f"people.db.before-{step}"

    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    with closing(sqlite3.connect(saved)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT count(*) FROM outbox").fetchone() == (3,)
    assert next(migration.name for migration in migrations.pending(Database(saved))) == step
