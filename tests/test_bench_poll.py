"""`parley bench poll`: every figure in one run, none of them judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bench.feeds import feed_body
from bot.poll.parse import read


def test_the_feeds_to_measure_with_are_the_same_in_every_run_and_read_as_written() -> None:
    body = feed_body(range(30))

    entries = read(body, "https://bench.example/").entries

    assert body == feed_body(range(30))
    assert len({entry.id for entry in entries}) == len({entry.link for entry in entries}) == 30
    assert sum("ceasefire" in entry.title for entry in entries) == 2


def test_the_peer_is_feedparser_as_it_ships() -> None:
    loaded = "import sys, bot.cli, bot.bench.peer; print('bot.poll.lean' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


@pytest.mark.long
@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="this system does not tell what memory is shared"
)
def test_the_bench_measures_all_in_one_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot", "bench", "poll", "--feeds", "3", "--rounds", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    found = json.loads(done.stdout)
    whats = [row["what"] for row in found["rows"]]
    assert whats[:4] == [
        "poll: 304, the only feed of its tick",
        "poll: 304, a tick of 16 feeds",
        "poll: 200, the same body, a tick of 16 feeds",
        "0 new of 50 items",
    ]
    assert all(row["cost"] > 0 and row["peer_cost"] > 0 for row in found["rows"])
    assert [one["feeds"] for one in found["memory"]] == [3]
    assert len(found["waits"]) == 2
