"""`parley eval`: labelled headlines are read, judged and compared."""

import gzip
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bot.detect.detector import Detector
from bot.errors import ConfigError
from bot.evaluate.cameo import types_of
from bot.evaluate.evaluation import Evaluation, evaluate, explained, plain
from bot.evaluate.items import chosen, labelled_by, read_items
from bot.model import EventType
from tests.process import parley
from tests.shared import SHARED, needs

TRUCE = "Russia and Ukraine agree 30-day ceasefire"
OPINION = "Tariff truce with China calms markets"


def item(title: str, label: str = "", **given: Any) -> dict[str, Any]:
    """Return a line of a file: fields of the label are those that classify does not read."""
    read = {key: given.pop(key) for key in ("id", "summary", "published", "url", "language") if key in given}
    gold = {"gold": {"label": label, **given}} if label else given
    return {"id": title, "title": title, "published": "2025-05-11", "language": "en"} | read | gold


def write(file: Path, *items: dict[str, Any]) -> Path:
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in items)
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())
    return file


def judged(detector: Detector, *items: dict[str, Any], folder: Path, **given: Any) -> Evaluation:
    return evaluate(detector, read_items([write(folder / "items.jsonl", *items)]), **given)


# ------------------------------------------------------------------------------------------ relevance
def test_precision_and_recall_leave_out_what_lies_between(detector: Detector, tmp_path: Path) -> None:
    found = judged(
        detector,
        item(TRUCE, "P"),
        item("A stillness of arms is in sight", "P"),
        item("Israel and Hamas agree truce", "N"),
        item(OPINION, "N"),
        item("Hamas and Israel agree ceasefire", "B"),
        folder=tmp_path,
    )

    scores = found.scores
    assert scores
    assert (scores.overall.right, scores.overall.missed, scores.overall.false, scores.overall.quiet) == (1, 1, 1, 1)
    assert (scores.between, scores.between_flagged) == (1, 1)
    assert [one.item.id for one in found.errors] == ["A stillness of arms is in sight", "Israel and Hamas agree truce"]


def test_each_language_is_scored_for_itself(detector: Detector, tmp_path: Path) -> None:
    found = judged(
        detector,
        item(TRUCE, "P"),
        item("Україна та Росія домовилися про перемир'я", "P", language="uk"),
        item("Погода на вихідні", "P", language="uk"),
        folder=tmp_path,
    )

    assert found.scores
    assert {language: counts.missed for language, counts in found.scores.languages.items()} == {"en": 0, "uk": 1}


def test_an_error_is_explained_by_what_was_found_and_what_nearly_was(detector: Detector, tmp_path: Path) -> None:
    found = judged(detector, item("Kremlin hopes for talks", "P", type="statement"), folder=tmp_path)

    words = explained(found.errors[0], detector)

    assert words.startswith("MISSED statement  [Kremlin hopes for talks]\n")
    assert "nearly" in words


# ------------------------------------------------------------------------------------------ what happened, how sure
def test_the_second_acceptable_type_counts_as_right(detector: Detector, tmp_path: Path) -> None:
    found = judged(
        detector,
        item(TRUCE, "P", type="agreement.reached", alt="ceasefire.agreed"),
        item("Hamas and Israel agree ceasefire", "P", type="talks.held"),
        folder=tmp_path,
    )

    assert found.scores
    assert found.scores.types == [("ceasefire.agreed", "ceasefire.agreed"), ("talks.held", "ceasefire.agreed")]


def test_what_was_missed_lowers_only_the_macro_f1_that_says_so(detector: Detector, tmp_path: Path) -> None:
    titles = [f"Russia and Ukraine agree {days}-day ceasefire" for days in range(10, 20)]
    missed = [item(f"Quiet falls, day {day}", "P", type="ceasefire.agreed") for day in range(10)]

    found = judged(detector, *(item(title, "P", type="ceasefire.agreed") for title in titles), *missed, folder=tmp_path)

    assert found.scores
    assert found.scores.type_macro_f1 == 1
    assert found.scores.type_macro_f1_all == pytest.approx(2 / 3)


