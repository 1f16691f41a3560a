#!/usr/bin/env python3
"""Verifies an export of the log, from FORMAT.md alone: Python's standard library, and openssl for Ed25519.

    verify.py EXPORT --vkey VKEY [--checkpoint FILE]... [--latest] [--unsigned-tail N]

EXPORT is the file of `countersign audit export`, VKEY the verifier key as written down at `init`, FILE a
checkpoint that was kept. With --latest the export was made after these checkpoints, and one that is larger
means that the log was rolled back. Whoever made the export can have written what stands after its last
checkpoint: it is refused, but for the last N entries with --unsigned-tail. Ends with 0 if everything holds,
1 if not, 2 if it was not looked at.
"""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

LONGEST_LINE = 262_144
LONGEST_ENTRY = 65_535
ENTRY_KEYS = [
    "v", "at", "kind", "actor", "certificate", "request", "subject", "code", "rule", "digest", "detail",
]
# SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), without the key.
ED25519 = bytes.fromhex("302a300506032b6570032100")


class Wrong(Exception):
    """Something does not hold."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def decode64(text, length=None):
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Wrong(f"{text!r} is no base64") from None
    # One spelling: no stray bits behind the last byte.
    if base64.b64encode(raw).decode() != text or length not in (None, len(raw)):
        raise Wrong(f"{text!r} is not {length} bytes in base64")
    return raw


class Tree:
    """RFC 6962: roots of full subtrees, the largest first, of which no two are of one size."""

    def __init__(self):
        self.size = 0
        self.full = []

    def add(self, leaf):
        size, node = 1, leaf
        while self.full and self.full[-1][0] == size:
            node = sha256(b"\x01", self.full.pop()[1], node)
            size *= 2
        self.full.append((size, node))
        self.size += 1

    def root(self):
        if not self.full:
            return sha256()
        node = self.full[-1][1]
        for _, left in reversed(self.full[:-1]):
            node = sha256(b"\x01", left, node)
        return node


class Key:
    """A verifier key (C2SP signed-note)."""

    def __init__(self, vkey):
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise Wrong("a verifier key is name+id+key")
        self.vkey, self.name = vkey, parts[0]
        typed = decode64(parts[2], 33)
        self.id = sha256(self.name.encode(), b"\n", typed)[:4]
        if parts[1] != self.id.hex():
            raise Wrong(f"the verifier key's id should be {self.id.hex()}")
        if typed[0] != 1:
            raise Wrong("the verifier key is not of Ed25519")
        self.public = typed[1:]

    def verify(self, text, signature):
        with tempfile.TemporaryDirectory() as directory:
            def file(name, content):
                path = os.path.join(directory, name)
                with open(path, "wb") as out:
                    out.write(content)
                return path

            done = subprocess.run(
                ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                 "-inkey", file("key", ED25519 + self.public),
                 "-in", file("text", text), "-sigfile", file("signature", signature)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return done.returncode == 0

    def open(self, note):
        """Size and root of a checkpoint that this key signed."""
        text, gap, signatures = note.partition("\n\n")
        lines = text.split("\n")
        if not gap or len(lines) != 3:
            raise Wrong("a checkpoint is three lines, an empty one, and signatures")
        if lines[0] != self.name:
            raise Wrong(f"a checkpoint of `{lines[0]}`, not of `{self.name}`")
        if not signatures.endswith("\n"):
            raise Wrong("a checkpoint's last line is cut")
        for line in signatures[:-1].split("\n"):
            name, _, signature = line.removeprefix("\u2014 ").rpartition(" ")
            if not line.startswith("\u2014 ") or name != self.name:
                continue
            raw = decode64(signature)
            if raw[:4] == self.id and len(raw) == 68:
                if not self.verify((text + "\n").encode(), raw[4:]):
                    raise Wrong(f"the signature under the checkpoint of size {lines[1]} does not verify")
                break
        else:
            raise Wrong(f"the checkpoint of size {lines[1]} is not signed by `{self.name}`")
        if not lines[1].isascii() or not lines[1].isdigit() or str(int(lines[1])) != lines[1]:
            raise Wrong(f"`{lines[1]}` is no size")
        return int(lines[1]), decode64(lines[2], 32)


def no_integer(text):
    raise Wrong(f"{text} is no integer, and the format has no other numbers")


def spelled(raw, what):
    """An object of JSON in its one spelling, its numbers integers."""
    try:
        value = json.loads(raw, parse_float=no_integer, parse_constant=no_integer)
    except ValueError:
        raise Wrong(f"{what} is no JSON") from None
    one = json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f")
    if one.encode() != raw or not isinstance(value, dict):
        raise Wrong(f"{what} is not spelled as the format says")
    return value


def parse(line, number):
    """One line of the export."""
    if len(line) > LONGEST_LINE or not line.endswith(b"\n"):
        raise Wrong(f"line {number} is too long, or cut")
    return spelled(line[:-1], f"line {number}")


def is_number(value, expected):
    """Python takes `true` for 1."""
    return type(value) is int and value == expected


def bytes_of(line, index):
    """The entry's bytes. Those that are printable have no second spelling."""
    raw = line["entry"].encode() if "entry" in line else decode64(line["entry_base64"])
    if all(0x20 <= byte <= 0x7e for byte in raw) != ("entry" in line):
        raise Wrong(f"entry {index} is not spelled as the format says")
    return raw


