"""The command line as a person meets it: the real process, its words and its exit codes."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.archive import ArchiveStore
from tests.fake_telegram import TOKEN
from tests.feed_server import Answer, FeedServer
from tests.process import PARLEY, environment, parley, write_config
from tests.shared import SHARED, needs

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[1]
TITLE = "Russia and Ukraine agree 30-day ceasefire"


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return all that a person read; no one may ever see a traceback."""
    words = done.stdout.decode() + done.stderr.decode()
    assert "Traceback" not in words
    return words


def json_lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


# ---------------------------------------------------------------------------------------------- demo
def test_the_demo_tells_the_week_and_ends_at_the_end_of_input(tmp_path: Path) -> None:
    done = parley(tmp_path, "demo", stdin=b"/latest 3\n/now gaza\n/feed test 1\nwhat is this\n")

    words = said(done)
    assert done.returncode == 0
    assert "CEASEFIRE PROPOSED" in words
    assert "Digest" in words
    assert "Istanbul" in words
    assert re.search(r"I am looking at .*\d+ entries, the newest", words, re.DOTALL)
    assert words.count("LAST DAY OF A ONE-SIDED CEASEFIRE") == 1
    assert re.search(
        r"That was the week\..*Calendar\n12 May .*talks in Istanbul: held 16 May.*Now ask:", words, re.DOTALL
    )
    assert not (tmp_path / "data").exists(), "the demo leaves nothing behind"


def test_the_demo_s_reader_can_quit(tmp_path: Path) -> None:
    assert parley(tmp_path, "demo", stdin=b"/quit\n/latest\n").returncode == 0


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let what we start hear Ctrl-C: a shell has what runs in its background ignore it, and so all that this starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("command", ["demo", "classify", "group"])
@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_told_to_stop_stops_cleanly(tmp_path: Path, command: str, name: signal.Signals) -> None:
    given = environment(tmp_path, TMPDIR=str(tmp_path))
    with subprocess.Popen(
        [*PARLEY, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=given
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"{}\n" * (command != "demo"))
        process.stdin.flush()
        ready = process.stdout if command == "demo" else process.stderr  # a complaint about the line
        ready.read(1)
        process.send_signal(name)
        code, complaint = process.wait(timeout=15), process.stderr.read()

    assert code == 0
    assert b"Traceback" not in complaint
    assert not list(tmp_path.glob("parley-demo-*"))


# ---------------------------------------------------------------------------------------------- mistakes
@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("[telegram]\nacces = 'open'", r"config.toml:2: "),
        ("[[feeds]]\nurl = 'ftp://example.org/rss'", r"config.toml:2: "),
        ("[[feeds]]\nurl = 'https://example.org/rss'\nevery = 'often'", r"config.toml:3: "),
        ("[[feeds]\nurl = 1", r"config.toml:1: this is not valid TOML"),
    ],
)
def test_a_mistake_in_the_config_is_one_line_with_its_place_and_exit_2(
    tmp_path: Path, config: str, complaint: str
) -> None:
    (tmp_path / "config.toml").write_text(config)

    done = parley(tmp_path, "poll", "--once")

    assert done.returncode == 2
    assert complaint in said(done)
    assert len(done.stderr.splitlines()) == 1


def test_no_config_says_where_it_looked(tmp_path: Path) -> None:
    done = parley(tmp_path, "poll", "--once")

    assert done.returncode == 2
    assert str(tmp_path / "config.toml") in said(done)


def test_run_without_a_token_says_where_to_get_one(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")

    done = parley(tmp_path, "run")

    assert done.returncode == 2
    assert "@BotFather" in said(done)
    assert "PARLEY_TELEGRAM_TOKEN" in said(done)


def test_poll_without_once_is_a_usage_mistake(tmp_path: Path) -> None:
    done = parley(tmp_path, "poll")

    assert done.returncode == 2
    assert "parley run" in said(done)


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")
    (tmp_path / "data").write_text("a file, not a folder")

    done = parley(tmp_path, "poll", "--once")

    assert done.returncode == 2
    assert "PARLEY_DATA" in said(done)


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "archive.db").write_text("this is no database, " * 100)

    done = parley(tmp_path, "poll", "--once")

    assert done.returncode == 2
    assert "archive.db" in said(done)