def test_modality_is_told_beside_what_always_saying_fact_would_reach(detector: Detector, tmp_path: Path) -> None:
    found = judged(
        detector,
        item(TRUCE, "P", modality="fact"),
        item("Russia and Ukraine to hold peace talks on Thursday", "P", modality="plan"),
        folder=tmp_path,
    )

    assert found.scores
    assert found.scores.modality_accuracy.value == 1
    assert found.scores.always_fact.value == 1 / 2


def test_conflicts_that_nobody_lists_are_set_aside(detector: Detector, tmp_path: Path) -> None:
    found = judged(
        detector,
        item(TRUCE, "P", conflicts=["ukraine-russia"]),
        item("Hamas and Israel agree ceasefire", "P", conflicts=["ukraine-russia", "other:moon"]),
        item("Rebels and army agree ceasefire in the hills", "P", conflicts=["other:moon"]),
        folder=tmp_path,
    )

    assert found.scores
    assert found.scores.first_conflicts == [("ukraine-russia", "ukraine-russia"), ("ukraine-russia", "gaza")]
    assert found.scores.unlisted == 1


def test_a_dangerous_item_taken_for_a_truce_in_force_is_named(detector: Detector, tmp_path: Path) -> None:
    found = judged(detector, item(TRUCE, "P", danger=True), item(OPINION, "N", danger=True), folder=tmp_path)

    assert found.scores
    assert found.scores.dangerous == 2
    assert [one.item.id for one in found.scores.taken] == [TRUCE]


# ------------------------------------------------------------------------------------------ other files
def test_the_ordinary_stream_finds_its_labels_by_address(detector: Detector, tmp_path: Path) -> None:
    background = write(
        tmp_path / "stream.jsonl.gz",
        item(TRUCE, url="https://a.example/1"),
        item("Hamas and Israel agree ceasefire", url="https://a.example/2"),
        item("Israel and Hamas agree truce", url="https://a.example/3"),
        item("Rain tomorrow", url="https://a.example/4"),
    )
    labels = tmp_path / "labels.tsv"
    labels.write_text(
        "set\tlabel\ttype\ttitle\tsummary_160\tlink\n"
        "2025-05\tP\tceasefire.agreed\tx\t\thttps://a.example/1\n"
        "2025-05\tN\t\tx\t\thttps://a.example/2\n"
    )

    found = evaluate(detector, labelled_by(read_items([background]), read_items([labels])))

    assert found.scores
    assert found.stream
    assert (found.scores.overall.right, found.scores.overall.false) == (1, 1)
    assert found.stream.items == 4
    assert [one.item.entry.link[-1] for one in found.stream.flagged] == ["2", "3"]


def test_a_label_file_speaks_of_its_month_and_its_summaries(tmp_path: Path) -> None:
    file = tmp_path / "labels.tsv"
    file.write_text("set\tlabel\ttype\ttitle\tsummary_160\tlink\n2025-05\tB\ttalks.held\tTitle\tWords\thttps://a\n")

    [read] = read_items([file])

    assert (read.id, read.entry.summary, read.entry.published) == ("https://a", "Words", None)
    assert read.when
    assert f"{read.when.first} {read.when.last}" == "2025-05-01 2025-05-31"
    assert read.gold
    assert (read.gold.label, read.gold.type) == ("B", "talks.held")


def test_days_labelled_into_stories_say_what_is_news(tmp_path: Path) -> None:
    story = {"story": "a-truce", "relevant": False}
    file = write(tmp_path / "days.jsonl", item(TRUCE) | {"gold": story}, item(OPINION) | {"gold": {"story": "x"}})

    labels = [one.gold.label if one.gold else None for one in read_items([file])]

    assert labels == ["N", None]


