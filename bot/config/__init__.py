"""What the operator decides: config.toml and the environment, each read into one frozen value.

Every mistake is found in one go and told in the operator's words, with file, line and a suggestion; nothing that we
do not understand is ignored.
"""

from bot.config.environment import VARIABLES, Environment
from bot.config.file import (
    KEYS,
    BackupConfig,
    Config,
    DigestConfig,
    HealthConfig,
    PollingConfig,
    RulesConfig,
    TelegramConfig,
    load_config,
    parse_config,
    rules_folder,
)

__all__ = [
    "KEYS",
    "VARIABLES",
    "BackupConfig",
    "Config",
    "DigestConfig",
    "Environment",
    "HealthConfig",
    "PollingConfig",
    "RulesConfig",
    "TelegramConfig",
    "load_config",
    "parse_config",
    "rules_folder",
]
