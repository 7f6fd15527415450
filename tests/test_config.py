import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.catalog import load_catalog
from bot.config import (
    KEYS,
    VARIABLES,
    BackupConfig,
    Config,
    DigestConfig,
    PollingConfig,
    TelegramConfig,
    load_config,
    parse_config,
)
from bot.errors import ConfigError, Problem
from bot.model import Feed

PROJECT = Path(__file__).parents[1]
SHIPPED = PROJECT / "config.toml"


def problems(text: str) -> list[Problem]:
    with pytest.raises(ConfigError) as raised:
        parse_config(text)
    return [problem for problem in raised.value.problems if isinstance(problem, Problem)]


def test_an_empty_file_means_the_defaults() -> None:
    assert parse_config("") == Config()


def test_a_url_alone_is_a_feed() -> None:
    config = parse_config('[[feeds]]\nurl = "https://www.news.example/rss"\n')

    assert config.feeds == (Feed(url="https://www.news.example/rss", title="news.example", every=None, enabled=True),)


def test_every_key_reaches_its_place() -> None:
    config = parse_config("""
        [telegram]
        owner = 42
        access = "open"
        allow = [7, -100123]
        closed_topic = "drop"
        [polling]
        allow_private = ["Feeds.Internal", "::1"]
        contact = " desk@example.org "
        [digest]
        hours = ["20:00", "7:00"]
        time_zone = "Europe/Kyiv"
        [health]
        port = 9000
        [backup]
        every = "6 h"
        keep = 3
        folder = "/backups"
        [[feeds]]
        url = " https://news.example/rss "
        title = " World   news "
        publisher = "bbc"
        language = "uk"
        every = "2 h"
        enabled = false
        """)

    assert config.telegram == TelegramConfig(
        owner=42, access="open", allow=frozenset({7, -100123}), closed_topic="drop"
    )
    assert config.polling == PollingConfig(
        allow_private=frozenset({"feeds.internal", "::1"}), contact="desk@example.org"
    )
    assert config.digest == DigestConfig(hours=(7, 20), time_zone="Europe/Kyiv")
    assert config.health.port == 9000
    assert config.backup == BackupConfig(every=timedelta(hours=6), keep=3, folder="/backups")
    assert config.feeds == (
        Feed(
            url="https://news.example/rss",
            title="World news",
            publisher="bbc",
            language="uk",
            every=timedelta(hours=2),
            enabled=False,
        ),
    )


@pytest.mark.parametrize(
    ("every", "means"),
    [
        ('"10 min"', timedelta(minutes=10)),
        ('"300 s"', timedelta(minutes=5)),
        ('"2h"', timedelta(hours=2)),
        ('"1.5 hours"', timedelta(minutes=90)),
        ('"10 Minutes"', timedelta(minutes=10)),
        ("10", timedelta(minutes=10)),
    ],
)
def test_every_may_be_written_in_many_ways(every: str, means: timedelta) -> None:
    assert parse_config(f'[[feeds]]\nurl = "https://a.example"\nevery = {every}').feeds[0].every == means