def test_sentences_with_codes_count_if_they_speak_of_a_peace_process(detector: Detector, tmp_path: Path) -> None:
    def sentence(text: str, code: str, peace: list[str]) -> dict[str, Any]:
        return {"set": "manual", "sid": text, "text": text, "date": "121108", "codes": [code], "peace": peace}

    found = judged(
        detector,
        sentence("Israel and Hamas agreed to a ceasefire.", "0871", ["ceasefire"]),
        sentence("Russia and Ukraine held peace talks in Istanbul.", "196", ["talks"]),
        sentence("Farmers protested.", "141", []),
        sentence("The village fell silent.", "0871", ["ceasefire"]),
        folder=tmp_path,
    )

    [score] = found.cameo
    assert (score.relevant.of, score.type_right.of) == (3, 2)
    assert score.type_right.value == 1 / 2
    assert found.scores is None


def test_codes_mean_types() -> None:
    assert types_of(["0871"]) >= {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_EXTENDED}
    assert types_of(["0353", "190"]) == {EventType.EXCHANGE_PRISONERS}
    assert not types_of(["190"])


def test_items_are_chosen_by_how_their_ids_begin(tmp_path: Path) -> None:
    import re

    items = read_items([write(tmp_path / "a.jsonl", item("x", id="4a"), item("y", id="a4"), item("z", id=70))])

    ids = [one.id for one in chosen(items, None, re.compile("[0-4]"))]

    assert ids == ["a4", "70"]
    assert [one.id for one in chosen(items, re.compile("[0-4]"), None)] == ["4a"]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.jsonl", '{"title": "x"}\n{"title": 1}\n', "a.jsonl:2: 'title' must be a text"),
        ("a.jsonl", "{\n", "a.jsonl:1: it is not JSON"),
        ("a.jsonl", "[]\n", "a.jsonl:1: expected an object"),
        ("a.jsonl", '{"title": "x", "gold": {"label": "yes"}}', "a.jsonl:1: the label must be P, N or B, not 'yes'"),
        ("a.tsv", "label\tname\n", "a.tsv:1: the first line must name the columns; missing: title"),
        ("a.jsonl.gz", "no gzip", "a.jsonl.gz: cannot be read"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_place(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ConfigError) as raised:
        read_items([tmp_path / name])

    assert complaint in str(raised.value)


# ------------------------------------------------------------------------------------------ baselines
def test_a_packed_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "cut.jsonl.gz", item("Truce agreed", "P"))
    file.write_bytes(file.read_bytes()[:-12])

    with pytest.raises(ConfigError, match=r"cut\.jsonl\.gz: cannot be read"):
        read_items([file])


@pytest.mark.parametrize("name", ["items.jsonl", "items.tsv"])
def test_a_byte_order_mark_and_codes_that_are_none_do_no_harm(tmp_path: Path, name: str) -> None:
    rows = {"items.jsonl": '{"sid": "1", "text": "Truce", "codes": null}', "items.tsv": "label\ttitle\nP\tTruce\n"}
    (tmp_path / name).write_text(rows[name], "utf-8-sig")

    (read,) = read_items([tmp_path / name])

    assert read.entry.title == "Truce"


def test_keywords_are_scored_on_the_same_items(detector: Detector, tmp_path: Path) -> None:
    found = judged(
        detector,
        item(TRUCE, "P"),
        item("Kremlin: переговоры с Киевом пройдут в Стамбуле", "P"),
        item("Wage talks collapse", "N"),
        item("No war, no word", "N", summary="but a truce"),
        folder=tmp_path,
    )

    counted = {each.name: each.counts for each in found.baselines}
    right_and_false = {name: (counts.right, counts.false) for name, counts in counted.items() if counts}
    assert right_and_false == {
        "narrow keywords, title": (1, 0),
        "narrow keywords, title + summary": (1, 1),
        "wide keywords, title": (2, 1),
        "wide keywords, title + summary": (2, 2),
        "wide keywords AND conflict, title": (2, 0),
    }


