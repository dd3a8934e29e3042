"""Web process and engine host are killed under load: nothing is lost but seconds of training."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import Session, presets, read_experiment
from server.store.database import LARGEST_INSIDE
from tests.running import running_server
from tests.server.crashing import Witness, read_stored

LARGE = 340
"""Units of a layer whose network's checkpoints are files."""


def document(preset: str, units: int | None = None) -> dict[str, Any]:
    """A preset, with other hidden layers if `units` are given."""
    made = presets.load(preset).model_dump(mode="json")
    for node in made["graph"]["nodes"]:
        if units is not None and node["name"].startswith("hidden"):
            node["layer"]["units"] = units
    return made


def test_few_kills_lose_nothing(tmp_path: Path) -> None:
    survive(tmp_path, kills=3, seed=20)


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    survive(tmp_path, kills=200, seed=21)


def survive(folder: Path, kills: int, seed: int) -> None:
    """Work at a server, kill its processes at random moments, and look for what is missing."""
    witness = Witness(random.Random(seed))
    killed = 0.0
    while witness.kills < kills:
        with running_server(folder) as server:
            if witness.owed:
                witness.return_to(server.url, killed)
            else:
                witness.begin(server.url, document("spiral"), pace=2_000)
                witness.begin(server.url, document("spiral", LARGE), pace=100)
                witness.begin(server.url, document("moons"), pace=None)
            killed = 0.0
            while witness.kills < kills and not killed:
                killed = witness.work_until_killed(server, witness.chance.uniform(0.2, 3.0))
        stored = read_stored(folder)
        assert any(file.stat().st_size > LARGEST_INSIDE for file in folder.glob("checkpoints/*/*"))
        assert set(stored) == {owed.session for owed in witness.owed}
    with running_server(folder) as server:
        witness.return_to(server.url, killed or time.monotonic())
        witness.pause_all()
    assert_uninterrupted(witness, folder)


def assert_uninterrupted(witness: Witness, folder: Path) -> None:
    """What trained is, bit by bit, where a run without any kill is at that step."""
    stored = read_stored(folder)
    for owed in witness.owed:
        experiment, snapshot = stored[owed.session]
        if not owed.trains:
            continue
        assert snapshot is not None and snapshot.step > 0
        whole = Session(read_experiment(experiment))
        whole.run(steps=snapshot.step)
        for key, values in whole.parameters().items():
            block = whole.program.network.parameters[key]
            assert np.array_equal(values, whole.program.view(snapshot.arena, block)), key
        assert np.array_equal(whole.state, snapshot.state)
