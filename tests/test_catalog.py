from pathlib import Path

import pytest

from bot.catalog import load_catalog
from bot.errors import ConfigError
from bot.model import EventType
from bot.rulefiles import DATA, read_rule_files


def test_every_event_type_has_its_texts_in_three_languages() -> None:
    catalog = load_catalog()

    assert set(catalog.kinds) == set(EventType)
    assert all(kind.label(language) for kind in catalog.kinds.values() for language in ("en", "uk", "ru"))
    assert all(1 <= kind.priority <= 4 for kind in catalog.kinds.values())


def test_every_party_of_a_conflict_is_a_known_entity() -> None:
    catalog = load_catalog()

    parties = {
        entity for conflict in catalog.conflicts.values() for side in conflict.parties.values() for entity in side
    }
    assert parties <= set(catalog.entities)


def test_an_unknown_publisher_is_its_own_family() -> None:
    publisher = load_catalog().publisher("Village Gazette")

    assert (publisher.name, publisher.family) == ("Village Gazette", "village gazette")


def test_a_publisher_is_known_by_id_name_and_any_host_below_its_own() -> None:
    catalog = load_catalog()

    assert {catalog.publisher(name).id for name in ("bbc", "BBC", "bbc.co.uk", "www.bbc.co.uk")} == {"bbc"}


def copy_of_the_data(folder: Path) -> Path:
    for name in ("lexicon.toml", "rules.toml", "publishers.toml", "conflicts.toml", "taxonomy.toml", "entities.csv"):
        (folder / name).write_text((DATA / name).read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def test_a_link_to_no_conflict_names_file_line_and_the_nearest_name(tmp_path: Path) -> None:
    folder = copy_of_the_data(tmp_path)
    entities = folder / "entities.csv"
    entities.write_text(entities.read_text(encoding="utf-8").replace("ukraine-russia:A", "ukraine-rusia:A", 1), "utf-8")

    with pytest.raises(
        ConfigError, match=r"entities\.csv:2: ukraine: .*'ukraine-rusia' \(did you mean 'ukraine-russia'"
    ):
        load_catalog(read_rule_files(shipped=folder))


def test_an_unknown_event_type_names_its_line(tmp_path: Path) -> None:
    folder = copy_of_the_data(tmp_path)
    taxonomy = folder / "taxonomy.toml"
    taxonomy.write_text(
        taxonomy.read_text(encoding="utf-8").replace('[type."talks.held"]', '[type."talks.hold"]'), "utf-8"
    )

    with pytest.raises(ConfigError, match=r"taxonomy\.toml:\d+: there is no event type 'talks\.hold'"):
        load_catalog(read_rule_files(shipped=folder))


@pytest.mark.parametrize(
    "active",
    ['["2014-02-20", ""]', '[["2014-02-20"]]', '[["2014-02-30", ""]]', '[["2014-02-20", "2013-02-20"]]'],
)
def test_days_that_are_no_spans_are_named_with_line_and_remedy(tmp_path: Path, active: str) -> None:
    folder = copy_of_the_data(tmp_path)
    conflicts = folder / "conflicts.toml"
    text = conflicts.read_text(encoding="utf-8")
    conflicts.write_text(text.replace('active = [["2014-02-20", ""]]', f"active = {active}", 1), "utf-8")

    with pytest.raises(ConfigError, match=r"conflicts\.toml:\d+: ukraine-russia: no span .*\(write a list of spans"):
        load_catalog(read_rule_files(shipped=folder))


def test_who_takes_a_side_is_on_a_side_that_its_conflict_has() -> None:
    catalog = load_catalog()

    sides = {(conflict.id, side.upper()) for conflict in catalog.conflicts.values() for side in conflict.parties}
    taken = {(conflict, side.upper()) for each in catalog.entities.values() for conflict, side in each.links}
    assert {link for link in taken if link[1] != "X"} <= sides