def test_a_private_host_may_be_asked_every_second() -> None:
    config = parse_config("""
        [[feeds]]
        url = "http://127.0.0.1:8123/rss"
        every = "1 s"
        [polling]
        allow_private = ["127.0.0.1"]
        """)

    assert config.feeds[0].every == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        ("[telegram]\nowner = -5", 2, "owner must be the chat id of a person", "allow"),
        ('[telegram]\nowner = "5"', 2, "owner must be a whole number without quotation marks", "owner = 123456789"),
        ('[telegram]\naccess = "Open"', 2, 'access must be "closed" or "open", not "Open"', '"open"'),
        ('[telegram]\nallow = [\n  1,\n  "x",\n]', 4, "each item of allow must be a whole number", "allow = ["),
        ('[telegram]\ntoken = "1:a"', 2, "there is no key 'token'", "PARLEY_TELEGRAM_TOKEN"),
        ("[telegram]\npaid_broadcast_per_second = 25", 2, "must be 0 or a number from 30 to 1000", "= 100"),
        ('[telegram]\nclosed_topic = "leave"', 2, 'must be "general" or "drop", not "leave"', 'closed_topic = "drop"'),
        ("[telegram]\nport = 1", 2, "there is no key 'port' in [telegram]", "belongs under [health]"),
        ("telegram = 5", 1, "telegram must be a section", "[telegram]"),
        ("[[rules]]", 1, "rules must be a section", "[rules]"),
        ("[telegrm]", 1, "there is no section 'telegrm'", "'telegram'"),
        ('[polling]\nallow_private = ["http://10.0.0.1:80/x"]', 2, "names of hosts alone", 'write "10.0.0.1"'),
        ('[polling]\nallow_private = ["box:8080"]', 2, "names of hosts alone", 'write "box"'),
        ('[polling]\ncontact = "a\\nb: c"', 2, "contact must be one line of plain ASCII", "contact ="),
        ('[digest]\nhours = ["07:30"]', 2, "hours must hold full hours", 'write "07:00"'),
        ('[digest]\nhours = ["24:00"]', 2, "hours must hold times", "08:00"),
        ('[digest]\nhours = ["8:00", "08:00"]', 2, "hours must not hold an hour twice", "08:00"),
        ('[digest]\ntime_zone = "kyiv"', 2, "time_zone must be a time zone", "'Europe/Kyiv'"),
        ('[digest]\ntime_zone = "Europe/Lodnon"', 2, "time_zone must be a time zone", "'Europe/London'"),
        ('[digest]\ntime_zone = "../passwd"', 2, "time_zone must be a time zone", ""),
        ("[health]\nport = 0", 2, "port must be a port from 1 to 65535", "8787"),
        ('[backup]\nevery = "9 min"', 2, 'every must be "10 min" or more', '"24 h"'),
        ("[backup]\nkeep = -1", 2, "keep must be a number from 0 to 1000", "keep = 7"),
        ('[feeds]\nurl = "https://a.example"', 1, "feeds must be a list", "[[feeds]]"),
        ("feeds = [1]", 1, "each item of feeds must be a section", "[[feeds]]"),
        ('[[feeds]]\ntitle = "x"', 1, "a feed needs its url", "https://"),
        ('[[feeds]]\nurl = "bbc.com/rss"', 2, "url must be a web address that starts with", '"https://bbc.com/rss"'),
        ('[[feeds]]\nurl = "ftp://a.example"', 2, "url must be a web address that starts with", "https://"),
        ('[[feeds]]\nurl = "https://a.example:99999/"', 2, "readable host and port", "https://"),
        ('[[feeds]]\nurl = "https://[a/"', 2, "readable host and port", "https://"),
        ('[[feeds]]\nurl = "https:///rss"', 2, "url must be a web address with a host", "https://"),
        ('[[feeds]]\nurl = "https://me:pw@a.example"', 2, "without a user name", "https://"),
        ('[[feeds]]\nurl = "https://a.example/x y"', 2, "without blanks", "https://"),
        ('[[feeds]]\nurl = "https://a.example"\ntitle = " "', 3, "title must not be empty", "host"),
        ('[[feeds]]\nurl = "https://a.example"\nlanguage = "ua"', 3, "language must be", 'Ukrainian is "uk"'),
        ('[[feeds]]\nurl = "https://a.example"\nlanguage = "English"', 3, "language must be", '"en"'),
        ('[[feeds]]\nurl = "https://a.example"\nevery = "soon"', 3, "every must be a number with a unit", "10 min"),
        ('[[feeds]]\nurl = "https://a.example"\nevery = "10 mins"', 3, "one of the units s, min, h", "'min'"),
        ('[[feeds]]\nurl = "https://a.example"\nevery = "1 min"', 3, 'every must be "5 min" or more', "allow_private"),
        ('[[feeds]]\nurl = "https://a.example"\nevery = 0', 3, "every must be more than nothing", "10 min"),
        ('[[feeds]]\nurl = "https://a.example"\nevery = "2 days"', 3, "units s, min, h", "10 min"),
        (f'[[feeds]]\nurl = "https://a.example"\nevery = {"9" * 400}', 3, "at most a day", "10 min"),
        ('[[feeds]]\nurl = "https://a.example"\n[[feeds]]\nurl = "https://a.example"', 4, "first in line 2", "delete"),
        ("a = \n", 1, "this is not valid TOML", ""),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_suggestion(text: str, line: int, what: str, hint: str) -> None:
    (problem,) = problems(text)

    assert problem.line == line
    assert what in problem.what
    assert hint in problem.hint


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    found = problems("""
        [telegram]
        ownr = 1
        [[feeds]]
        url = "https://a.example"
        every = "1 s"
        enabled = 1
        [[feeds]]
        url = "https://a.example"
        """)

    assert [problem.line for problem in found] == [3, 6, 7, 9]


