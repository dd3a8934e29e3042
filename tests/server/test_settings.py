from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from server.settings import Settings, SettingsError


def test_environment_gives_settings_and_overrides_come_first() -> None:
    environment = {
        "NEURARIUM_PORT": "9000",
        "NEURARIUM_MAX_SESSIONS": "12",
        "NEURARIUM_DATA_DIR": "/srv/neurarium",
        "NEURARIUM_ALLOWED_ORIGINS": "https://a.example, https://B.example/",
        "NEURARIUM_HOST": "",
        "UNRELATED": "x",
    }
    settings = Settings.from_environment({"port": 9001}, environment)
    assert settings.port == 9001
    assert settings.max_sessions == 12
    assert settings.data_dir == Path("/srv/neurarium")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "70000", "less than or equal to 65535"),
        ("MAX_MESSAGE_BYTES", "many", "valid integer"),
        ("IDLE_SECONDS", "nan", "finite number"),
        ("ALLOWED_ORIGINS", "networks.school.example", "no origin"),
        ("WORKERS", "0", "greater than or equal to 1"),
    ],
)
def test_bad_value_is_told_in_one_line(name: str, value: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({}, {f"NEURARIUM_{name}": value})
    text = str(caught.value)
    assert "\n" not in text
    assert f"NEURARIUM_{name}" in text
    assert value in text
    assert reason in text


def test_settings_cannot_change_and_know_no_other_names() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        setattr(settings, "port", 1)  # noqa: B010  an assignment is a type error already
    with pytest.raises(SettingsError, match="NEURARIUM_PORTS"):
        Settings.from_environment({"ports": 1}, {})


def test_every_number_has_bounds() -> None:
    for name, field in Settings.model_fields.items():
        if field.annotation in (int, float):
            rules = {type(rule).__name__ for rule in field.metadata}
            assert rules & {"Ge", "Gt"} and "Le" in rules, name


def test_transport_leaves_room_to_answer_a_message_that_is_too_large() -> None:
    settings = Settings()
    assert settings.max_transport_bytes > settings.max_message_bytes
    limits = settings.limits_in_force()
    assert limits.message_bytes == settings.max_message_bytes
    assert limits.parameters == settings.max_parameters
