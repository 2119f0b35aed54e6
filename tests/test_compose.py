"""docker-compose.yml says what it means: every name in it exists, in the file itself or in our own code."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from activities.surroundings import SECRETS
from models.settings import Settings
from workflows.key_ring import ring_path

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONFIGS: dict[str, str] = {name: config.get("content", "") for name, config in COMPOSE["configs"].items()}
DOCKERFILE: str = SERVICES["plane"]["build"]["dockerfile_inline"]

PLACES = ("UTVAG_VAR", "UTVAG_KEYS_DIR", "UTVAG_CHECKPOINTS_DIR")

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def leaves(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every value in the file with the key it stands under."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from leaves(child, str(name))
    elif isinstance(node, list):
        for child in node:
            yield from leaves(child, key)
    elif node is not None:
        yield key, str(node)


def ours() -> list[dict[str, Any]]:
    """The services that run our image."""
    return [service for service in SERVICES.values() if "build" in service]


def secrets_of(service: dict[str, Any]) -> dict[str, str]:
    """The secrets that a service gets, and where each is mounted."""
    given = (one if isinstance(one, dict) else {"source": one} for one in service.get("secrets", []))
    return {one["source"]: one.get("target", f"{SECRETS}/{one['source']}") for one in given}


def settings_of(service: dict[str, Any], patch: pytest.MonkeyPatch, folder: Path) -> Settings:
    """The settings as the service reads them: its environment, and its secrets from files."""
    for name in [name for name in os.environ if name.startswith("UTVAG_")]:
        patch.delenv(name)
    for name, value in service["environment"].items():
        patch.setenv(name, value)
    for secret, place in secrets_of(service).items():
        if Path(place).parent == SECRETS:
            (folder / secret).write_text("{}\n" if secret == "utvag_accepted_keys" else "canary-from-a-file\n")
    return Settings(_secrets_dir=folder)


def waited_for_to_the_end() -> set[str]:
    return {
        name
        for service in SERVICES.values()
        for name, wait in service.get("depends_on", {}).items()
        if wait["condition"] == "service_completed_successfully"
    }


@every_service
def test_a_service_waits_only_for_services_that_exist_and_can_become_what_it_waits_for(service: dict[str, Any]) -> None:
    for name, wait in service.get("depends_on", {}).items():
        assert name in SERVICES
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[name]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert SERVICES[name]["restart"].startswith("on-failure")


def test_every_service_has_a_health_check_or_ends() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == waited_for_to_the_end()


@every_service
def test_a_service_uses_only_what_the_file_defines(service: dict[str, Any]) -> None:
    assert secrets_of(service).keys() <= COMPOSE["secrets"].keys()
    assert {config["source"] for config in service.get("configs", [])} <= COMPOSE["configs"].keys()
    assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= COMPOSE["volumes"].keys()
    assert set(service["networks"]) <= COMPOSE["networks"].keys()


def test_nothing_is_defined_that_no_service_uses() -> None:
    def used(kind: str) -> set[str]:
        return {
            (item["source"] if isinstance(item, dict) else item.split(":")[0])
            for service in SERVICES.values()
            for item in service.get(kind, [])
        }

    for kind in ("secrets", "configs", "volumes", "networks"):
        assert COMPOSE[kind].keys() == used(kind), kind


def test_a_service_reads_no_secret_that_it_was_not_given() -> None:
    for service in SERVICES.values():
        text = "\n".join(value for _, value in leaves(service))
        text += "\n".join(CONFIGS[config["source"]] for config in service.get("configs", []))
        assert set(re.findall(r"/run/secrets/(\w+)", text)) <= secrets_of(service).keys()


def test_secrets_are_files_that_git_and_the_image_never_see() -> None:
    assert all(secret == {"file": f"./secrets/{name}"} for name, secret in COMPOSE["secrets"].items())
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in rules
    assert not any("secrets" in rule for rule in rules if rule.startswith("!"))


def test_no_password_is_written_in_the_file() -> None:
    for key, value in leaves(SERVICES):
        if re.search(r"passw|pwd|secret|token|pin\b", key, re.IGNORECASE) and key != "secrets":
            assert value.startswith("/run/secrets/"), key
        assert not re.search(r"://[^/\s@]+:[^@/\s]+@", value), f"{key} has a password in its address"
    for text in [*CONFIGS.values(), *(value for _, value in leaves(SERVICES))]:
        for assigned in re.findall(r"(?:PASSWORD|PWD)\w*=(\S+(?: \S+)?)", text):
            assert "/run/secrets/" in assigned
        assert not re.search(r"PASSWORD '", text)


def test_nothing_falls_back_to_a_default_from_the_shell() -> None:
    text = "\n".join(value for _, value in leaves(COMPOSE))
    assert not re.search(r"(?<!\$)\$(?!\$)", text), "every $ must be $$, or Compose replaces it from the shell"


@every_service
def test_an_image_is_pinned_to_a_full_version(service: dict[str, Any]) -> None:
    assert re.search(r":\d+\.\d+(\.\d+)?(-\w+)?$", service["image"])


def test_the_base_image_runs_a_python_that_the_project_accepts() -> None:
    version = re.search(r"^FROM python:(\d+)\.(\d+)\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    least = re.search(
        r">=(\d+)\.(\d+)", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    )
    assert version
    assert least
    assert tuple(map(int, version.groups())) >= tuple(map(int, least.groups()))


def test_temporal_and_its_tools_are_of_one_version() -> None:
    tags = {
        s["image"].split(":")[1] for s in SERVICES.values() if re.match(r"temporalio/(server|admin-tools):", s["image"])
    }
    assert len(tags) == 1


@every_service
def test_a_port_is_published_on_the_loopback_address_only(service: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_the_image_copies_is_in_the_checkout_and_let_through() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for source in shlex.split(line)[:-1]
    }
    assert copied == let_through
    assert all((ROOT / source).exists() for source in copied)


def test_every_setting_and_secret_named_for_us_is_one_that_we_read() -> None:
    prefix = Settings.model_config.get("env_prefix", "")
    assert prefix == "UTVAG_"
    fields = {f"{prefix}{field}".upper() for field in Settings.model_fields}
    for service in ours():
        assert {name for name in service["environment"] if name.startswith(prefix)} <= fields
        assert {name.upper() for name, place in secrets_of(service).items() if Path(place).parent == SECRETS} <= fields


def test_our_programs_look_for_secrets_where_compose_puts_them() -> None:
    assert str(SECRETS) == "/run/secrets"


def test_our_services_run_in_production_mode() -> None:
    assert all(service["environment"]["UTVAG_MODE"] == "production" for service in ours())


def test_the_settings_of_every_service_are_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for service in ours():
        with monkeypatch.context() as patch:
            settings = settings_of(service, patch, tmp_path)
            for name, value in service["environment"].items():
                assert str(getattr(settings, name.removeprefix("UTVAG_").lower())) == value
            assert "canary-from-a-file" not in repr(settings)
            assert settings.accepted_keys == {}


def test_every_option_given_to_the_worker_is_one_that_it_has() -> None:
    help_text = subprocess.run(
        [sys.executable, "worker.py", "--help"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    for service in ours():
        python, program, *arguments = service["command"]
        assert (python, program) == ("python", "worker.py")
        options = [argument for argument in arguments if argument.startswith("-")]
        assert options
        assert all(re.search(rf"{option}\b", help_text) for option in options)


def test_the_health_check_asks_the_port_that_the_worker_is_given() -> None:
    for service in ours():
        port = service["environment"]["UTVAG_HEALTH_PORT"]
        assert f"http://127.0.0.1:{port}/health" in service["healthcheck"]["test"][-1]


def test_what_our_services_write_outlives_the_container() -> None:
    for service in ours():
        volumes = {Path(volume.split(":")[1]) for volume in service["volumes"]}
        for name in ("UTVAG_VAR", "UTVAG_MAIL_DIR", "UTVAG_KEYS_DIR", "UTVAG_CHECKPOINTS_DIR"):
            path = Path(service["environment"][name])
            assert volumes & {path, *path.parents}


def test_keys_lie_in_no_volume_that_holds_a_database_or_checkpoints_and_no_two_services_share_them() -> None:
    seen: dict[str, str] = {}
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")
            assert seen.setdefault(source, name) == name
            mounted = [
                service["environment"][key] for key in PLACES if service.get("environment", {}).get(key) == target
            ]
            assert len(mounted) <= 1
    for service in ours():
        targets = {volume.split(":")[1] for volume in service["volumes"]}
        assert {service["environment"][key] for key in PLACES} <= targets
        keys = Path(service["environment"]["UTVAG_KEYS_DIR"])
        assert not any(Path(target) in keys.parents or keys in Path(target).parents for target in targets)


def test_the_image_has_the_folders_that_volumes_are_mounted_on_for_its_own_user() -> None:
    line = re.search(r"install -d -o utvag -g utvag -m 700 (.+?)\n(?=\S)", DOCKERFILE, re.DOTALL)
    assert line
    made = {Path(word) for word in line[1].replace("\\", " ").split()}
    for service in ours():
        for name in ("UTVAG_KEYS_DIR", "UTVAG_CHECKPOINTS_DIR"):
            assert Path(service["environment"][name]) in made
        ring = next(place for name, place in secrets_of(service).items() if name == "codec_ring")
        assert Path(ring).parent in made, "or the container makes it for root, and the plane's own keys have no place"


def test_the_ring_is_mounted_where_the_programs_look_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for service in ours():
        with monkeypatch.context() as patch:
            settings = settings_of(service, patch, tmp_path)
        assert secrets_of(service)["codec_ring"] == str(ring_path(settings))


def test_desks_ask_the_plane_where_it_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desks = [service for service in ours() if "--desk" in service["command"]]
    assert desks
    for desk in desks:
        host, port = re.fullmatch(r"http://(\w+):(\d+)", desk["environment"]["UTVAG_PLANE_URL"]).groups()  # type: ignore[union-attr]
        asked = SERVICES[host]
        assert "--plane" in asked["command"]
        assert asked["environment"]["UTVAG_PLANE_HOST"] == "0.0.0.0"  # noqa: S104
        assert asked["environment"]["UTVAG_PLANE_PORT"] == port
        assert set(desk["networks"]) & set(asked["networks"])
        assert desk["depends_on"][host] == {"condition": "service_healthy"}
        assert desk["environment"]["UTVAG_ORG"] in desk["command"]
    for service in ours():
        assert not any("8766" in port for port in service.get("ports", []))


def test_a_file_named_in_a_setting_is_mounted_there() -> None:
    for service in ours():
        assert service["environment"]["UTVAG_DIRECTORY"] in {config["target"] for config in service["configs"]}


def test_a_desk_has_a_database_and_a_role_of_its_own() -> None:
    for service in ours():
        command = service["command"]
        for org in (command[i + 1] for i, argument in enumerate(command) if argument == "--desk"):
            url = service["environment"]["UTVAG_DESK_URL_TEMPLATE"].format(org=org)
            match = re.fullmatch(r"postgresql\+psycopg://(?P<role>[\w-]+)@postgres:5432/(?P<database>[\w-]+)", url)
            assert match
            assert f'CREATE ROLE "{match["role"]}" LOGIN' in CONFIGS["databases"]
            assert f'CREATE DATABASE "{match["database"]}" OWNER "{match["role"]}"' in CONFIGS["databases"]


def test_only_the_owner_of_a_database_may_connect_to_it() -> None:
    created = re.findall(r"CREATE DATABASE (\S+) OWNER", CONFIGS["databases"])
    closed = re.findall(r"REVOKE CONNECT ON DATABASE (\S+) FROM PUBLIC", CONFIGS["databases"])
    assert created == closed
    assert "utvag_register" in created


def test_workers_meet_temporal_where_the_server_and_the_namespace_are() -> None:
    assert re.search(r"namespace create --namespace utvag\b", CONFIGS["namespace"])
    for service in ours():
        host, port = service["environment"]["UTVAG_TEMPORAL_ADDRESS"].split(":")
        assert host in SERVICES
        assert SERVICES[host]["healthcheck"]["test"][-1] == port
        assert set(service["networks"]) & set(SERVICES[host]["networks"])
        assert service["environment"]["UTVAG_TEMPORAL_NAMESPACE"] == "utvag"


def test_the_scripts_in_the_file_are_valid_shell() -> None:
    scripts = [CONFIGS["schema"], CONFIGS["namespace"], *SERVICES["temporal"]["command"]]
    for script in scripts:
        subprocess.run(["sh", "-n"], input=script.replace("$$", "$"), text=True, check=True, timeout=10)
