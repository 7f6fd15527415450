"""Options that several commands take, said and explained alike."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Path of config.toml (default: $PARLEY_CONFIG, else ./config.toml)."),
]
RulesOption = Annotated[
    Path | None,
    typer.Option("--rules", help="A folder of your own rules (default: as config.toml and the data folder say)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of tables.")]
DaysOption = Annotated[int, typer.Option(min=1, max=36_500, help="How far back.")]
