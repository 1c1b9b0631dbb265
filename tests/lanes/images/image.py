"""One image as it lies in its tar, read without the tools that made it."""

import io
import json
import pathlib
import subprocess
import tarfile


class Image:
    """An OCI layout in a tar: its manifest, its configuration and the files of its one layer."""

    def __init__(self, archive):
        self.archive = archive
        with tarfile.open(archive) as tar:
            self.entries = tar.getmembers()
            blobs = {one.name: tar.extractfile(one).read() for one in self.entries if one.isfile()}
        (self.listed,) = json.loads(blobs["index.json"])["manifests"]
        self.docker = json.loads(blobs["manifest.json"])
        self.manifest = json.loads(blobs[path(self.listed["digest"])])
        self.config = json.loads(blobs[path(self.manifest["config"]["digest"])])
        (layer,) = self.manifest["layers"]
        self.layer = blobs[path(layer["digest"])]

    def files(self):
        """The members of the layer, by name."""
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            return {one.name: one for one in tar.getmembers()}

    def read(self, name):
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            return tar.extractfile(name).read()

    def unpack(self, into):
        into.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            tar.extractall(into)
        return into


def path(digest):
    return "blobs/" + digest.replace(":", "/")


def skopeo(*arguments):
    """What skopeo says of an image, or None with what it complained of."""
    run = subprocess.run(["skopeo", "inspect", *arguments], capture_output=True, text=True)
    return (json.loads(run.stdout), "") if run.returncode == 0 else (None, run.stderr.strip())


def version(repository):
    """The version of the workspace."""
    text = (repository / "Cargo.toml").read_text()
    return text.split("[workspace.package]")[1].split('version = "')[1].split('"')[0]


REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROGRAMS = ["fhir-mcp-gateway", "fhir-mcp-core"]
VERSION = version(REPOSITORY)
