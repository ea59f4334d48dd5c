"""The image of docker/Dockerfile, built for real and run by runc: as its own user, on a root that is read-only."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MADE = ROOT / "tests" / "container" / "target"
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_BUILD_S, _RUN_S = 900, 600


def require(*paths: Path) -> None:
    """Skip where tests/container/install.sh has not made what is needed; in CI that is a failure."""
    if all(path.exists() for path in paths) and os.geteuid() == 0:
        return
    reason = "there is nothing to build containers with: tests/container/install.sh says what is missing"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class ContainerImage:
    """The image, unpacked, with what it says of itself."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0
        self._store = ("--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs")

    def build(self) -> None:
        base = self._buildah("from", "scratch")
        self._buildah("add", "--quiet", base, MADE / "base.tar", "/")
        self._buildah("commit", "--quiet", "--rm", base, "base")
        settings = self._folder / "pip.conf"
        settings.write_text("[global]\ncert = /etc/ssl/certs/host.crt\n")
        here = ("--secret", f"id=pip,src={settings}", "--volume", f"{_AUTHORITIES}:/etc/ssl/certs/host.crt:ro")
        what = ("--build-arg", "BASE=localhost/base", "--file", ROOT / "docker" / "Dockerfile", "--tag", "made")
        self._buildah("build", "--quiet", "--format", "docker", *here, *what, ROOT)
        self.root = Path(self._buildah("mount", self._buildah("from", "made")))
        self.says: dict[str, Any] = json.loads(self._buildah("inspect", "--type", "image", "made"))["Docker"]

    def close(self) -> None:
        self._buildah("rm", "--all")

    def run(self, words: Sequence[str], data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """What a command within prints. data: the only folder that it can write to, beside /tmp and /keys."""
        self._number += 1
        bundle = self._folder / f"bundle-{self._number}"
        bundle.mkdir()
        subprocess.run(["runc", "spec"], cwd=bundle, check=True)
        spec = json.loads((bundle / "config.json").read_text())
        user = self.says["config"]["User"].split(":")
        given = [*self.says["config"]["Env"], *(f"{name}={value}" for name, value in variables.items())]
        process = {"terminal": False, "args": list(words), "env": given, "cwd": self.says["config"]["WorkingDir"]}
        spec["process"].update(process, user={"uid": int(user[0]), "gid": int(user[1])})
        spec["process"].pop("rlimits", None)
        owner = [f"uid={user[0]}", f"gid={user[1]}"]
        spec["root"] = {"path": str(self.root), "readonly": True}
        spec["mounts"] += [
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]},  # noqa: S108
            {"destination": "/data", "type": "bind", "source": str(data), "options": ["rbind", "rw"]},
            {"destination": "/keys", "type": "tmpfs", "source": "tmpfs", "options": ["mode=0700", *owner]},
        ]
        (bundle / "config.json").write_text(json.dumps(spec))
        name = f"hi-fhir-{os.getpid()}-{self._number}"
        command = ["runc", "run", "--bundle", bundle, name]
        return subprocess.run(command, capture_output=True, text=True, timeout=_RUN_S, check=False)

    def folder(self, path: Path) -> Path:
        """A new folder that belongs to the image's user."""
        path.mkdir()
        shutil.chown(path, 10001, 10001)
        return path

    def _buildah(self, *words: object) -> str:
        env = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        command = ["buildah", *map(str, self._store), *map(str, words)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=_BUILD_S, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()
