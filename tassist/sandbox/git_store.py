"""Git's objects as git makes them: the same content has the same SHA-1 here and there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tassist.sandbox.model import GitObject, Repository, User

FILE, EXECUTABLE, FOLDER, LINK, SUBMODULE = "100644", "100755", "040000", "120000", "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree."""

    mode: str
    sha: str

    @property
    def type(self) -> str:
        """``blob``, ``tree`` or ``commit``."""
        return {FOLDER: "tree", SUBMODULE: "commit"}.get(self.mode, "blob")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, parsed."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: tuple[str, str, datetime]
    committer: tuple[str, str, datetime]
    message: str


def put(repo: Repository, item: GitObject) -> str:
    """Store an object and return its SHA-1."""
    header = f"{item.type} {len(item.content)}\0".encode()
    sha = hashlib.sha1(header + item.content, usedforsecurity=False).hexdigest()
    repo.objects[sha] = item
    return sha


def put_blob(repo: Repository, content: bytes) -> str:
    """Store a file's content."""
    return put(repo, GitObject("blob", content))


def put_tree(repo: Repository, entries: Mapping[str, Entry]) -> str:
    """Store one folder, sorted as git sorts: a folder's name counts as if it ended in a slash."""
    ordered = sorted(entries.items(), key=lambda pair: f"{pair[0]}/" if pair[1].mode == FOLDER else pair[0])
    lines = [f"{entry.mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(entry.sha) for name, entry in ordered]
    return put(repo, GitObject("tree", b"".join(lines)))


def read_tree(repo: Repository, sha: str) -> dict[str, Entry]:
    """One folder's entries by name.

    Raises:
        KeyError: There is no such tree.
    """
    item = repo.objects[sha]
    if item.type != "tree":
        raise KeyError(sha)
    entries: dict[str, Entry] = {}
    rest = item.content
    while rest:
        head, _, rest = rest.partition(b"\0")
        mode, _, name = head.decode().partition(" ")
        entries[name] = Entry(mode.zfill(6), rest[:20].hex())
        rest = rest[20:]
    return entries


def put_commit(
    repo: Repository,
    tree: str,
    parents: tuple[str, ...],
    message: str,
    author: tuple[str, str, datetime],
    committer: tuple[str, str, datetime] | None = None,
) -> str:
    """Store a commit; people are name, address and time."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    for word, (name, address, moment) in (("author", author), ("committer", committer or author)):
        lines.append(f"{word} {name} <{address}> {int(moment.timestamp())} +0000")
    return put(repo, GitObject("commit", ("\n".join(lines) + f"\n\n{message}").encode()))


def read_commit(repo: Repository, sha: str) -> Commit:
    """A commit.

    Raises:
        KeyError: There is no such commit.
    """
    item = repo.objects[sha]
    if item.type != "commit":
        raise KeyError(sha)
    head, _, message = item.content.decode().partition("\n\n")
    tree, parents, people = "", [], {}
    for line in head.split("\n"):
        word, _, rest = line.partition(" ")
        if word == "tree":
            tree = rest
        elif word == "parent":
            parents.append(rest)
        else:
            people[word] = _person(rest)
    return Commit(sha, tree, tuple(parents), people["author"], people["committer"], message)


def _person(line: str) -> tuple[str, str, datetime]:
    who, _, when = line.rpartition("> ")
    name, _, address = who.partition(" <")
    return name, address, datetime.fromtimestamp(int(when.split()[0]), UTC)


def signature_of(user: User | None, moment: datetime) -> tuple[str, str, datetime]:
    """A person as git writes them."""
    login = user.login if user else "ghost"
    name = user.name if user and user.name else login
    number = user.id if user else 10137
    return name, f"{number}+{login}@users.noreply.github.com", moment


def find_path(repo: Repository, tree: str, path: str) -> Entry | None:
    """The entry at a path below a tree; the tree itself for an empty path."""
    found = Entry(FOLDER, tree)
    for part in [part for part in path.split("/") if part]:
        if found.mode != FOLDER:
            return None
        below = read_tree(repo, found.sha).get(part)
        if below is None:
            return None
        found = below
    return found


def with_path(repo: Repository, tree: str | None, path: str, entry: Entry | None) -> str:
    """A tree like ``tree`` in which ``path`` is ``entry``, or gone; the SHA-1 of the new tree."""
    entries = read_tree(repo, tree) if tree else {}
    name, _, rest = path.partition("/")
    if rest:
        below = entries.get(name)
        inner = with_path(repo, below.sha if below and below.mode == FOLDER else None, rest, entry)
        if repo.objects[inner].content:
            entries[name] = Entry(FOLDER, inner)
        else:
            entries.pop(name, None)
    elif entry is None:
        entries.pop(name, None)
    else:
        entries[name] = entry
    return put_tree(repo, entries)


def resolve(repo: Repository, name: str | None) -> str | None:
    """The commit a branch, tag, full ref or SHA-1 stands for; ``None``: nothing does."""
    wanted = repo.default_branch if name in {None, "", "HEAD"} else str(name)
    for ref in (wanted, f"refs/{wanted}", f"refs/heads/{wanted}", f"refs/tags/{wanted}"):
        if ref in repo.refs:
            return repo.refs[ref]
    found = repo.objects.get(wanted)
    if found is not None and found.type == "commit":
        return wanted
    if len(wanted) >= 7:
        matches = [sha for sha, item in repo.objects.items() if item.type == "commit" and sha.startswith(wanted)]
        return matches[0] if len(matches) == 1 else None
    return None


def commit_file(
    repo: Repository,
    path: str,
    content: bytes | None,
    message: str,
    user: User | None,
    moment: datetime,
    branch: str = "",
) -> str:
    """Write (or with ``None`` remove) one file on a branch; the new commit's SHA-1."""
    ref = f"refs/heads/{branch or repo.default_branch}"
    head = repo.refs.get(ref)
    tree = read_commit(repo, head).tree if head else None
    entry = None if content is None else Entry(FILE, put_blob(repo, content))
    new = with_path(repo, tree, path, entry)
    who = signature_of(user, moment)
    sha = put_commit(repo, new, (head,) if head else (), message, who)
    repo.refs[ref] = sha
    repo.pushed_at = moment
    return sha
