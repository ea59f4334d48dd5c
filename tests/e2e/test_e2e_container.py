"""The image really built and run, as its user on a root that is read-only; Compose read by its own library."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.container import MADE, ROOT, ContainerImage, require

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerImage]:
    require(MADE / "base.tar")
    made = ContainerImage(tmp_path_factory.mktemp("image"))
    made.build()
    yield made
    made.close()


def test_the_demo_runs_within_as_its_user_on_a_root_that_is_read_only(image: ContainerImage, tmp_path: Path) -> None:
    data = image.folder(tmp_path / "data")

    told = image.run(["sh", "-c", "id -u; id -g; touch /anything"], data)
    ran = image.run(
        [
            "hi-fhir",
            "demo",
            "--people",
            "150",
            "--periods",
            "1",
            "--measures",
            "bmi-recorded",
            "--folder",
            "/data/demo",
            "--json",
        ],
        data,
    )

    assert told.stdout.split() == ["10001", "10001"]
    assert "Read-only file system" in told.stderr
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert (found["differing"], found["cells"] > 10_000) == (0, True)


def test_it_serves_as_healthy_with_the_design_of_its_pages(image: ContainerImage, tmp_path: Path) -> None:
    data = image.folder(tmp_path / "data")
    check = shlex.join(image.says["config"]["Healthcheck"]["Test"][1:])
    style = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8765/static/pages.css').status)"
    asks = shlex.join(["/opt/hi-fhir/bin/python", "-c", style])
    waits = f"for n in $(seq 60); do {check} 2>/dev/null && break; sleep 1; done"
    script = f"hi-fhir serve & {waits}; {check} && {asks}; kill $!; wait"

    served = image.run(["sh", "-c", script], data)

    assert served.stdout.splitlines()[-1:] == ["200"], served.stderr[:2000]
    assert "Pages to look at" in served.stdout


def test_it_says_what_it_is_and_how_it_is_watched(image: ContainerImage) -> None:
    config = image.says["config"]

    assert config["User"] == "10001:10001"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert "/readyz" in config["Healthcheck"]["Test"][-1]


def test_a_secret_is_read_from_its_file_or_its_absence_said(image: ContainerImage, tmp_path: Path) -> None:
    data = image.folder(tmp_path / "data")
    (data / "url").write_text("nowhere://secret\n")

    read = image.run(["hi-fhir", "status"], data, HI_FHIR_STORE_URL_FILE="/data/url")
    missing = image.run(["hi-fhir", "status"], data, PGPASSWORD_FILE="/data/nothing")

    assert (read.returncode, "store_url" in read.stderr, "secret" in read.stderr) == (2, True, False)
    assert (missing.returncode, "PGPASSWORD_FILE" in missing.stderr) == (2, True)


def test_compose_is_as_its_schema_says_and_the_service_waits_for_a_healthy_store() -> None:
    require(MADE / "compose")
    env = {**os.environ, "HI_FHIR_PUBLIC_URL": "https://numbers.example"}
    command = [MADE / "compose", ROOT / "docker" / "compose.yaml"]
    read = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert read.returncode == 0, read.stderr

    services = json.loads(read.stdout)["services"]
    service = services["service"]
    assert set(services) == {"service", "postgres", "hapi"}
    assert service["environment"]["HI_FHIR_AGREEMENTS"] == "required"
    assert service["environment"]["HI_FHIR_TRUSTED_PROXY"] == "*"
    assert service["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["postgres"]["healthcheck"]["test"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert [port["host_ip"] for one in services.values() for port in one.get("ports", [])] == ["127.0.0.1"] * 2
