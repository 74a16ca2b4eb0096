"""Build the calculator as one executable archive on the controller."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

DOCUMENTATION = r"""
  name: calculator_zipapp
  author: Cloud Lab maintainers
  version_added: "1.0.0"
  short_description: a Python package as one executable archive
  description:
    - Packs a Python package into an archive that C(python3 ARCHIVE) runs, see PEP 441.
    - The same source gives the same bytes on every controller, so an unchanged package is no change.
  positional: _input
  options:
    _input:
      description: The package's directory on the controller. Its C(__main__) module has a function C(main).
      type: path
      required: true
"""

EXAMPLES = r"""
artefact: "{{ (role_path ~ '/files/calculator') | calculator_zipapp }}"
"""

RETURN = r"""
  _value:
    description: The archive, encoded in base64.
    type: str
"""

_START = "import sys\nfrom {package}.__main__ import main\nsys.exit(main())\n"
_SOURCES = frozenset({".py", ".html"})
# The earliest time that a zip archive can hold; none of the sources' own times may show.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_FILE_MODE = 0o100644


def calculator_zipapp(directory: str) -> str:
    """Return the package in *directory* as an executable zip archive in base64."""
    package = Path(directory)
    sources = {
        f"{package.name}/{path.name}": path.read_bytes()
        for path in package.iterdir()
        if path.suffix in _SOURCES
    }
    sources["__main__.py"] = _START.format(package=package.name).encode()
    archive = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
        for name in sorted(sources):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE_MODE << 16
            bundle.writestr(entry, sources[name])
    return base64.b64encode(archive.getvalue()).decode("ascii")


def calculator_gzip(encoded: str) -> str:
    """Return what *encoded* holds in base64, compressed with gzip, in base64: cloud-init's ``gz+b64``."""
    return base64.b64encode(gzip.compress(base64.b64decode(encoded), mtime=0)).decode("ascii")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        """Return the filters by name."""
        return {"calculator_gzip": calculator_gzip, "calculator_zipapp": calculator_zipapp}
