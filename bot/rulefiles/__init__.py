"""The rule files of all layers, put together: what ships, the languages, and the operator's own over both.

    bot/data/*.toml, entities.csv      what ships
    bot/data/languages/<code>.toml     a language each
    the operator's rules folder        *.toml and *.csv of any name

All are written alike. A table with an id that a lower layer knows changes it: words are added, `remove` takes words
away, any other key replaces, `enabled = false` switches the whole off. Two files of one layer may add words to the
same table; that both set the same key is a mistake, so the order of files never matters.
"""

from bot.rulefiles.folders import read_rule_files
from bot.rulefiles.merging import DATA, RuleFiles, Source, merge

__all__ = ["DATA", "RuleFiles", "Source", "merge", "read_rule_files"]
