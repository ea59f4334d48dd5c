"""CPU-seconds of commands that only tell something, imports included: the least of some runs, each its own process.

With bytecode that the first run writes, as wherever hi_fhir is installed, even where the environment forbids it.

Run: python -m tests.bench.bench_start_up [runs]
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.data_folder import unpack

_COMMANDS = {"help": ["--help"], "status": ["status"], "measures_list": ["measures", "list"]}


def measure(runs: int) -> dict[str, float]:
    """Each command over a data folder with one run in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = {"HI_FHIR_DATA_DIR": str(unpack(folder)), "HI_FHIR_KEY_FILE": str(folder / "keys" / "identity.key")}
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own
        return {
            f"{told}_cpu_s": round(min(_cpu_seconds(arguments, environ) for _ in range(runs)), 3)
            for told, arguments in _COMMANDS.items()
        }


def _cpu_seconds(arguments: list[str], environ: dict[str, str]) -> float:
    before = _cpu()
    command = [sys.executable, "-c", "from hi_fhir.cli.main import main; main()", *arguments]
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
    return _cpu() - before


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5), indent=2))  # noqa: T201
