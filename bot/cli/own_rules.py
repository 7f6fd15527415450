"""The operator's own rules: the folder that they are in, and the detector that judges by them and what ships."""

import os
from collections.abc import Mapping
from pathlib import Path

from bot.catalog import load_catalog
from bot.config import Environment, RulesConfig, load_config, rules_folder
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.rulefiles import read_rule_files


def own_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of the operator's rules, None if there is none; a missing config.toml names none."""
    places = Environment.places(environ)
    rules = load_config(places.config).rules if places.config.is_file() else RulesConfig()
    return rules_folder(rules, places.data)


def load_detector(own: Path | None) -> Detector:
    """Return a detector that judges by what ships and the operator's *own* rules."""
    files = read_rule_files(own)
    return Detector(load_rules(files, catalog=load_catalog(files)))


def chosen_detector(rules: Path | None) -> Detector:
    """Return a detector that judges by the folder that --rules named, else as the bot does."""
    return load_detector(rules or own_folder(os.environ))
