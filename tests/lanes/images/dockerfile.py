"""The last two stages of deploy/Dockerfile, by buildah, over the files of the images that `make images` made: the same comes out."""

import hashlib
import json
import re
import subprocess

from image import REPOSITORY, Image
from report import check

FILE = REPOSITORY / "deploy" / "Dockerfile"
IGNORED = ("io.buildah.", "org.opencontainers.image.created")


def stage(name):
    """The text of one stage from scratch."""
    return re.search(rf"^FROM scratch AS {name}$.*?(?=^FROM |\Z)", FILE.read_text(), re.MULTILINE | re.DOTALL).group()


def run(images, work, revision):
    pinned = (REPOSITORY / "rust-toolchain.toml").read_text().split('channel = "')[1].split('"')[0]
    check("the Dockerfile compiles with the compiler of rust-toolchain.toml", f"FROM rust:{pinned}-" in FILE.read_text())
    context = work / "build"
    for program, image in images.items():
        image.unpack(context / "images" / program)
    for name, program in zip(("gateway", "core"), images):
        made, why = built(name, context, work, revision)
        if made is None:
            check(f"Dockerfile: buildah makes the stage `{name}`", False, why)
            continue
        check(f"Dockerfile: the stage `{name}` holds the files of {program}", contents(made) == contents(images[program]))
        check(f"Dockerfile: and runs them as the same user, in the same way, under the same labels",
              purpose(made) == purpose(images[program]), (purpose(made), purpose(images[program])))


def built(name, context, work, revision):
    """The image of a stage, whose stage before it is the folder `context`."""
    (work / name).mkdir()
    (work / name / "Containerfile").write_text(stage(name))
    buildah = ["buildah", "--root", work / "store", "--runroot", work / "run", "--storage-driver", "vfs"]
    archive = work / name / "image.tar"
    make = [*buildah, "bud", "--isolation", "chroot", "--build-context", f"build={context}", "--timestamp", "0",
            "--build-arg", f"SOURCE_REVISION={revision}", "--tag", name, "--file", work / name / "Containerfile", work / name]
    push = [*buildah, "push", name, f"docker-archive:{archive}"]
    for step in (make, push):
        run = subprocess.run(step, capture_output=True, text=True)
        if run.returncode != 0:
            return None, run.stderr.strip()[-300:]
    return Docker(archive), ""


class Docker(Image):
    """An image as Docker writes it; the rest is read alike."""

    def __init__(self, archive):
        import tarfile
        with tarfile.open(archive) as tar:
            (entry,) = json.loads(tar.extractfile("manifest.json").read())
            self.config = json.loads(tar.extractfile(entry["Config"]).read())
            (layer,) = entry["Layers"]
            self.layer = tar.extractfile(layer).read()


def contents(image):
    """Each file by its name, with owner, rights and a digest."""
    files = {name: one for name, one in image.files().items() if one.isfile()}
    return {name: (one.uid, one.gid, one.mode & 0o7777, hashlib.sha256(image.read(name)).hexdigest()) for name, one in files.items()}


def purpose(image):
    config = image.config["config"]
    labels = {name: value for name, value in config["Labels"].items() if not name.startswith(IGNORED)}
    return config["User"], config["Entrypoint"], config.get("Cmd"), labels
