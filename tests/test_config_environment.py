from pathlib import Path

import pytest

from bot.config import Environment
from bot.errors import ConfigError

TOKEN = "123456:TEST-token_for_the_fake"  # noqa: S105 - no secret


def refusal(**environ: str) -> str:
    with pytest.raises(ConfigError) as raised:
        Environment.read(environ)
    return str(raised.value)


def test_an_empty_environment_means_the_defaults() -> None:
    environment = Environment.read({"PATH": "/bin", "PARLEY_OWNER": " "})

    assert environment == Environment(
        config=Path("config.toml"), data=Path("data"), token=None, api_url="https://api.telegram.org", owner=None
    )


def test_every_variable_reaches_its_place() -> None:
    environment = Environment.read(
        {
            "PARLEY_CONFIG": "/etc/parley.toml",
            "PARLEY_DATA": "/data",
            "PARLEY_TELEGRAM_TOKEN": f" {TOKEN}\n",
            "PARLEY_TELEGRAM_API_URL": "http://127.0.0.1:8081/",
            "PARLEY_OWNER": "42",
        }
    )

    assert environment.config == Path("/etc/parley.toml")
    assert environment.data == Path("/data")
    assert environment.token
    assert environment.token.get_secret_value() == TOKEN
    assert environment.api_url == "http://127.0.0.1:8081"
    assert environment.owner == 42


def test_the_token_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")

    environment = Environment.read({"PARLEY_TELEGRAM_TOKEN_FILE": str(file)})

    assert environment.token
    assert environment.token.get_secret_value() == TOKEN


def test_the_token_is_not_printed() -> None:
    environment = Environment.read({"PARLEY_TELEGRAM_TOKEN": TOKEN})

    assert TOKEN not in f"{environment!r} {environment} {environment.token}"


def test_a_token_of_the_wrong_shape_is_refused_and_not_repeated() -> None:
    said = refusal(**{"PARLEY_TELEGRAM_TOKEN": "bot123456:verysecret word"})

    assert "PARLEY_TELEGRAM_TOKEN: holds no bot token" in said
    assert "verysecret" not in said


def test_a_token_file_that_is_missing_empty_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")

    assert "cannot be read: No such file" in refusal(PARLEY_TELEGRAM_TOKEN_FILE=str(tmp_path / "missing"))
    assert "is empty" in refusal(PARLEY_TELEGRAM_TOKEN_FILE=str(tmp_path / "empty"))
    assert "is not text" in refusal(PARLEY_TELEGRAM_TOKEN_FILE=str(tmp_path / "bytes"))


def test_two_tokens_are_one_too_many(tmp_path: Path) -> None:
    said = refusal(PARLEY_TELEGRAM_TOKEN=TOKEN, PARLEY_TELEGRAM_TOKEN_FILE=str(tmp_path / "token"))

    assert "keep one of the two" in said


@pytest.mark.parametrize("owner", ["me", "-5", "0", "1.5", "٥"])
def test_an_owner_is_a_number_above_zero(owner: str) -> None:
    assert "PARLEY_OWNER: must be the chat id of a person" in refusal(PARLEY_OWNER=owner)


def test_the_api_is_a_web_address() -> None:
    assert "PARLEY_TELEGRAM_API_URL: must be a web address" in refusal(PARLEY_TELEGRAM_API_URL="localhost:8081")


def test_a_misspelt_variable_is_refused_and_the_right_one_suggested() -> None:
    assert "did you mean PARLEY_TELEGRAM_TOKEN?" in refusal(PARLEY_TELEGRAM_TOKN=TOKEN)


def test_a_variable_of_another_program_is_left_alone() -> None:
    assert Environment.read({"PARLEY_PORT": "tcp://10.0.0.1:80"}) == Environment()


def test_all_mistakes_are_told_at_once() -> None:
    said = refusal(**dict.fromkeys(("PARLEY_OWNER", "PARLEY_TELEGRAM_TOKEN", "PARLEY_TELEGRAM_API_URL"), "x"))

    assert len(said.splitlines()) == 3


def test_places_are_read_whatever_else_is_wrong() -> None:
    places = Environment.places({"PARLEY_DATA": " /srv/parley ", "PARLEY_TELEGRAM_TOKEN": "x", "PARLEY_CONFIG": ""})

    assert places == Environment(data=Path("/srv/parley"))