def test_a_missing_file_says_where_it_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(tmp_path / "config.toml")

    assert str(tmp_path) in str(raised.value)
    assert "PARLEY_CONFIG" in str(raised.value)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes("# one\n# два\n".encode("cp1251"))

    with pytest.raises(ConfigError, match=r"config\.toml:2: this is not UTF-8 text"):
        load_config(file)


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes("\ufeff[health]\r\nport = 9000\r\n".encode())

    assert load_config(file).health.port == 9000


def test_the_shipped_file_watches_many_feeds_in_three_languages() -> None:
    enabled = [feed for feed in load_config(SHIPPED).feeds if feed.enabled]

    assert len(enabled) >= 40
    assert {"en", "uk", "ru"} <= {feed.language for feed in enabled}
    assert all(feed.title and feed.publisher and feed.language for feed in enabled)


def test_every_publisher_of_the_shipped_file_is_known_and_its_feed_is_at_home_there() -> None:
    publishers = load_catalog().publishers

    for feed in load_config(SHIPPED).feeds:
        assert feed.publisher in publishers, feed.url
        hosts = publishers[feed.publisher].hosts
        assert any(f".{feed.url.split('/')[2]}".endswith(f".{host}") for host in hosts), feed.url


def test_no_two_publishers_share_a_name_or_a_host() -> None:
    owners: dict[str, set[str]] = {}
    for publisher in load_catalog().publishers.values():
        for name in (publisher.id, publisher.name, *publisher.aliases, *publisher.hosts):
            owners.setdefault(name.casefold(), set()).add(publisher.id)

    assert [name for name, ids in owners.items() if len(ids) > 1] == []


def test_every_publisher_says_whose_it_is() -> None:
    publishers = load_catalog().publishers.values()

    blocs_in_the_head = (PROJECT / "bot/data/publishers.toml").read_text(encoding="utf-8").split("[publisher]")[0]
    assert all(publisher.family and publisher.hosts and publisher.languages for publisher in publishers)
    assert all(publisher.tier in (1, 2, 3) for publisher in publishers)
    assert all(publisher.bloc in blocs_in_the_head.split() for publisher in publishers)


@pytest.mark.parametrize("section", KEYS)
def test_the_manual_explains_every_key_in_its_section(section: str) -> None:
    manual = (PROJECT / "docs/configuration.md").read_text(encoding="utf-8")
    heading = "### `[[feeds]]`" if section == "feeds" else f"### `[{section}]`"

    chapter = re.split(r"\n##+ ", manual.split(heading)[1])[0]

    assert [key for key in KEYS[section] if f"| `{key}` |" not in chapter] == []


def test_the_manual_explains_every_variable() -> None:
    manual = (PROJECT / "docs/configuration.md").read_text(encoding="utf-8")

    assert [name for name in VARIABLES if f"| `{name}` |" not in manual] == []


def test_every_shipped_feed_has_a_note_of_how_it_was_confirmed() -> None:
    notes = (PROJECT / "docs/feeds.md").read_text(encoding="utf-8")

    for feed in load_config(SHIPPED).feeds:
        (line,) = [line for line in notes.splitlines() if f"`{feed.url}`" in line]
        assert ("**off**" in line) is not feed.enabled
