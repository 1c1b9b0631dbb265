"""What is in an image: these files and no others, nobody's but root's, a program that needs nothing, and the texts that go with it."""

import pathlib
import re
import ssl
import struct

from image import REPOSITORY, VERSION
from report import check

MIB = 1024 * 1024
MOST = 30 * MIB
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
THIRD = "licenses/third-party.txt"

# Texts without which a program may not be passed on: a sentence of each, by what is linked.
BOTH = {
    "MIT": "The above copyright notice and this permission notice shall be included in",
    "Apache-2.0": "Apache License",
    "jemalloc": "Jason Evans",
    "musl": "Rich Felker",
}
# pingora's compression, and the font of core's pictures.
ALONE = {
    "fhir-mcp-gateway": {"Zstandard": "Meta Platforms", "zlib-ng": "Jean-loup Gailly"},
    "fhir-mcp-core": {"DejaVu": "Bitstream Vera"},
}


def expected(program):
    files = [program, BUNDLE, "licenses/LICENSE", THIRD, "licenses/rust-library.html", f"usr/share/sbom/{program}.cdx.json"]
    folders = {str(folder) for file in files for folder in parents(file)}
    return sorted(files), sorted(folders)


def parents(file):
    parts = file.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def run(image, program, revision, created):
    members = image.files()
    files, folders = expected(program)
    seen = sorted(name for name, one in members.items() if one.isfile())
    check(f"{program}: the image holds the program, its authorities, licences and bill of materials, and nothing else", seen == files, seen)
    others = sorted(name for name, one in members.items() if not one.isfile())
    check(f"{program}: beside them there are folders alone, no links and no devices",
          others == folders and all(members[one].isdir() for one in others), others)
    strange = [name for name, one in members.items() if (one.uid, one.gid) != (0, 0) or one.mode & 0o7022]
    check(f"{program}: every file is root's, writable by root alone, and none is set-uid", not strange, strange)
    odd = [name for name, one in members.items() if one.mtime != created]
    check(f"{program}: every file has the time of the commit", not odd, odd)
    unpacked = sum(one.size for one in members.values())
    check(f"{program}: {image.archive.stat().st_size / MIB:.1f} MiB to load, {unpacked / MIB:.1f} MiB unpacked, both below 30",
          image.archive.stat().st_size < MOST and unpacked < MOST)
    configuration(image, program, revision)
    elf(image.read(program), program)
    texts(image, program)
    authorities(image, program)


def configuration(image, program, revision):
    config = image.config["config"]
    check(f"{program}: runs as 65532:65532, by number", config.get("User") == "65532:65532", config.get("User"))
    check(f"{program}: begins with the program, and no shell", config.get("Entrypoint") == [f"/{program}"] and "Cmd" not in config, config)
    check(f"{program}: has no environment, volumes or ports", not {"Env", "Volumes", "ExposedPorts"} & set(config), config)
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config.get("Labels", {}).items()}
    wanted = {"title": program, "version": VERSION, "revision": revision, "licenses": "MIT"}
    check(f"{program}: labels say title, version, revision and licence", wanted.items() <= labels.items(), labels)
    check(f"{program}: the labels say when, and it is when the image says it was made", labels.get("created") == image.config["created"], labels)
    check(f"{program}: is for linux on amd64", (image.config["os"], image.config["architecture"]) == ("linux", "amd64"))


def segments(program):
    """The program headers of a 64-bit little-endian ELF file: type, flags, offset and size in the file."""
    start, size, count = struct.unpack_from("<Q", program, 32)[0], *struct.unpack_from("<HH", program, 54)
    for at in range(start, start + size * count, size):
        kind, flags, offset = struct.unpack_from("<IIQ", program, at)
        yield kind, flags, offset, struct.unpack_from("<Q", program, at + 32)[0]


LOAD, DYNAMIC, INTERPRETER, STACK, RELRO = 1, 2, 3, 0x6474E551, 0x6474E552


def elf(program, name):
    found = list(segments(program))
    kinds = [kind for kind, *_ in found]
    check(f"{name}: an ELF program for x86-64", program[:4] == b"\x7fELF" and program[4] == 2 and struct.unpack_from("<H", program, 18)[0] == 62)
    check(f"{name}: names no dynamic linker", INTERPRETER not in kinds and LOAD in kinds, kinds)
    needed = [tag for _, _, offset, size in (one for one in found if one[0] == DYNAMIC) for tag in tags(program, offset, size) if tag == 1]
    check(f"{name}: needs no library", not needed)
    check(f"{name}: is laid out anew at each start (static PIE)", struct.unpack_from("<H", program, 16)[0] == 3)
    both = [flags for kind, flags, *_ in found if kind in (LOAD, STACK) and flags & 1 and flags & 2]
    check(f"{name}: no memory is writable and executable, the stack included", not both and STACK in kinds, both)
    check(f"{name}: relocations are read-only once it runs", RELRO in kinds)
    check(f"{name}: allocates by jemalloc", b"<jemalloc>" in program)
    places = [one for one in (str(REPOSITORY).encode(), str(pathlib.Path.home()).encode(), b".cargo/registry") if one in program]
    check(f"{name}: says nothing of the folders that it was built in", not places and b"/cargo/registry" in program, places)


def tags(program, offset, size):
    return [struct.unpack_from("<Q", program, at)[0] for at in range(offset, offset + size, 16)]


def texts(image, program):
    check(f"{program}: our own licence is there", image.read("licenses/LICENSE") == (REPOSITORY / "LICENSE").read_bytes())
    third = image.read(THIRD).decode()
    missing = [what for what, sentence in (BOTH | ALONE[program]).items() if sentence not in third]
    check(f"{program}: the licences of what is linked are there", not missing, missing)
    others = {what: sentence for one, texts_of in ALONE.items() if one != program for what, sentence in texts_of.items()}
    strange = [what for what, sentence in others.items() if sentence in third]
    check(f"{program}: and none of what only the other links", not strange, strange)
    linked = re.findall(r'^name = "([^"]+)"', (REPOSITORY / "Cargo.lock").read_text(), re.MULTILINE)
    named = set(re.findall(r"^    ([\w-]+) \d", third, re.MULTILINE))
    check(f"{program}: more than 150 crates are named with a licence, each of Cargo.lock", len(named) > 150 and named <= set(linked), len(named))
    check(f"{program}: the licences of Rust's library are there", b"<html" in image.read("licenses/rust-library.html"))


def authorities(image, program):
    bundle = image.read(BUNDLE).decode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=bundle)
    read = context.cert_store_stats()
    check(f"{program}: trusts more than 100 authorities, all of them able to sign", read["x509_ca"] == bundle.count("BEGIN CERTIFICATE") > 100, read)
