from __future__ import annotations

import pytest

from engine.errors import DataError
from engine.text import Text
from server.errors import REFUSALS, as_problem, from_problem, refuse, status_of
from server.protocol import Problem


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_refusal_says_what_is_wrong_and_what_to_do_in_both_languages(code: str) -> None:
    refusal = REFUSALS[code]
    assert 400 <= refusal.status < 600
    for text in (refusal.message, refusal.hint):
        assert text.en.endswith(".") and text.en[0].isupper()
        assert text.zh.endswith("。")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)


def test_refusal_becomes_a_problem_with_field_value_and_limit() -> None:
    error = refuse("too_many_sessions", "max_sessions", value=9, allowed=8)
    problem = as_problem(error)
    assert problem == Problem(
        code="too_many_sessions",
        where="max_sessions",
        message=problem.message,
        hint=problem.hint,
        value="9",
        allowed="8",
    )
    assert problem.message.en == "Too many networks are in use on this server."
    assert status_of(error) == 503


def test_problem_survives_the_way_between_processes() -> None:
    error = DataError(
        "no_such_sample", "sample", Text("No.", "没有。"), Text("Do.", "做。"), value=3
    )
    again = from_problem(as_problem(error).model_dump())
    assert again.as_json() == error.as_json()
    assert status_of(again) == 422
