"""config.toml changed by program: only the lines of the feed change, and no crash leaves half a file."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import load_config, parse_config
from bot.config.editing import add_feeds, read_feed, remove_feed, with_feeds, without_feed
from bot.errors import ConfigError
from bot.model import Feed
from tests import make

SHIPPED = Path(__file__).parents[1] / "config.toml"
NEW = Feed(
    url="https://new.example/rss", title='The "New" \\ Таймс', publisher="n", language="uk", every=timedelta(minutes=7)
)
TWO = """# mine
[polling]
contact = "a@b.example"

# --- Africa
[[feeds]]
url = "https://one.example/rss"   # the first
title = "One"
# of what follows
[[feeds]]
url = 'https://two.example/rss'
enabled = false  # for now

# --- the end
[digest]
hours = ["07:00"]
"""


def test_a_feed_is_added_at_the_end_and_all_else_stays_as_it_was() -> None:
    text = SHIPPED.read_text(encoding="utf-8")

    changed = with_feeds(text, [NEW])

    assert changed.startswith(text.rstrip())
    assert parse_config(changed).feeds == (*parse_config(text).feeds, NEW)


def test_a_feed_that_is_taken_out_takes_no_comment_with_it() -> None:
    lines = TWO.splitlines()
    first = lines.index("[[feeds]]")

    left = without_feed(TWO, "https://one.example/rss")

    assert left.splitlines() == lines[:first] + lines[first + 3 :], "only the three lines of the feed go"
    assert without_feed(left, "https://two.example/rss").count("# ---") == 2
    assert parse_config(left).digest.hours == (7,)


def test_every_shipped_feed_can_be_taken_out_alone() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    feeds = parse_config(text).feeds

    for feed in feeds[::9]:
        left = without_feed(text, feed.url)
        assert parse_config(left).feeds == tuple(each for each in feeds if each != feed)
        assert [line for line in left.splitlines() if line.startswith("#")] == [
            line for line in text.splitlines() if line.startswith("#")
        ]


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)


@settings(max_examples=150, deadline=None)
@given(title=words, publisher=words, every=st.sampled_from(["", "7 min", "3600 s", "90 m", "24 h"]))
def test_what_is_added_is_read_back_as_it_was_and_taken_out_again(title: str, publisher: str, every: str) -> None:
    given = {"url": "new.example/a?b=\"c\"&d='#'".replace(" ", ""), "publisher": publisher, "every": every}
    feed = read_feed(given | ({"title": title} if title.strip() else {})) if _is_title(title) else read_feed(given)

    added = with_feeds(TWO, [feed])

    assert parse_config(added).feeds[-1] == feed
    assert without_feed(added, feed.url).rstrip() == TWO.rstrip()


def _is_title(text: str) -> bool:
    try:
        read_feed({"url": "https://a.example", "title": text})
    except ConfigError:
        return False
    return bool(text)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"url": "ftp://a.example/rss"}, "https://"),
        ({"url": "https://user:pw@a.example/rss"}, "user name"),
        ({"url": "not an address"}, "blanks"),
        ({"url": ""}, "host"),
        ({"url": "a.example", "language": "ua"}, 'Ukrainian is "uk"'),
        ({"url": "a.example", "every": "1 min"}, "5 min"),
        ({"url": "a.example", "title": 'x"\nenabled = false\n#'}, ""),
    ],
)
def test_what_cannot_be_a_feed_is_refused_in_words_without_a_line_number(given: dict[str, str], complaint: str) -> None:
    if not complaint:
        assert read_feed(given).enabled, "what looks like a line of its own is part of the title"
        return
    with pytest.raises(ConfigError, match=complaint) as refused:
        read_feed(given)
    assert "config.toml" not in str(refused.value)


def test_an_address_without_a_scheme_is_one_of_https() -> None:
    assert read_feed({"url": "news.example/rss"}).url == "https://news.example/rss"


# ---------------------------------------------------------------------------------------------- the file
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_file_keeps_its_mode_and_line_ends_and_the_old_one_stays_beside_it(tmp_path: Path, newline: str) -> None:
    config = tmp_path / "config.toml"
    before = TWO.replace("\n", newline).encode()
    config.write_bytes(before)
    config.chmod(0o640)

    after = add_feeds(config, [NEW])

    assert load_config(config) == after
    assert config.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "config.toml.bak").read_bytes() == before
    assert config.read_bytes().count(b"\r\n") == (config.read_bytes().count(b"\n") if newline == "\r\n" else 0)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.toml", "config.toml.bak"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "config.toml"
    real.write_text(TWO)
    link.symlink_to(real)

    remove_feed(link, "https://one.example/rss")

    assert link.is_symlink()
    assert len(load_config(real).feeds) == 1


def test_a_config_with_a_mistake_is_not_touched(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(TWO + "[digests]\n")

    with pytest.raises(ConfigError, match=r"config\.toml:17"):
        add_feeds(config, [NEW])

    assert config.read_text() == TWO + "[digests]\n"


def test_feeds_that_stand_in_a_list_are_left_to_the_operator(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('feeds = [{url = "https://one.example/rss"}]\n')

    with pytest.raises(ConfigError, match=r"write each feed as a table \[\[feeds\]\]"):
        add_feeds(config, [NEW])
    with pytest.raises(ConfigError, match=r"write each feed as a table \[\[feeds\]\]"):
        remove_feed(config, "https://one.example/rss")


def test_an_empty_config_gets_its_first_feed(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")

    assert add_feeds(config, [make.feed(publisher="")]).feeds == (make.feed(publisher="", title="News"),)