def test_check_says_of_each_part_how_it_is(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")

    done = parley(tmp_path, "check")

    assert done.returncode == 2
    assert [line.split(":")[0] for line in sorted(said(done).splitlines())] == [
        "FAIL token",
        "ok   config",
        "ok   data",
        "ok   environment",
        "ok   rules",
    ]
    assert not (tmp_path / "data").exists(), "who checks makes nothing"


def test_check_leaves_the_rest_alone_while_the_environment_is_wrong(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")

    done = parley(tmp_path, "check", PARLEY_OWNER="me")

    assert done.returncode == 2
    assert [line.split(":")[0] for line in said(done).splitlines()] == ["FAIL environment"]


def test_check_names_the_server_that_cannot_be_reached(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")

    done = parley(tmp_path, "check", PARLEY_TELEGRAM_TOKEN=TOKEN, PARLEY_TELEGRAM_API_URL="http://127.0.0.1:9")

    assert done.returncode == 2
    assert "FAIL token: http://127.0.0.1:9 cannot be reached" in said(done)
    assert TOKEN not in said(done)


def test_check_finds_that_no_data_folder_can_be_made_there(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")
    (tmp_path / "file").touch()

    done = parley(tmp_path, "check", PARLEY_DATA=str(tmp_path / "file" / "data"))

    assert "FAIL data: " in said(done)
    assert "set PARLEY_DATA to a folder that this user may write to" in said(done)


def test_a_mistake_of_our_own_is_said_in_plain_words(tmp_path: Path) -> None:
    broken = "from bot.cli import app, main\n@app.command()\ndef broken():\n    {}['key']\nmain()"

    done = subprocess.run(
        [sys.executable, "-c", broken, "broken"], capture_output=True, env=environment(tmp_path), check=False
    )

    assert done.returncode == 1
    assert said(done).startswith("This is a mistake in Parley, not yours (KeyError: 'key').")


@pytest.mark.parametrize("command", ["near-misses", "examples", "stories list", "ledger", "calendar", "sources"])
def test_a_command_that_finds_nothing_says_so_in_a_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "data").mkdir()
    ArchiveStore.open(tmp_path / "data" / "archive.db").close()

    done = parley(tmp_path, *command.split())

    assert done.returncode == 0
    assert len(said(done).splitlines()) == 1


def test_a_file_that_this_user_may_not_read_is_named_with_a_remedy(tmp_path: Path) -> None:
    forbidden = (
        "from bot.cli import app, main\n@app.command()\ndef forbidden():\n"
        "    raise PermissionError(13, 'Permission denied', '/data/archive.db')\nmain()"
    )  # a real one cannot be had where the tests run as root

    done = subprocess.run(
        [sys.executable, "-c", forbidden, "forbidden"], capture_output=True, env=environment(tmp_path), check=False
    )

    assert done.returncode == 1
    assert said(done) == "/data/archive.db: Permission denied; run this as the user that Parley runs as\n"


def test_a_place_for_output_that_is_full_is_no_mistake_of_ours(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PARLEY, "explain", TITLE], stdout=full, stderr=subprocess.PIPE, env=environment(tmp_path), check=False
        )

    assert done.returncode == 1
    assert done.stderr.decode() == "output: No space left on device; make room there\n"


def test_a_bot_is_asked_how_it_is_although_its_config_was_spoilt_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("nonsense [")

    done = parley(tmp_path, "health")

    assert "config.toml:1: this is not valid TOML" in done.stderr.decode()
    assert done.stdout, "the bot was asked: whether it is well is not what a mistake in the file says"
    assert done.returncode != 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("command", ["classify", "group"])
def test_a_stream_that_is_closed_is_no_mistake_of_ours(tmp_path: Path, command: str, closed: str) -> None:
    item = json.dumps({"id": 1, "title": TITLE}).encode()
    shell = ["sh", "-c", f'"$@" {closed}', "sh", *PARLEY, command]

    done = subprocess.run(shell, input=item, capture_output=True, env=environment(tmp_path), check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert bool(done.stdout) == (closed == "2>&-")


@pytest.mark.parametrize(
    "words", ["near-misses --days 999999", "stories list --days 999999", "sources --days 9999999999"]
)
def test_days_before_the_calendar_are_refused(tmp_path: Path, words: str) -> None:
    ArchiveStore.open(tmp_path / "archive.db").close()

    done = parley(tmp_path, *words.split(), PARLEY_DATA=str(tmp_path))

    assert done.returncode == 2
    assert "Invalid value for '--days'" in said(done)


def test_what_a_terminal_cannot_show_is_written_some_other_way(tmp_path: Path) -> None:
    done = parley(tmp_path, "explain", "Київ і Москва домовилися про перемир'я", PYTHONIOENCODING="latin-1")

    assert done.returncode == 0
    assert done.stdout.startswith(b"RELEVANT: ceasefire.agreed")
    assert rb"\u041a\u0438\u0457\u0432" in done.stdout


# ---------------------------------------------------------------------------------------------- JSON lines
def test_classify_answers_every_line_in_order(tmp_path: Path) -> None:
    items = [
        {"id": "1", "title": TITLE, "summary": "", "published": "2025-05-12T10:00:00Z", "url": "", "source": "x"},
        {"id": "2", "title": "Eurovision opens in Basel", "summary": "", "published": None, "url": "", "source": "x"},
    ]

    done = parley(tmp_path, "classify", stdin="\n".join(map(json.dumps, items)).encode())

    first, second = json_lines(done)
    assert done.returncode == 0
    assert (first["id"], first["relevant"], first["event_type"]) == ("1", True, "ceasefire.agreed")
    assert (second["id"], second["relevant"], second["event_type"], second["modality"]) == ("2", False, None, None)
    assert set(first) >= {
        "id",
        "relevant",
        "score",
        "event_type",
        "modality",
        "conflicts",
        "actors",
        "places",
        "rule",
        "spans",
    }


@pytest.mark.parametrize("command", ["classify", "group"])
@pytest.mark.parametrize(
    "line",
    [
        b"{oops",
        b"[]",
        b'{"id": 2}',
        b'{"id": [1], "title": "x"}',
        b'{"id": NaN, "title": "x"}',
        b'{"id": 1e999, "title": "x"}',
        b"\xff\xfe",
        b'{"id": 1, "title": "x", "published": "nonsense"}',
        b'{"id": 1, "title": "x", "published": "0001-01-01T00:00:00+14:00"}',
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_a_line_that_is_no_item_is_named_and_costs_no_other_line(tmp_path: Path, command: str, line: bytes) -> None:
    good = json.dumps({"id": "good", "title": TITLE}).encode()

    done = parley(tmp_path, command, stdin=line + b"\n\n" + good)

    assert done.returncode == 1
    assert [answer["id"] for answer in json_lines(done)][1:] == ["good"]
    assert "line 1: " in said(done)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"\xff\xfe{\0}\0", "it is not UTF-8 text"),
        (b'{"title": "x"', "it is not JSON: Expecting ',' delimiter, at character 14"),
        (b"null", 'expected an object such as {"id": "1", "title": "…"}, found null'),
        (b"[1]", 'expected an object such as {"id": "1", "title": "…"}, found [1]'),
        (b'{"id": Infinity, "title": "x"}', "it is not JSON: Infinity is no number"),
        pytest.param(b"9" * 5000, "it is not JSON: a number in it is too long", id="digits"),
    ],
)
def test_a_complaint_about_a_line_speaks_json(tmp_path: Path, line: bytes, complaint: str) -> None:
    done = parley(tmp_path, "classify", stdin=line)

    assert done.stderr.decode() == f"line 1: {complaint}\n"
    assert json_lines(done)[0]["error"] == complaint


@pytest.mark.parametrize("command", ["classify", "group"])
@pytest.mark.parametrize("id_", [7, 1.5, None, "7", "\ud800"])
def test_an_id_comes_back_as_it_came(tmp_path: Path, command: str, id_: object) -> None:
    done = parley(tmp_path, command, stdin=json.dumps({"id": id_, "title": "x", "published": 2025}).encode())

    assert done.returncode == 0
    assert json_lines(done)[0]["id"] == id_


def test_group_says_which_lines_are_one_story(tmp_path: Path) -> None:
    titles = [TITLE, "Ukraine and Russia agree on 30-day ceasefire", "Eurovision opens in Basel"]
    items = [
        {"id": str(n), "title": title, "summary": "", "published": "2025-05-12T10:00:00Z", "url": "", "source": f"s{n}"}
        for n, title in enumerate(titles)
    ]

    done = parley(tmp_path, "group", stdin="\n".join(map(json.dumps, items)).encode())

    stories = {str(line["id"]): line["story"] for line in json_lines(done)}
    assert done.returncode == 0
    assert stories["0"] == stories["1"] != stories["2"]


def test_a_reader_that_goes_away_ends_the_demo_quietly(tmp_path: Path) -> None:
    given = environment(tmp_path, TMPDIR=str(tmp_path))
    with subprocess.Popen(
        [*PARLEY, "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=given
    ) as process:
        assert process.stdout
        assert process.stderr
        next(line for line in process.stdout if b"alert" in line)
        process.stdout.close()
        complaint = process.stderr.read()

    assert process.returncode == 0
    assert complaint == b""
    assert not list(tmp_path.glob("parley-demo-*"))


def test_a_reader_that_goes_away_ends_classify_quietly(tmp_path: Path) -> None:
    lines = (json.dumps({"id": "1", "title": TITLE}) + "\n").encode() * 20_000
    with subprocess.Popen(
        [*PARLEY, "classify"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        try:
            process.stdin.write(lines)
            process.stdin.close()
        except BrokenPipeError:
            pass
        complaint = process.stderr.read()

    assert b"Traceback" not in complaint


# ---------------------------------------------------------------------------------------------- explain
def test_explain_says_yes_with_the_words(tmp_path: Path) -> None:
    done = parley(tmp_path, "explain", TITLE)

    assert done.returncode == 0
    assert "RELEVANT" in said(done)
    assert "ceasefire.agreed" in said(done)


def test_the_manual_shows_what_explain_says(tmp_path: Path) -> None:
    manual = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    [(example, title)] = re.findall(r"```\n(NEAR MISS.*?“(.*?)”\n.*?)\n```", manual, re.DOTALL)

    done = parley(tmp_path, "explain", title, "--published", "2025-05-11")

    assert said(done).startswith(example)


def test_explain_says_no_with_the_reason(tmp_path: Path) -> None:
    done = parley(tmp_path, "explain", "US and China agree 90-day tariff truce after Geneva talks")

    assert done.returncode == 0
    assert "not relevant" in said(done).lower()


# ---------------------------------------------------------------------------------------------- poll
def test_a_second_poll_asks_conditionally_and_adds_nothing(tmp_path: Path, feeds: FeedServer) -> None:
    body = b"<rss version='2.0'><channel><title>N</title><item><title>A</title><guid>1</guid></item></channel></rss>"
    write_config(tmp_path, feeds.serve("/rss", Answer(body=body, etag='"1"')))

    first, second = (json_lines(parley(tmp_path, "poll", "--once", "--json"))[-1] for _ in range(2))

    assert first == {"feeds": 1, "ok": 1, "unchanged": 0, "failed": 0, "entries": 1, "new": 1, "events": 0}
    assert second == {"feeds": 1, "ok": 1, "unchanged": 1, "failed": 0, "entries": 0, "new": 0, "events": 0}


@needs("feeds")
def test_the_captured_feeds_are_stored_once(tmp_path: Path, feeds: FeedServer) -> None:
    files = sorted((SHARED / "feeds").glob("*.xml"))
    urls = [
        feeds.serve(f"/{file.name}", Answer(body=file.read_bytes(), content_type="application/xml")) for file in files
    ]
    write_config(tmp_path, *urls)

    first, second = (json_lines(parley(tmp_path, "poll", "--once", "--json"))[-1] for _ in range(2))

    with sqlite3.connect(tmp_path / "data" / "archive.db") as archive:
        [(stored,)] = archive.execute("select count(*) from entries")
        [(events,)] = archive.execute("select count(*) from events")
    assert first["feeds"] == len(files)
    assert first["failed"] in (0, 1), "one of the files is no feed at all"
    assert stored >= 3300
    assert events >= 12
    assert (second["new"], second["failed"]) == (0, first["failed"])
