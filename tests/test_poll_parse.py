"""From the bytes of a feed to entries of clean text."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.errors import ParseError
from bot.model import Entry, EntryKey
from bot.poll.encoding import decode, mended
from bot.poll.identity import fresh
from bot.poll.markup import plain_text
from bot.poll.parse import parse
from bot.text import clean
from tests.make import NOON, feed


def rss(*items: str, channel: str = "", prolog: str = "") -> bytes:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f"{prolog}<rss version='2.0'><channel>{channel}{inner}</channel></rss>".encode()


def read(body: bytes, **given: Any) -> tuple[Entry, ...]:
    return parse(body, feed(**given), NOON)


def only(body: bytes, **given: Any) -> Entry:
    (entry,) = read(body, **given)
    return entry


def test_another_parser_that_is_installed_reads_no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(ModuleType):
        def create_parser(self) -> None:
            raise AssertionError("asked to read")

    monkeypatch.setitem(sys.modules, "drv_libxml2", Other("drv_libxml2"))

    assert only(rss("<title>Truce holds</title>")).title == "Truce holds"


# ------------------------------------------------------------------------------------------ formats
WHOLE = Entry(
    key=EntryKey("https://news.example/rss", "tag:news.example,2025:1"),
    title="Truce holds",
    link="https://news.example/1",
    summary="For a second day.",
    published=datetime(2025, 5, 10, 8, 0, tzinfo=UTC),
    updated=datetime(2025, 5, 10, 9, 0, tzinfo=UTC),
    language="en",
    publisher="News",
    seen_at=NOON,
)

ATOM = b"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB"><title>News</title>
<entry><title>Truce holds</title><id>tag:news.example,2025:1</id>
<link rel="enclosure" href="https://news.example/1.mp3"/><link rel="alternate" href="https://news.example/1"/>
<published>2025-05-10T10:00:00+02:00</published><updated>2025-05-10T09:00:00Z</updated>
<summary type="html">&lt;p&gt;For a second day.&lt;/p&gt;</summary></entry></feed>"""

