"""R4, a power cut: the disk ends anywhere in the last write, and people.db is what it was after some transaction.

What SQLite had synced before the cut is there, so no transaction that had come to its end is forgotten: nothing that
was sent is sent again, nothing that was confirmed is asked for again.
"""

import hashlib
import random
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import (
    Access,
    Broadcast,
    ChatId,
    Cursor,
    DeliveryKind,
    InboxItem,
    Message,
    RetryLater,
    SendResult,
    Sent,
    Subscription,
    Undeliverable,
    Wishes,
    Wording,
)
from bot.store.people import PeopleStore
from tests import make
from tests.make import NOON

HEADER, FRAME_HEADER = 32, 24
ROOMS = [str(room) for room in range(1, 7)]


def state(people: PeopleStore) -> str:
    """Return a digest of everything in the database."""
    dump = "\n".join(people._file._db.conn.iterdump())
    return hashlib.sha256(dump.encode()).hexdigest()


@dataclass
class Recording:
    """A database before some transactions, the log of them all, and what stood in it after each."""

    folder: Path
    page_size: int = 0
    states: list[tuple[int, str]] = field(default_factory=list)
    """The length of the log after a transaction, and the state then."""

    @property
    def log(self) -> bytes:
        return (self.folder / "log").read_bytes()

    def expected(self, length: int) -> str:
        """Return the state that a log of this *length* must lead to."""
        return [state for end, state in self.states if end <= length][-1]

    def frames(self) -> list[int]:
        """Return where each frame of the log begins, and where the last one ends."""
        return list(range(HEADER, len(self.log) + 1, FRAME_HEADER + self.page_size))

    def reopened(self, folder: Path, log: bytes, base: bytes | None = None) -> str:
        """Open the database as it was at first, with this *log* beside it; return its state, checked."""
        folder.mkdir()
        (folder / "people.db").write_bytes(base or (self.folder / "base").read_bytes())
        (folder / "people.db-wal").write_bytes(log)
        with PeopleStore.open(folder / "people.db") as people:
            assert people._file.value("PRAGMA integrity_check") == "ok"
            assert people._file.rows("PRAGMA foreign_key_check") == []
            found = state(people)
        shutil.rmtree(folder)
        return found


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Live through a busy hour and keep the log of it: SQLite is not let move it into the file."""
    folder = tmp_path_factory.mktemp("power")
    path, log = folder / "people.db", folder / "people.db-wal"
    PeopleStore.open(path).close()
    shutil.copy(path, folder / "base")
    recorded = Recording(folder)
    with PeopleStore.open(path) as people:
        people._file.write("PRAGMA wal_autocheckpoint = 0")
        assert people._file.value("PRAGMA synchronous") == 2, "FULL: a commit is on disk before it returns"
        recorded.page_size = people._file.value("PRAGMA page_size")
        recorded.states.append((0, state(people)))
        for _ in busy_hour(people):
            recorded.states.append((log.stat().st_size, state(people)))
        shutil.copy(log, folder / "log")
    return recorded


def busy_hour(people: PeopleStore) -> Iterator[None]:
    """Subscribe, ask, alert, answer, send and give up; yield after every transaction."""
    results: list[SendResult] = [Sent("7"), Sent("8"), RetryLater(doubtful=True), Undeliverable("refused")]
    dice = random.Random(4)
    for room in ROOMS:
        people.save_subscription(Subscription(chat=ChatId("terminal", room), created_at=NOON))
        yield
    people.grant(ChatId("terminal", "1"), Access.OWNER, NOON)
    yield
    now = NOON
    for number in range(12):
        now += timedelta(minutes=5)
        item = InboxItem(network="terminal", update_id=number, raw="words " * dice.randint(1, 900))
        people.receive([item], now)
        yield
        with people.transaction():
            reply = make.delivery(f"reply {number}", kind=DeliveryKind.REPLY, created_at=now, next_attempt_at=now)
            people.enqueue([reply])
            people.done(item, now)
        yield
        wordings = (Wording(Message(html="news " * dice.randint(1, 700)), (Wishes(),)),)
        with people.transaction():
            people.broadcast(Broadcast(key=f"alert {number}", wordings=wordings, created_at=now), most=99)
            people.move_cursor(Cursor("archive", number + 1))
        yield
        while True:
            claimed = people.claim(now, limit=2)
            yield
            for delivery in claimed:
                people.settle(delivery.after(dice.choice(results), now), now)
                yield
            if not claimed:
                break
    with people.transaction():
        people.sweep(now + timedelta(days=9))
    yield


def test_the_recording_is_worth_cutting(recording: Recording) -> None:
    lengths = [length for length, _ in recording.states]
    assert lengths == sorted(lengths)
    assert len({state for _, state in recording.states}) > 100
    assert lengths[-1] == recording.frames()[-1] == len(recording.log)
    assert len(recording.frames()) > 500


@pytest.mark.parametrize("every", [pytest.param(40, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.long)])
def test_wherever_the_log_ends_the_state_is_that_after_the_last_whole_transaction(
    recording: Recording, tmp_path: Path, every: int
) -> None:
    dice, log = random.Random(every), recording.log
    begins = recording.frames()
    boundaries = begins[::every]
    in_frames = [begin + dice.randrange(1, FRAME_HEADER + recording.page_size) for begin in begins[:-1:every]]
    in_header = [0, 1, HEADER - 1]

    for cut in (*boundaries, *in_frames, *in_header):
        assert recording.reopened(tmp_path / "cut", log[:cut]) == recording.expected(cut), f"cut at {cut}"

    print(f"{len(boundaries) + len(in_frames) + len(in_header)} cuts")  # noqa: T201


@pytest.mark.slow
def test_what_lies_behind_the_last_synced_byte_may_be_anything(recording: Recording, tmp_path: Path) -> None:
    dice, log = random.Random(5), recording.log
    for begin in recording.frames()[1:-1:40]:
        cut = begin + dice.randrange(FRAME_HEADER + recording.page_size)
        zeros = bytes(len(log) - cut)
        noise = dice.randbytes(len(log) - cut)
        for tail in (zeros, noise):
            assert recording.reopened(tmp_path / "cut", log[:cut] + tail) == recording.expected(cut)


@pytest.mark.slow
def test_a_cut_while_the_log_moves_into_the_file_loses_nothing(recording: Recording, tmp_path: Path) -> None:
    dice, size = random.Random(6), recording.page_size
    newest: dict[int, bytes] = {}
    for begin in recording.frames()[:-1]:
        (page,) = struct.unpack_from(">I", recording.log, begin)
        newest[page] = recording.log[begin + FRAME_HEADER : begin + FRAME_HEADER + size]
    base = (recording.folder / "base").read_bytes()

    for _ in range(30):
        moved = dice.sample(sorted(newest), dice.randint(1, len(newest)))
        torn = bytearray(base.ljust(size * max(*newest, len(base) // size), b"\0"))
        for number, page in enumerate(moved):
            whole = size if number else dice.randrange(1, size)
            torn[(page - 1) * size : (page - 1) * size + whole] = newest[page][:whole]

        assert recording.reopened(tmp_path / "cut", recording.log, bytes(torn)) == recording.states[-1][1]
