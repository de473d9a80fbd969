"""The disk as a power cut would leave it, from the record that tests/crash/disk_record.c makes of a run.

What was synced is there: a file's content as it was at its last sync, a directory's names as they were at its own. Of what was
not, anything may be; two ends of that are made here. `lost`: nothing of it. `named`: every name, as filesystems that write their
journal of names at any time leave it, and no content. What was there before the run counts as synced."""

import pathlib
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

Names = dict[str, int]  # of one directory, with the inode of each
Files = dict[str, bytes | None]  # by path, None for a directory


@dataclass(frozen=True)
class Cut:
    kind: str  # lost, named
    before_call: int  # a system call of the run that changes names or syncs, counted from 1
    files: Files

    def restore(self, root: pathlib.Path) -> None:
        """Makes this all that lies in `root`."""
        for path in root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, content in self.files.items():
            if content is None:
                (root / name).mkdir()
            else:
                (root / name).write_bytes(content)

    def __str__(self) -> str:
        return f"{self.kind}, power cut before call {self.before_call}"


class Tree:
    """Names below a root at one moment."""

    def __init__(self, lines: list[str]):
        self.names: dict[int, Names] = defaultdict(dict)  # of each directory, by its inode
        inodes = {}
        for line in lines:  # a directory comes before what is in it
            kind, inode, path = line.split(" ", 2)
            inodes[path] = int(inode)
            if kind == "d":
                self.names[int(inode)] = {}
            parent, _, name = path.rpartition("/")
            if path:
                self.names[inodes[parent]][name] = int(inode)
        self.root = inodes[""]


class Recording:
    """Of one run that is yet to be made: `root` is what it writes to, `record` an empty folder elsewhere."""

    def __init__(self, root: pathlib.Path, record: pathlib.Path):
        self.root = root
        self.record = record
        self.before = {path.stat().st_ino: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def cuts(self) -> Iterator[Cut]:
        """Every disk that is another than those before it, in the order of time; to be asked for before the run's folder changes."""
        calls = len(list(self.record.glob("*.tree"))) - 1
        trees = [self._tree(call) for call in range(calls + 1)] + [self._tree_now()]
        directories = {inode for tree in trees for inode in tree.names}
        names, contents, seen = dict(trees[0].names), dict(self.before), set()
        for call in range(1, calls + 2):
            for kind, kept in (("lost", names), ("named", trees[call].names)):
                files = dict(_below("", trees[0].root, kept, directories, contents))
                state = (kind, frozenset(files.items()))
                if state not in seen:
                    seen.add(state)
                    yield Cut(kind, call, files)
            synced = self.record / f"{call}.synced"
            if not synced.exists():
                continue
            inode = int(synced.read_text())
            content = self.record / f"{call}.bytes"
            if content.exists():
                contents[inode] = content.read_bytes()
            elif inode in trees[call].names:
                names[inode] = trees[call].names[inode]

    def _tree(self, call: int) -> Tree:
        return Tree((self.record / f"{call}.tree").read_text().splitlines())

    def _tree_now(self) -> Tree:
        def line(path: pathlib.Path, name: str) -> str:
            return f"{'d' if path.is_dir() else 'f'} {path.stat().st_ino} {name}"
        below = (line(path, f"/{path.relative_to(self.root)}") for path in sorted(self.root.rglob("*")))
        return Tree([line(self.root, ""), *below])


def _below(path: str, directory: int, names: dict[int, Names], directories: set[int],
           contents: dict[int, bytes]) -> Iterator[tuple[str, bytes | None]]:
    for name, inode in names.get(directory, {}).items():
        here = f"{path}{name}"
        if inode in directories:
            yield here, None
            yield from _below(f"{here}/", inode, names, directories, contents)
        else:
            yield here, contents.get(inode, b"")
