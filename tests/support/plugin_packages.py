"""Installed packages for tests: folders with the files an installer would leave, and the example of the documentation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "docs" / "plugin_example"


def installed(folder: Path, name: str, code: str, entries: str, version: str = "1.0") -> Path:
    """A folder with a distribution of one module, as pip leaves it; entries as in `entry_points.txt`."""
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(code)
    about = folder / f"{module}-{version}.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(entries)
    (about / "INSTALLER").write_text("pip\n")
    files = [
        f"{module}.py",
        *(f"{about.name}/{part}" for part in ("METADATA", "entry_points.txt", "INSTALLER", "RECORD")),
    ]
    (about / "RECORD").write_text("".join(f"{path},,\n" for path in files))
    return folder


def install_example(root: Path) -> Path:
    """The folder into which the example of the documentation was installed, from a wheel, without a network."""
    wheels, target = root / "wheels", root / "installed"
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(EXAMPLE)]
    done = subprocess.run([sys.executable, *build], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pip = ["-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", str(target)]
    done = subprocess.run(
        [sys.executable, *pip, str(next(wheels.glob("*.whl")))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target
