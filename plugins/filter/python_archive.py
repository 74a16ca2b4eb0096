"""Filters ``python_archive`` and ``gzip_b64``: a Python package as one file, in the form cloud-init takes."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path

DOCUMENTATION = r"""
  name: python_archive
  author: Cloud Lab maintainers
  version_added: "1.0.0"
  short_description: a Python package as one executable archive
  description:
    - Packs a Python package into an archive that C(python3 ARCHIVE) runs, see PEP 441.
    - The same source gives the same bytes on every controller, so an unchanged package is no change.
  positional: _input
  options:
    _input:
      description: The package's directory on the controller.
      type: path
      required: true
    package:
      description: The package's name in the archive. Empty means that of its directory, which has to be one.
      type: str
      default: ""
    main:
      description: The module whose function C(main) is run; it returns the exit status.
      type: str
      default: __main__
    modules:
      description: The modules to pack besides C(__init__). Empty means all, and the package's HTML files.
      type: list
      elements: str
      default: []
"""

EXAMPLES = r"""
artefact: "{{ (role_path ~ '/files/calculator') | python_archive }}"
"""

RETURN = r"""
  _value:
    description: The archive, encoded in base64.
    type: str
"""

_START = "import sys\nfrom {package}.{main} import main\nsys.exit(main())\n"
_SOURCES = frozenset({".py", ".html"})
# The earliest time that a zip archive can hold; none of the sources' own times may show.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_FILE_MODE = 0o100644


def python_archive(
    directory: str, package: str = "", main: str = "__main__", modules: Collection[str] = ()
) -> str:
    """Return the package in *directory* as an executable zip archive in base64.

    *package* is its name, that of the directory if empty; ``ValueError`` if Python could not import it. With
    *modules* only these and ``__init__`` are packed; ``FileNotFoundError`` if one does not exist.
    """
    source = Path(directory)
    name = package or source.name
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name of a package; give it another with package")
    if modules:
        paths = [source / f"{module}.py" for module in {"__init__", *modules}]
    else:
        paths = [path for path in source.iterdir() if path.suffix in _SOURCES]
    sources = {f"{name}/{path.name}": path.read_bytes() for path in paths}
    sources["__main__.py"] = _START.format(package=name, main=main).encode()
    archive = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
        for path in sorted(sources):
            entry = zipfile.ZipInfo(path, _NO_TIME)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE_MODE << 16
            bundle.writestr(entry, sources[path])
    return base64.b64encode(archive.getvalue()).decode("ascii")


def gzip_b64(encoded: str) -> str:
    """Return what *encoded* holds in base64, compressed with gzip, in base64: cloud-init's ``gz+b64``."""
    return base64.b64encode(gzip.compress(base64.b64decode(encoded), mtime=0)).decode("ascii")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters by name."""
        return {"gzip_b64": gzip_b64, "python_archive": python_archive}