RDF = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://news.example/"><title>News</title><dc:language>en</dc:language></channel>
<item rdf:about="https://news.example/1"><title>Truce holds</title><link>https://news.example/1</link>
<description>For a second day.</description><dc:date>2025-05-10T08:00:00Z</dc:date></item></rdf:RDF>"""

JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "language": "en-GB",
        "items": [
            {
                "id": "tag:news.example,2025:1",
                "url": "/1",
                "title": "Truce holds",
                "content_html": "<p>For a second day.</p>",
                "date_published": "2025-05-10T10:00:00+02:00",
                "date_modified": "2025-05-10T09:00:00Z",
            },
            "no item",
        ],
    }
).encode()


def test_atom_is_read_whole() -> None:
    assert only(ATOM) == WHOLE


def test_json_feed_is_read_whole() -> None:
    assert only(JSON) == WHOLE


def test_rdf_is_read_and_its_one_date_serves_for_both() -> None:
    entry = only(RDF)

    assert (entry.title, entry.link, entry.summary) == ("Truce holds", "https://news.example/1", "For a second day.")
    assert entry.key.id == "https://news.example/1"
    assert entry.published == datetime(2025, 5, 10, 8, 0, tzinfo=UTC)


def test_rss_without_a_version_is_read() -> None:
    assert only(b"<rss><channel><item><title>Truce holds</title></item></channel></rss>").title == "Truce holds"


def test_a_feed_that_breaks_off_gives_what_it_has() -> None:
    body = rss("<title>One</title>", "<title>Two</title><link>cut</link>")[:-30]

    assert [entry.title for entry in read(body)] == ["One", "Two"]


def test_a_control_character_spoils_nothing() -> None:
    assert only(rss("<title>Truce\x0b \x00holds</title>")).title == "Truce holds"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the answer is empty"),
        (b" \r\n\xef\xbb\xbf", "this is no feed"),
        (b"\xef\xbb\xbf \n", "the answer is empty"),
        (
            b"<!DOCTYPE html><html><head><title>News</title></head><body>Hi</body></html>",
            "this is a web page, not a feed",
        ),
        (b"<html><body><p>Enable JavaScript", "this is a web page, not a feed"),
        (b"<?xml version='1.0'?><opml/>", "this is no feed"),
        (b"just words", "this is no feed"),
        (b"/etc/passwd", "this is no feed"),
        (b"http://127.0.0.1:9/", "this is no feed"),
        (b"{}", "this is JSON, but no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": 5}', "this is JSON, but no JSON Feed"),
        (b"{" * 100, "this is no feed"),
        (b'{"a":' * 100_000, "this is no feed"),
        (bytes(range(256)), "this is no feed"),
    ],
)
def test_what_is_no_feed_is_said_in_plain_words(body: bytes, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(body)

    assert caught.value.message == message


def test_a_feed_without_entries_is_a_feed() -> None:
    assert read(rss()) == ()


def test_the_file_that_a_body_names_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_bytes(rss("<title>Secret</title>"))

    with pytest.raises(ParseError):
        read(str(secret).encode())


# ------------------------------------------------------------------------------------------ text
@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("Truce &amp; talks", "Truce & talks"),
        ("Truce &amp;amp; talks", "Truce & talks"),
        ("&amp;lt;b&amp;gt;Truce&amp;lt;/b&amp;gt;", "Truce"),
        ("<![CDATA[<b>Tru</b>ce &#8212; talks]]>", "Truce — talks"),
        ("<![CDATA[<p>One.</p><p>Two.</p>]]>", "One. Two."),
        ("<![CDATA[One<br/>two]]>", "One two"),
        ("One]]&gt;two &lt;P&gt;&lt;A HREF='x'&gt;th&lt;/A&gt;ree", "One two three"),
        ("<![CDATA[Truce<img src='https://t.example/p.gif?a=1&b=2' width=1 alt='x > y'/> holds]]>", "Truce holds"),
        ("<![CDATA[<script>if (a < b) { alert('x') }</script>Truce<style>p { }</style>]]>", "Truce"),
        ("<![CDATA[<!-- <b>no</b> -->Truce]]>", "Truce"),
        ("<![CDATA[Truce <a href='https://news.exa]]>", "Truce"),
        ("<![CDATA[Truce <!-- cut]]>", "Truce"),
        ("<![CDATA[<em>Tru</em>ce <article>holds</article>]]>", "Truce holds"),
        ("5 &lt; 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("AT&amp;T; R&amp;D", "AT&T; R&D"),
        ("Tru\u00adce\u202e \u200bholds\n\t now", "Truce holds now"),
    ],
)
def test_a_title_is_the_words_that_people_see(markup: str, words: str) -> None:
    assert only(rss(f"<title>{markup}</title>")).title == words


def test_a_summary_falls_back_to_the_content() -> None:
    content = '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">Long.</content:encoded>'

    assert only(rss(f"<title>A</title><description>Short.</description>{content}")).summary == "Short."
    assert only(rss(f"<title>A</title><description/>{content}")).summary == "Long."


def test_an_entry_without_title_is_called_by_its_first_words() -> None:
    assert only(rss("<description>Truce holds.</description>")).title == "Truce holds."
    assert read(rss("<link>https://news.example/1</link>")) == ()


def test_no_field_is_longer_than_4000_characters() -> None:
    entry = only(rss(f"<title>{'t' * 9000}</title><description>{'s' * 90_000}</description><guid>{'g' * 9000}</guid>"))

    assert len(entry.title) == len(entry.summary) == 4000
    assert len(entry.key.id) < 100


@given(st.text(alphabet="<>!-/'\" abp=&;[]Ð\x00"))
def test_any_markup_gives_clean_words(markup: str) -> None:
    words = plain_text(markup)

    assert clean(words) == words


@pytest.mark.parametrize(
    "piece", ["<!--", "<a ", "<a '\">", "<script>", "<![CDATA[", "&lt;a ", '<a href="', "&amp;", "</"]
)
def test_beginnings_without_end_are_read_in_one_pass(piece: str) -> None:
    # What is quadratic here takes minutes, not moments.
    plain_text(piece * 100_000)


# ------------------------------------------------------------------------------------------ encodings
RUSSIAN = "Перемирие вступило в силу"
UKRAINIAN = "Є домовленість про мир"


@pytest.mark.parametrize("title", [RUSSIAN, UKRAINIAN])
@pytest.mark.parametrize(
    ("really", "declared"),
    [
        ("utf-8", "utf-8"),
        ("cp1251", "windows-1251"),
        ("koi8-u", "koi8-u"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-8-sig", "utf-8"),
        ("utf-8", "windows-1251"),
        ("cp1251", "utf-8"),
        ("cp1251", "iso-8859-1"),
        ("cp1251", "no-such-thing"),
        ("cp1251", "hex"),
    ],
)
def test_cyrillic_is_read_however_it_is_declared(title: str, really: str, declared: str) -> None:
    body = rss(f"<title>{title}</title>", prolog=f'<?xml version="1.0" encoding="{declared}"?>').decode().encode(really)

    assert only(body).title == title


def test_the_header_counts_where_the_feed_is_silent() -> None:
    body = rss("<title>Übung – Waffenruhe</title>").decode().encode("iso-8859-2", "replace")

    (entry,) = parse(body, feed(), NOON, content_type="text/xml; charset=iso-8859-2")

    assert entry.title.startswith("Übung")


def test_accents_are_not_taken_for_cyrillic() -> None:
    body = rss("<title>Cessez-le-feu : Macron espère un accord d’été</title>").decode().encode("cp1252")

    assert only(body).title == "Cessez-le-feu : Macron espère un accord d’été"


def test_one_letter_cut_in_two_does_not_spoil_the_others() -> None:
    body = rss(f"<title>{RUSSIAN}</title>").replace("с".encode(), "с".encode()[:1], 1)

    assert "Перемирие в" in only(body).title


def misread(text: str, encoding: str) -> str:
    """Return what a browser shows of UTF-8 in the wrong *encoding*: a control character where that has a hole."""
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("encoding", ["cp1251", "cp1252", "latin-1"])
@pytest.mark.parametrize("title", ["Перемирие", "мир — это мир", "Иран и США", "“Truce” – café"])
def test_text_that_was_misread_before_us_is_mended(title: str, encoding: str) -> None:
    assert only(rss(f"<title>{misread(title, encoding)}</title>")).title == title


@given(st.text(alphabet=st.characters(categories=["L", "P", "N", "Z"], max_codepoint=0x2100)))
@example("Россия и Украина: Рада, Совет, “мир”")
@example("Ñandú Ørsted Ärger Ûber Îles")
def test_mending_puts_characters_back_into_bytes_one_by_one(text: str) -> None:
    mend = mended(text)

    assert mend == text or len(mend.encode()) == len(text)


@given(st.text(alphabet="абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗКЛМНОПРСТУФХЦЧШЩЭЮЯ –«»,.1a", min_size=1))
def test_cyrillic_is_mended_if_misread_and_left_alone_if_not(text: str) -> None:
    assert mended(f"мир {text}") == f"мир {text}"
    assert mended(text.encode().decode("cp1251")) == text


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_are_some_text(body: bytes, content_type: str) -> None:
    for encoding in (b"idna", b"punycode", b"utf-7", b"utf-16", b"unicode_escape", b"undefined", b"rot13"):
        decode(b'<?xml encoding="%b"?>\xff%b' % (encoding, body), content_type)
    decode(body, f"text/xml; charset={content_type}")


# ------------------------------------------------------------------------------------------ links and ids
@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("<link> /1?a=b </link>", "https://news.example/1?a=b"),
        ("<link>//b.example/1</link>", "https://b.example/1"),
        ("<link>javascript:alert(1)</link>", ""),
        ("<link>http://[::1</link>", ""),
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<guid isPermaLink='true'>4711</guid>", ""),
        ("<guid isPermaLink='false'>https://a.example/1</guid>", ""),
    ],
)
def test_a_link_is_a_whole_web_address_or_none(item: str, link: str) -> None:
    assert only(rss(f"<title>A</title>{item}", channel="<link>https://news.example/</link>")).link == link


def test_links_are_relative_to_where_the_feed_was_found_at_last() -> None:
    body = rss("<title>A</title><link>1</link>")

    (entry,) = parse(body, feed(), NOON, url="https://moved.example/feeds/rss")

    assert entry.link == "https://moved.example/feeds/1"


@pytest.mark.parametrize(
    ("item", "id"),
    [
        ("<guid isPermaLink='false'> a:1 </guid><link>https://a.example/1</link>", "a:1"),
        ("<guid>4711</guid><link>https://a.example/1</link>", "4711"),
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("", "title:05a4261dd5bf8c49"),
    ],
)
def test_an_id_is_the_guid_else_the_link_else_the_title_for_ever(item: str, id: str) -> None:
    assert only(rss(f"<title>Truce holds</title>{item}")).key == EntryKey("https://news.example/rss", id)


def test_a_guid_that_everything_has_names_nothing() -> None:
    items = [
        f"<title>Title {n}</title><guid isPermaLink='false'>0</guid><link>https://a.example/{n}</link>" for n in "12"
    ]

    assert [entry.key.id for entry in read(rss(*items))] == ["https://a.example/1", "https://a.example/2"]


def test_entries_of_which_only_the_title_differs_are_known_by_it() -> None:
    def items(numbers: str) -> bytes:
        same = "<guid>https://a.example/</guid><link>https://a.example/</link>"
        return rss(*(f"<title>Headline number {n} of the day</title>{same}" for n in numbers))

    first, then = read(items("123")), read(items("0123"))
    keys = {key for _, keys in fresh(first, lambda keys: ()) for key in keys}
    news = fresh(then, keys.intersection)

    assert [entry.title for entry, _ in news] == ["Headline number 0 of the day"]
    assert len({entry.key.id for entry in then}) == 4


def test_one_entry_that_a_feed_has_before_and_after_an_edit_is_one() -> None:
    same = "<guid>7</guid><link>https://a.example/7</link>"
    entries = read(rss(f"<title>Truce agreed in the north</title>{same}", f"<title>Truce in the north?</title>{same}"))

    assert [entry.key.id for entry in entries] == ["7", "7"]


# ------------------------------------------------------------------------------------------ dates, language, number
@pytest.mark.parametrize(
    ("told", "published"),
    [
        ("Sat, 10 May 2025 10:00:00 +0200", datetime(2025, 5, 10, 8, tzinfo=UTC)),
        ("2025-05-10T08:00:00Z", datetime(2025, 5, 10, 8, tzinfo=UTC)),
        ("Sun, 11 May 2025 14:00:00 GMT", NOON),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Sun, 10 May 0026 08:00:00 GMT", None),
        ("1795339056", None),
        ("22/11/2026", None),
        ("10 мая 2025", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_date_is_one_that_can_be_true_or_none(told: str, published: datetime | None) -> None:
    entry = only(rss(f"<title>A</title><pubDate>{told}</pubDate>"))

    assert entry.published == published
    assert entry.seen_at == NOON


@pytest.mark.parametrize(
    ("configured", "told", "language"),
    [("", "en-GB", "en"), ("", "UK", "uk"), ("ru", "en", "ru"), ("", "english", ""), ("", "", "")],
)
def test_the_operator_knows_the_language_better_than_the_feed(configured: str, told: str, language: str) -> None:
    body = rss("<title>A</title>", channel=f"<language>{told}</language>")

    assert only(body, language=configured).language == language


def test_an_entry_is_its_publishers_else_its_feeds() -> None:
    assert only(rss("<title>A</title>"), publisher="bbc").publisher == "bbc"
    assert only(rss("<title>A</title>"), publisher="", title="The desk").publisher == "The desk"


def test_of_a_long_feed_the_newest_200_are_kept_in_the_feeds_order() -> None:
    days = [NOON - timedelta(hours=hour) for hour in range(300, 0, -1)]
    items = [f"<title>{n}</title><pubDate>{day:%a, %d %b %Y %H:%M:%S} GMT</pubDate>" for n, day in enumerate(days)]

    assert [entry.title for entry in read(rss(*items))] == [str(n) for n in range(100, 300)]


def test_a_long_feed_without_dates_has_its_newest_first() -> None:
    items = [f"<title>{n}</title>" for n in range(300)]

    assert [entry.title for entry in read(rss(*items))] == [str(n) for n in range(200)]


# ------------------------------------------------------------------------------------------ broken feeds
@given(data=st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("body", [ATOM, RDF, JSON, rss("<title>A &amp; <![CDATA[<b>]]></title><guid>1</guid>")])
def test_damaged_feeds_are_read_or_refused(body: bytes, data: st.DataObject) -> None:
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(damaged) - 1))
        damaged[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
        damaged = damaged or bytearray(b"<")

    try:
        found = parse(bytes(damaged), feed(), NOON)
    except ParseError:
        return

    assert all(entry.title and entry.title == clean(entry.title) for entry in found)


# ------------------------------------------------------------------------------------------ impossible characters
@pytest.mark.parametrize(
    ("reference", "read"),
    [("&#55357;&#56832;", "😀"), ("&#xD83D;&#xDE00;", "😀"), ("&#xD800;", "�"), ("&#99999999;", "�")],
)
def test_a_character_reference_that_xml_forbids_costs_nothing_but_itself(reference: str, read: str) -> None:
    items = f"<item><title>Truce {reference} holds</title></item><item><title>Good news &#233;</title></item>"
    body = f'<rss version="2.0"><channel><title>c</title>{items}</channel></rss>'.encode()

    entries = parse(body, feed(), NOON)

    assert [item.title for item in entries] == [f"Truce {read} holds", "Good news é"]