@pytest.mark.slow
@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_the_learned_baseline_never_trains_on_what_it_is_tested_on(detector: Detector, tmp_path: Path) -> None:
    tested = [item("Sides agree ceasefire at last", "P"), item("Bread prices rise again", "N")]
    train = [item(f"Sides agree ceasefire in town {n}", "P", published="2024") for n in range(20)]
    train += [item(f"Bread prices rise in town {n}", "N", published="2024") for n in range(20)]

    items = read_items([write(tmp_path / "train.jsonl", *train, *tested)])
    found = judged(detector, *tested, folder=tmp_path, train=items)

    learned = found.baselines[-1]
    assert learned.counts
    assert (learned.counts.right, learned.counts.quiet) == (1, 1)
    assert learned.note.startswith("trained on 40 items, 2024-01 to 2024-12; tested on 2025-05 to 2025-05; 2 left out")


@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_too_little_to_learn_from_is_said(detector: Detector, tmp_path: Path) -> None:
    items = read_items([write(tmp_path / "train.jsonl", item("x", "P"))])

    learned = judged(detector, item(TRUCE, "P"), folder=tmp_path, train=items).baselines[-1]

    assert learned.counts is None
    assert "too little to train on: 1 news, 0 not" in learned.note


# ------------------------------------------------------------------------------------------ the command
@pytest.mark.slow
def test_the_command_writes_tables_or_json(tmp_path: Path) -> None:
    file = write(
        tmp_path / "items.jsonl",
        item(TRUCE, "P", id="a", type="ceasefire.agreed", modality="fact", conflicts=["ukraine-russia"]),
        item(OPINION, "N", id="b"),
        item("Quiet falls", "P", id="c", language="uk"),
    )

    tables = parley(tmp_path, "eval", str(file), "--errors")
    told = parley(tmp_path, "eval", str(file), "--json", "--skip-ids", "c")

    words = tables.stdout.decode()
    assert tables.returncode == told.returncode == 0
    assert max(map(len, words.splitlines())) <= 100
    assert "MISSED  [c]" in words
    assert all(word in words for word in ("precision", "narrow keywords", "first conflict right", "uk"))
    labelled = json.loads(told.stdout)["labelled"]
    assert labelled["overall"]["recall"]["value"] == 1
    assert labelled["overall"]["quiet"] == 1


@pytest.mark.slow
def test_the_command_names_a_wrong_expression_or_file_without_a_traceback(tmp_path: Path) -> None:
    missing = parley(tmp_path, "eval", str(tmp_path / "none.jsonl"))
    wrong = parley(tmp_path, "eval", str(tmp_path / "none.jsonl"), "--ids", "[")
    (tmp_path / "empty.jsonl").touch()
    empty = parley(tmp_path, "eval", str(tmp_path / "empty.jsonl"))

    assert (missing.returncode, wrong.returncode, empty.returncode) == (2, 2, 2)
    assert b"no headline in it to measure" in empty.stderr
    assert b"none.jsonl: cannot be read: No such file" in missing.stderr
    assert b"is no regular expression" in wrong.stderr
    assert b"Traceback" not in missing.stderr + wrong.stderr + empty.stderr


@pytest.mark.slow
@needs("gold")
def test_the_shared_files_are_all_readable(detector: Detector) -> None:
    gold = SHARED / "gold"
    names = ("headlines_dev.tsv", "headlines_dev2.jsonl", "cameo.jsonl", "stories/2026-01-07_09.jsonl")

    items = {name: read_items([gold / name]) for name in names}

    assert {name: len(read) for name, read in items.items()} == {
        "headlines_dev.tsv": 771,
        "headlines_dev2.jsonl": 800,
        "cameo.jsonl": 79,
        "stories/2026-01-07_09.jsonl": 230,
    }
    assert plain(evaluate(detector, items["cameo.jsonl"]))["cameo"][0]["set"] == "cameo-manual"