class Requests:
    """Whether reservations and outcomes fit together."""

    def __init__(self):
        self.open, self.closed = {}, {}

    def note(self, index, entry):
        request, code = entry.get("request"), entry.get("code")
        if entry["kind"] == "sign_reserved":
            self.open[request] = index
        elif entry["kind"] == "sign_outcome":
            reserved = self.open.pop(request, None) is not None
            if code == "signed" and not reserved and self.closed.get(request) not in ("signed", "unknown"):
                raise Wrong(f"entry {index} is a signature without a reservation")
            self.closed[request] = code


def check_entry(index, raw, requests):
    if len(raw) > LONGEST_ENTRY:
        raise Wrong(f"entry {index} is longer than {LONGEST_ENTRY} bytes")
    entry = spelled(raw, f"entry {index}")
    if not is_number(entry.get("v"), 1):
        raise Wrong(f"entry {index} is not of version 1")
    if list(entry) != [key for key in ENTRY_KEYS if key in entry] or "kind" not in entry:
        raise Wrong(f"entry {index} has keys that the format does not have, or in another order")
    requests.note(index, entry)


class Export:
    """What was read so far, and what it proves."""

    def __init__(self, key, kept):
        self.key, self.kept = key, kept
        self.tree, self.requests = Tree(), Requests()
        self.proven, self.checkpoints, self.ended = 0, 0, False

    def header(self, line):
        expected = {"format": "countersign-audit/1", "origin": self.key.name, "vkey": self.key.vkey}
        if list(line.items()) != list(expected.items()):
            raise Wrong(f"the header is not that of this format and of `{self.key.vkey}`")

    def line(self, line):
        if self.ended:
            raise Wrong("lines follow the end")
        keys = list(line)
        if keys in (["index", "leaf", "entry"], ["index", "leaf", "entry_base64"]):
            self.entry(line)
        elif keys == ["checkpoint"]:
            self.checkpoint(line["checkpoint"])
        elif keys == ["end"]:
            if not is_number(line["end"], self.tree.size):
                raise Wrong(f"the end says {line['end']} entries, {self.tree.size} are here")
            self.ended = True
        else:
            raise Wrong(f"a line with {keys}")

    def entry(self, line):
        index = self.tree.size
        if not is_number(line["index"], index):
            raise Wrong(f"entry {index} is missing: {line['index']} stands in its place")
        raw = bytes_of(line, index)
        leaf = sha256(b"\x00", raw)
        if decode64(line["leaf"], 32) != leaf:
            raise Wrong(f"entry {index} is not what its leaf says")
        self.tree.add(leaf)
        self.look_at_kept()
        check_entry(index, raw, self.requests)

    def checkpoint(self, note):
        size, root = self.key.open(note)
        if size != self.tree.size:
            raise Wrong(f"a checkpoint of size {size} stands after {self.tree.size} entries")
        if root != self.tree.root():
            raise Wrong(f"entries {self.proven} to {size - 1} are not those that were signed")
        self.proven, self.checkpoints = size, self.checkpoints + 1

    def look_at_kept(self):
        for size, root in self.kept:
            if size != self.tree.size:
                continue
            if root != self.tree.root():
                raise Wrong(f"the first {size} entries are not those of the checkpoint that was kept")
            self.proven = size

    def finish(self, latest, unsigned_tail):
        if not self.ended:
            raise Wrong("the export is cut: it has no end")
        if self.checkpoints == 0:
            raise Wrong("nothing is proved: the export has no checkpoint")
        newer = [size for size, _ in self.kept if size > self.tree.size]
        if newer and latest:
            raise Wrong(f"the log was rolled back: {max(newer)} entries were signed, {self.tree.size} are here")
        for size in newer:
            print(f"the export is older than the checkpoint of size {size}, which says nothing about it")
        tail = self.tree.size - self.proven
        if tail > unsigned_tail:
            raise Wrong(f"{tail} entries stand after the last checkpoint, signed by nobody, where at most "
                        f"{unsigned_tail} are accepted; have a checkpoint signed (`countersign audit checkpoint`) "
                        f"and export again, or accept N of them with --unsigned-tail N")
        print(f"{self.proven} of {self.tree.size} entries are proved, by {self.checkpoints} checkpoints")
        if tail:
            print(f"entries {self.proven} to {self.tree.size - 1} are not signed: anybody can have written them")
        if self.requests.open:
            print(f"{len(self.requests.open)} reservations have no outcome: their bytes may have been signed")


def verify(arguments):
    key = Key(arguments.vkey)
    kept = []
    for path in arguments.checkpoint:
        with open(path, encoding="utf-8", newline="") as file:
            kept.append(key.open(file.read()))
    export = Export(key, kept)
    with open(arguments.export, "rb") as file:
        export.header(parse(file.readline(LONGEST_LINE + 1), 1))
        number = 1
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            export.line(parse(line, number))
    export.finish(arguments.latest, arguments.unsigned_tail)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("export")
    parser.add_argument("--vkey", required=True)
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE")
    parser.add_argument("--latest", action="store_true")
    parser.add_argument("--unsigned-tail", type=int, default=0, metavar="N")
    try:
        verify(parser.parse_args())
    except (Wrong, KeyError, TypeError, AttributeError, RecursionError, ValueError) as wrong:
        print(f"BAD: {wrong}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"not looked at: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
