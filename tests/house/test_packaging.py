"""What `pip install` gives: versions agree, every declared part is imported somewhere, nothing speaks of a machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import huitou

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_said_once_more_in_the_package() -> None:
    assert huitou.__version__ == PROJECT["version"]


def test_the_changelog_knows_the_version() -> None:
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_dependency_is_pinned_for_make() -> None:
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}
    wanted = {re.split(r"[<>=\[]", one)[0].lower() for one in PROJECT["dependencies"]}
    assert wanted - pinned == set()


def test_the_wheel_holds_the_examples_and_nothing_that_lies_beside_them() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    listed = subprocess.run(["git", "ls-files", "examples"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert settings["force-include"] == {name: f"huitou/{name}" for name in listed.stdout.split()}


def test_no_file_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    files = [ROOT / name for name in listed.stdout.split("\n") if name and "vendor/" not in name]
    texts = {file: file.read_bytes() for file in files if file.is_file()}
    bad = re.compile(rb"/(root|home)/[a-z]+/|" + b"pypi" + rb"\.org/simple|" + b"registry" + rb"\.npmjs")
    assert [str(file.relative_to(ROOT)) for file, text in texts.items() if bad.search(text)] == []
