"""A small set of rules, which compiles at once: one war, one concept, a rule of each kind."""

import shutil
from pathlib import Path

from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.rulefiles import DATA, RuleFiles, read_rule_files

LEXICON = """
[language]
en.name = "English"
uk.name = "Українська"

[concept.truce]
en = ["truce|truces", "cease-fire*"]
uk = ["перемир*"]

[concept.agree]
en = ["agree|agrees|agreed"]
uk = ["погод*"]
"""
RULES = """
[scoring]
relevant_at = 1.0

[[signal]]
id = "truce"
any = ["@truce"]

[[exclude]]
id = "trade"
any = ["tariff*"]
cancels = ["truce"]

[[genre]]
id = "opinion"
any = ["^opinion :"]

[[type]]
id = "ceasefire.agreed"
any = ["@agree ~4 @truce"]

[[type]]
id = "ceasefire.proposed"
any = ["propose* ~4 @truce"]

[[modality]]
id = "plan"
any = ["to agree"]

[alert.base]
"ceasefire.agreed" = 1
"""
CONFLICTS = """
[conflict.north-south]
name = { en = "North and South" }
parties = { A = ["north"], B = ["south"] }
"""
ENTITIES = """id,kind,conflicts,aliases_en,aliases_uk,role,status
north,country,north-south:A,Northland|North Kingdom,Північ,,
south,country,north-south:B,Southland,Південь,,
"""


def shipped(folder: Path) -> Path:
    """Write the small rules to *folder*, as if they shipped; return it."""
    folder.mkdir(exist_ok=True)
    files = {"lexicon.toml": LEXICON, "rules.toml": RULES, "conflicts.toml": CONFLICTS, "entities.csv": ENTITIES}
    for name, text in files.items():
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    for name in ("taxonomy.toml", "publishers.toml", "negatives.tsv"):
        shutil.copy(str(DATA / name), folder)
    return folder


def own(folder: Path, **files: str) -> Path:
    """Write the operator's rule files, named without their ending; return their folder."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, **files: str) -> RuleFiles:
    """Read the small rules and over them the operator's *files*."""
    return read_rule_files(own(folder / "own", **files), shipped=shipped(folder / "shipped"))


def detector(files: RuleFiles) -> Detector:
    """Return a detector of these rules."""
    return Detector(load_rules(files, catalog=load_catalog(files)))
