"""The folder that is published: what lies in it, that its checksums hold, and what its bills of materials say."""

import json
import re
import shutil
import subprocess
import tempfile
import pathlib

import yaml

from image import PROGRAMS, REPOSITORY, VERSION, skopeo
from report import check


def run(folder, images):
    wanted = ["SHA256SUMS", "digests.txt"]
    for program in PROGRAMS:
        wanted += [program, f"{program}-{VERSION}.oci.tar", f"{program}.cdx.json"]
    seen = sorted(one.name for one in folder.iterdir())
    check("two programs, two images, two bills of materials, digests and checksums, and nothing else", seen == sorted(wanted), seen)
    checksums(folder, wanted)
    for program, image in images.items():
        check(f"{program}: the program beside the image is the one in it", image.read(program) == (folder / program).read_bytes())
        readers(folder, program, image)
        bill(folder, program, image)
    chart()


def checksums(folder, wanted):
    listed = [line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    check("there is a checksum of each file", sorted([*listed, "SHA256SUMS"]) == sorted(wanted), listed)
    check("`sha256sum -c` is content", verified(folder))
    with tempfile.TemporaryDirectory() as copy:
        copy = pathlib.Path(copy)
        for one in folder.iterdir():
            shutil.copy(one, copy)
        name = f"fhir-mcp-core-{VERSION}.oci.tar"
        bytes_ = bytearray((copy / name).read_bytes())
        bytes_[len(bytes_) // 2] ^= 1
        (copy / name).write_bytes(bytes_)
        check("`sha256sum -c` sees one bit that was turned in an image", not verified(copy))


def verified(folder):
    return subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True).returncode == 0


def readers(folder, program, image):
    archive = folder / f"{program}-{VERSION}.oci.tar"
    digests = dict(line.split() for line in (folder / "digests.txt").read_text().splitlines())
    name = f"{program}:{VERSION}"
    oci, why = skopeo(f"oci-archive:{archive}:{VERSION}")
    check(f"{program}: skopeo reads it as an OCI archive, under the digest of digests.txt", oci and oci["Digest"] == digests.get(name), why or oci)
    # What `docker load` reads: manifest.json of the same tar.
    docker, why = skopeo("--config", f"docker-archive:{archive}:{name}")
    check(f"{program}: skopeo reads it as what `docker load` takes, and it is the same image", docker == image.config, why)
    odd = [one.name for one in image.entries if (one.mtime, one.uid, one.uname) != (image.entries[0].mtime, 0, "")]
    check(f"{program}: the tar does not say when and by whom it was made", not odd, odd)


def bill(folder, program, image):
    bill = json.loads((folder / f"{program}.cdx.json").read_text())
    text = json.dumps(bill)
    inside = image.read(f"usr/share/sbom/{program}.cdx.json")
    check(f"{program}: the bill in the image is the one beside it", inside == (folder / f"{program}.cdx.json").read_bytes())
    check(f"{program}: the bill is CycloneDX 1.5", (bill.get("bomFormat"), bill.get("specVersion")) == ("CycloneDX", "1.5"))
    about = bill["metadata"]["component"]
    check(f"{program}: the bill is of this program and version", (about["name"], about["version"]) == (program, VERSION), about)
    linked = {(one["name"], one["version"]) for one in bill["components"]}
    lock = set(re.findall(r'^name = "([^"]+)"\nversion = "([^"]+)"', (REPOSITORY / "Cargo.lock").read_text(), re.MULTILINE))
    names = {name for name, _ in linked}
    needed = {"rustls", "ring", "tokio", "tikv-jemallocator", "authz"} | ({"pingora"} if program == PROGRAMS[0] else {"rmcp", "dejavu"})
    check(f"{program}: the bill names what it is made of, in the versions of Cargo.lock", needed <= names and linked <= lock, sorted(needed - names))
    check(f"{program}: the bill names no test tool", not names & {"testbed", "insta", "proptest", "rcgen"})
    check(f"{program}: the bill is the same whenever it is made: no serial number, no folder of this machine",
          "serialNumber" not in bill and str(REPOSITORY) not in text and "file:///source" in text)


def chart():
    folder = REPOSITORY / "charts" / "fhir-mcp-gateway"
    values = yaml.safe_load((folder / "values.yaml").read_text())
    names = [values[one]["image"]["repository"] for one in ("gateway", "core")]
    tag = str(yaml.safe_load((folder / "Chart.yaml").read_text())["appVersion"])
    check("the chart asks for these images by these names and this tag", (names, tag) == (PROGRAMS, VERSION), (names, tag))
