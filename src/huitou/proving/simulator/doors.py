"""The product's public doors as a stranger uses them: the installed command, files in, a decisions file out.

The house is a data folder of its own with the embedded ledger. Neither DATABASE_URL nor a HUITOU_ variable of the
caller reaches the command: invented people must never get into a real shop's books.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from huitou.kit.clock import to_iso
from huitou.proving.simulator.house_files import Files, person_of
from huitou.proving.simulator.plans import Plans, Step, Terms
from huitou.proving.simulator.response import Viewers


class DoorShut(Exception):
    """The command refused or failed; its own words."""


@dataclass(frozen=True)
class House:
    """One installation of the product, in `folder`."""

    folder: Path

    def bring(self, files: Files, now: int) -> None:
        inbox = self.folder / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, content in files.content.items():
            (inbox / name).write_bytes(content)
            paths.append(str(inbox / name))
        self.run("import", *paths, "--json", now=now)

    def plan(self, broadcast: str, campaign: str, name: str, now: int, *, keep: bool) -> Path:
        """The decisions file of a campaign (TOML text); with `keep` the house remembers what it decided."""
        file, decisions = self.folder / f"{name}.toml", self.folder / f"{name}-{broadcast}.parquet"
        file.write_text(campaign, encoding="utf-8")
        rehearsal = [] if keep else ["--dry-run"]
        self.run("plan", broadcast, "--campaign", str(file), "--out", str(decisions), *rehearsal, now=now)
        return decisions

    def run(self, command: str, *arguments: str, now: int) -> str:
        clean = {key: value for key, value in os.environ.items() if not _belongs_to_a_house(key)}
        done = subprocess.run(
            [*_command(), command, *arguments, "--data", str(self.folder / "data"), "--now", to_iso(now)],
            env=clean, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise DoorShut(f"huitou {command}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def _belongs_to_a_house(variable: str) -> bool:
    return variable == "DATABASE_URL" or (variable.startswith("HUITOU_") and variable != "HUITOU_LANG")


def _command() -> list[str]:
    """The command of the environment this runs in, else the package by itself."""
    installed = Path(sys.executable).with_name("huitou")
    return [str(installed)] if installed.exists() else [sys.executable, "-c", "from huitou.cli import main; main()"]


def read_decisions(file: Path, viewers: Viewers, terms: Terms) -> Plans:
    """The plans of a decisions file, one row for each viewer; who has no row gets nothing.

    ValueError for a message to somebody who did not watch, or who cannot be reached there.
    """
    columns = ["user_id", "action", "send_at", "channel", "offer"]
    rows = pq.read_table(file, columns=columns).to_pylist()
    place = {person: row for row, person in enumerate(viewers.person.tolist())}
    steps: list[list[Step]] = [[] for _ in place]
    for one in rows:
        if one["action"] != "send":
            continue
        row = place.get(person_of(one["user_id"] or "u-1"))
        if row is None:
            raise ValueError(f"a message to {one['user_id']!r}, who did not watch")
        steps[row].append(Step(one["send_at"], one["channel"], one["offer"] or "none"))
    plans = Plans.of(steps, terms)
    reached = viewers.reach[np.arange(len(viewers))[:, None], plans.channel] | (plans.send_at < 0)
    if not reached.all():
        raise ValueError(f"{int((~reached).sum())} messages on channels where the person cannot be reached")
    return plans
