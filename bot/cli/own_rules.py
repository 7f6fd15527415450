"""The operator's own rules: the folder that they are in, and the detector that judges by them and what ships."""

from collections.abc import Mapping
from pathlib import Path

from bot.catalog import load_catalog
from bot.config import load_config, rules_folder
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.rulefiles import read_rule_files


def own_folder(environ: Mapping[str, str], config: Path | None = None) -> Path | None:
    """Return the folder of the operator's rules, None if there is none; a missing config.toml names none."""
    path = config or Path(environ.get("PARLEY_CONFIG") or "config.toml")
    data = Path(environ.get("PARLEY_DATA") or "data")
    if config is None and not path.is_file():
        return data / "rules" if (data / "rules").is_dir() else None
    return rules_folder(load_config(path).rules, data)


def load_detector(own: Path | None) -> Detector:
    """Return a detector that judges by what ships and the operator's *own* rules."""
    files = read_rule_files(own)
    return Detector(load_rules(files, catalog=load_catalog(files)))
