"""Builds the wheel and the source distribution of the Python package (a PEP 517 backend).

The wheel holds one shared library, libtracemill.so: the core, the command line and the Swift run time, linked
from the objects of an ordinary release build. `_core.abi3.so`, in CPython's limited API, links it, and so does
`_bin/tracemill`, which is the command. TRACEMILL_CONFIGURATION=debug takes a debug build's objects.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

PYTHON = Path(__file__).resolve().parent.parent
#: The Swift package: above in the repository, beside in a source distribution.
SWIFT = PYTHON / "swift" if (PYTHON / "swift" / "Package.swift").exists() else PYTHON.parent
CONFIGURATION = os.environ.get("TRACEMILL_CONFIGURATION", "release")
#: C libraries that are linked in where Debian has them position-independent; auditwheel brings the others.
STATIC = ["archive", "csv", "sqlite3", "crypto", "z", "zstd"]
#: What a static libarchive needs besides.
SHARED = ["libbz2.so.1.0", "liblzma.so.5", "liblz4.so.1", "libnettle.so.8", "libacl.so.1"]
FOUNDATION = (
    "Foundation CoreFoundation FoundationInternationalization FoundationEssentials _FoundationICU "
    "_FoundationCShims _FoundationCollections swiftDispatch dispatch BlocksRuntime"
).split()


def version() -> str:
    """The version, from the one place that says it."""
    text = (SWIFT / "Sources/Runs/Toolkit.swift").read_text()
    return text.split('version = "')[1].split('"')[0]


def run(*command: object, cwd: Path = SWIFT) -> str:
    """Runs a command, its output shown only where it fails."""
    result = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    if result.returncode:
        sys.stderr.write(result.stdout + result.stderr)
        raise SystemExit(f"wheel: failed: {' '.join(map(str, command))[:200]}")
    return result.stdout


def objects() -> list[str]:
    """The objects of the program and of the C face, built if need be."""
    lists: list[str] = []
    if not os.environ.get("TRACEMILL_NO_BUILD"):
        for product in ("TracemillC", "tracemill"):
            run("swift", "build", "-c", CONFIGURATION, "--product", product)
    bins = Path(run("swift", "build", "-c", CONFIGURATION, "--show-bin-path").strip())
    for product in ("TracemillC", "tracemill"):
        lists += (bins / f"{product}.product" / "Objects.LinkFileList").read_text().split("\n")
    return sorted({line.strip() for line in lists if line.strip()})


def find_library(name: str) -> Path | None:
    """A library's file in the places where the linker looks."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"):
        if (Path(folder) / name).exists():
            return Path(folder) / name
    return None


def link_core(folder: Path) -> Path:
    """libtracemill.so in `folder`: everything but libc."""
    library = folder / "libtracemill.so"
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        (work / "objects").write_text("\n".join(objects()))
        header = (SWIFT / "Sources/CTracemill/include/tracemill.h").read_text()
        header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
        exports = [*sorted(set(re.findall(r"\b(tm_[a-z_]+)\(", header))), "tracemill_main"]
        (work / "exports").write_text(f"{{ global: {'; '.join(exports)}; local: *; }};\n")
        (work / "static").mkdir()
        is_static = all(find_library(f"lib{name}.a") for name in STATIC) and all(map(find_library, SHARED))
        if is_static:
            # The linker takes what it finds first, and here it finds no shared one.
            for name in STATIC:
                (work / "static" / f"lib{name}.a").symlink_to(find_library(f"lib{name}.a") or "")
        run(
            "swiftc", "-static-stdlib", "-use-ld=lld", "-emit-library", "-o", library,
            f"@{work / 'objects'}", "-L", work / "static",
            *linker("--gc-sections", "--icf=all", "-s", "--exclude-libs=ALL", f"--version-script={work / 'exports'}"),
            *linker("-soname", "libtracemill.so"),
            *[f"-l{name}" for name in FOUNDATION], *[f"-l{name}" for name in STATIC],
            *([f"-l:{name}" for name in SHARED] if is_static else []),
            *"-lisal -lsimdjson -lstdc++ -lm".split(),
        )  # fmt: skip
    return library


def linker(*options: str) -> list[str]:
    """Options for the linker through swiftc."""
    return [word for option in options for word in ("-Xlinker", option)]


def build_package(folder: Path) -> None:
    """Puts the package into `folder`/tracemill, compiled parts and all."""
    package = folder / "tracemill"
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(PYTHON / "src" / "tracemill", package, ignore=ignored)
    shutil.copy(PYTHON / "src" / "tracemill_command.py", folder)
    shutil.copy(SWIFT / "Sources/CTracemill/include/tracemill.h", package / "tracemill.h")
    link_core(package)
    compiler = os.environ.get("CC", "cc")
    common = ["-O2", "-Wall", f"-I{SWIFT / 'Sources/CTracemill/include'}", f"-L{package}"]
    run(
        compiler, *common, "-shared", "-fPIC", f"-I{sysconfig.get_paths()['include']}",
        PYTHON / "src/native/core.c", "-o", package / "_core.abi3.so", "-ltracemill", "-lpthread",
        "-Wl,-rpath,$ORIGIN",
    )  # fmt: skip
    (package / "_bin").mkdir()
    run(
        compiler, *common, PYTHON / "src/native/main.c", "-o", package / "_bin" / "tracemill",
        "-ltracemill", "-Wl,-rpath,$ORIGIN/..",
    )  # fmt: skip


def metadata() -> str:
    """METADATA: pyproject.toml's, with the version and the readme."""
    import tomllib

    project = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {version()}"]
    lines += [f"Summary: {project['description']}", f"Requires-Python: {project['requires-python']}"]
    lines += [f"License-Expression: {project['license']}", "Description-Content-Type: text/markdown"]
    lines += [f"Classifier: {item}" for item in project["classifiers"]]
    lines += [f"Keywords: {','.join(project['keywords'])}"]
    lines += [f"Requires-Dist: {item}" for item in project["dependencies"]]
    for extra, items in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {item}; extra == "{extra}"' for item in items]
    return "\n".join(lines) + "\n\n" + (PYTHON / "README.md").read_text()


def entry_points() -> str:
    return "[console_scripts]\ntracemill = tracemill_command:main\n"


def platform_tag() -> str:
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def build_wheel(
    wheel_directory: str, config_settings: object = None, metadata_directory: str | None = None
) -> str:
    """PEP 517: a wheel, not yet repaired by auditwheel."""
    tag = f"cp310-abi3-{platform_tag()}"
    name = f"tracemill-{version()}-{tag}.whl"
    info = f"tracemill-{version()}.dist-info"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        build_package(folder)
        (folder / info / "licenses").mkdir(parents=True)
        (folder / info / "METADATA").write_text(metadata())
        (folder / info / "entry_points.txt").write_text(entry_points())
        (folder / info / "WHEEL").write_text(
            f"Wheel-Version: 1.0\nGenerator: tracemill\nRoot-Is-Purelib: false\nTag: {tag}\n"
        )
        shutil.copy(SWIFT / "LICENSE", folder / info / "licenses" / "LICENSE")
        record = []
        with zipfile.ZipFile(
            Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED, compresslevel=9
        ) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                data = path.read_bytes()
                inside = path.relative_to(folder).as_posix()
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                record.append(f"{inside},sha256={digest},{len(data)}")
                entry = zipfile.ZipInfo(inside, (1980, 1, 1, 0, 0, 0))
                entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
            archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))
    return name


def build_sdist(sdist_directory: str, config_settings: object = None) -> str:
    """PEP 517: the package and the Swift sources that it is built from."""
    stem = f"tracemill-{version()}"
    # The manifest names the tests too, and the shipped policies are links into data.
    parts = ["Package.swift", "LICENSE", "Sources", "Tests", "data/policies", "python"]
    tracked = run("git", "ls-files", *parts).splitlines()
    with tarfile.open(Path(sdist_directory) / f"{stem}.tar.gz", "w:gz") as archive:
        for name in tracked:
            inside = name.removeprefix("python/") if name.startswith("python/") else f"swift/{name}"
            archive.add(SWIFT / name, f"{stem}/{inside}", recursive=False)
        info = tarfile.TarInfo(f"{stem}/PKG-INFO")
        data = metadata().encode()
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return f"{stem}.tar.gz"
