"""GitHub's API over the simulated state, as far as the product asks it; every write is judged as it arrives."""

from __future__ import annotations

import base64
import re
import zlib
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from engine.model import fold
from tests.simulation.state import (
    APP_ID,
    APP_LOGIN,
    Happened,
    Installation,
    Logged,
    SimIssue,
    SimRepo,
    Stone,
    Version,
    stamp,
)

if TYPE_CHECKING:
    from tests.simulation.world import World

PAGE = 6
"""Fewer than anybody asks for, as a server may give: whoever reads the first page only misses something."""
_PATH = re.compile(r"/repositories/(\d+)(?:/(.*))?\Z")
TIMELINE_PAGE = 25
"""The same for what is the longest list by far."""
Answer = tuple[int, dict[str, str], bytes]


def reply(status: int, body: object = None, **headers: str) -> Answer:
    """An answer."""
    content = b"" if body is None else msgspec.json.encode(body)
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, content


def refusal(status: int, message: str, **headers: str) -> Answer:
    """An answer that refuses."""
    return reply(status, {"message": message}, **headers)


class Api:
    """Answers requests; knows nothing of faults."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, lag_s: float) -> Answer:
        """Answer one request."""
        parts = urlsplit(url)
        query = {key: value for key, value in parse_qsl(parts.query) if key != "moved"}
        body = msgspec.json.decode(content) if content else None
        status, found, answer = self._route(method, parts.path, query, headers, body, lag_s, url)
        found = {"date": self._world.http_date(), **found}
        if method == "GET" and status == 200:
            etag = f'"{zlib.crc32(answer):x}-{len(answer)}"'
            found["etag"] = etag
            if headers.get("if-none-match") == etag:
                return 304, found, b""
        return status, found, answer

    def _route(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: Mapping[str, str],
        body: Any,
        lag_s: float,
        url: str,
    ) -> Answer:
        world = self._world
        credential = headers.get("authorization", "").removeprefix("Bearer ")
        if path.startswith("/app"):
            return self._app(method, path, query, body, url)
        if path == "/installation/repositories":
            return self._covered(credential, query, url)
        match = _PATH.match(path)
        if match is None:
            return refusal(404, "Not Found")
        repo = world.repos.get(int(match.group(1)))
        rest = match.group(2) or ""
        if repo is not None and repo.removed:
            return refusal(404, "Not Found")
        if rest == "installation":
            return (
                reply(200, self._installation(world.installations[repo.installation_id]))
                if repo
                else refusal(404, "Not Found")
            )
        if repo is None:
            return refusal(404, "Not Found")
        installation = world.installations[repo.installation_id]
        if installation.suspended:
            world.watch.asked_while_suspended(installation)
            world.watch.refused(repo)
            return refusal(403, "This installation has been suspended")
        expires_s = installation.tokens.get(credential)
        others = (one.tokens.get(credential, -1.0) for one in world.installations.values())
        if expires_s is None and any(until_s >= world.now_s for until_s in others):
            return refusal(404, "Not Found")  # a token of another account, which has nothing to do with this repository
        if expires_s is None or expires_s < world.now_s:
            world.watch.refused_token(credential)
            return refusal(401, "Bad credentials")
        if method != "GET" and repo.archived:
            return refusal(403, "Repository was archived so is read-only.")
        return self._repository(method, repo, rest, query, body, lag_s, url)

    # --- the App ------------------------------------------------------------------------------

    def _app(self, method: str, path: str, query: dict[str, str], body: Any, url: str) -> Answer:
        world = self._world
        if path == "/app/hook/deliveries" and world.life is not None and world.life.polling:
            return refusal(404, "Not Found")
        if path == "/app":
            return reply(200, {"id": APP_ID, "slug": "tassist"})
        found = re.fullmatch(r"/app/installations/(\d+)/access_tokens", path)
        if found and method == "POST":
            installation = world.installations[int(found.group(1))]
            world.watch.asked[installation.id] += 1
            if installation.deleted:
                return refusal(404, "Not Found")
            if installation.suspended:
                for number in (body or {}).get("repository_ids") or ():
                    world.watch.refused(world.repos[number])
                return refusal(403, "This installation has been suspended")
            world.watch.minted(installation, body)
            for number in (body or {}).get("repository_ids") or ():
                if world.repos[number].removed or world.repos[number].installation_id != installation.id:
                    return refusal(422, "There is at least one repository that does not exist or is not accessible.")
            return self._mint(installation)
        if path == "/app/installations":
            return self._page(
                [self._installation(one) for one in world.installations.values() if not one.deleted], query, url
            )
        found = re.fullmatch(r"/app/installations/(\d+)", path)
        if found:
            installation = world.installations[int(found.group(1))]
            return refusal(404, "Not Found") if installation.deleted else reply(200, self._installation(installation))
        if path == "/app/hook/deliveries":
            log = world.log
            first = bisect_left(log, world.now_s - 3 * 86400, key=attrgetter("at_s"))
            # The log is long and read often: only what the page shows is written out.
            return self._page(
                range(len(log) - 1, first - 1, -1), query, url, size=40, shown=lambda at: _logged(log[at])
            )
        found = re.fullmatch(r"/app/hook/deliveries/(\d+)", path)
        if found:
            attempt = world.log[int(found.group(1)) - 1]
            return reply(200, {"id": attempt.id, "guid": attempt.guid, "request": {"payload": attempt.payload}})
        return refusal(404, "Not Found")

    def _installation(self, installation: Installation) -> dict[str, Any]:
        """As GitHub shows it; for a while a replica may not know the newest."""
        now_s = self._world.now_s
        suspended = installation.suspended
        if now_s - installation.changed_s < 30 and self._world.faults.strikes("standing-lag", 0.2):
            suspended = not suspended
        return {
            "id": installation.id,
            "account": {"login": installation.account},
            "suspended_at": stamp(installation.changed_s) if suspended else None,
        }

    def _covered(self, credential: str, query: dict[str, str], url: str) -> Answer:
        """The repositories of the token's installation."""
        world = self._world
        for installation in world.installations.values():
            if installation.tokens.get(credential, -1.0) >= world.now_s:
                if installation.suspended:
                    return refusal(403, "This installation has been suspended")
                repos = [one for one in world.repos.values() if one.installation_id == installation.id]
                shown = [
                    {"id": one.id, "full_name": one.name, "archived": one.archived, "has_issues": True}
                    for one in repos
                    if not one.removed
                ]
                status, found, body = self._page(shown, query, url, size=1)
                listed = msgspec.json.decode(body)
                return reply(status, {"total_count": len(shown), "repositories": listed}, **found)
        world.watch.refused_token(credential)
        return refusal(401, "Bad credentials")

    def _mint(self, installation: Installation) -> Answer:
        world = self._world
        installation.next_token += 1
        token = f"ghs_{installation.id}_{installation.next_token}"
        for old, until_s in list(installation.tokens.items()):
            if until_s < world.now_s:
                del installation.tokens[old]
                world.faults.note("token-expired")
        installation.tokens[token] = world.now_s + 3600
        return reply(201, {"token": token, "expires_at": stamp(world.now_s + 3600)})

    def _page(
        self,
        items: Sequence[Any],
        query: dict[str, str],
        url: str,
        *,
        size: int = PAGE,
        shown: Callable[[Any], Any] | None = None,
    ) -> Answer:
        page = int(query.get("page", "1"))
        size = min(size, int(query.get("per_page", "30")))
        chunk = items[(page - 1) * size : page * size]
        if shown is not None:
            chunk = list(map(shown, chunk))
        headers = {}
        if page * size < len(items):
            base = re.sub(r"[?&](page|moved)=\d+", "", url)
            headers["link"] = f'<{base}{"&" if "?" in base else "?"}page={page + 1}>; rel="next"'
        return 200, headers, msgspec.json.encode(chunk)

    # --- a repository -------------------------------------------------------------------------

    def _repository(
        self, method: str, repo: SimRepo, rest: str, query: dict[str, str], body: Any, lag_s: float, url: str
    ) -> Answer:
        parts = rest.split("/")
        if rest == "":
            return reply(200, {"id": repo.id, "full_name": repo.name, "archived": repo.archived, "has_issues": True})
        if parts[0] == "contents":
            content = base64.b64encode(repo.config.encode()).decode()
            sha = f"{zlib.crc32(repo.config.encode()):08x}"
            return reply(200, {"type": "file", "encoding": "base64", "content": content, "sha": sha})
        if parts[0] == "labels":
            return self._labels(method, repo, parts, query, body, url)
        if parts[0] == "milestones":
            return self._milestones(method, repo, query, body, url)
        if parts[0] == "issues" and len(parts) == 1:
            return self._issues(repo, query, url)
        if parts[0] == "issues":
            issue = repo.issues.get(int(parts[1]))
            if issue is None:
                return refusal(404, "Not Found")
            return self._one_issue(method, repo, issue, parts[2:], query, body, lag_s, url)
        return refusal(404, "Not Found")

    def _issues(self, repo: SimRepo, query: dict[str, str], url: str) -> Answer:
        """A list of issues, as those ask for it who look at all or at what changed."""
        issues = list(repo.issues.values())
        if query.get("sort") == "updated":
            issues.sort(key=lambda issue: (stamp(issue.updated_s), issue.number))
            if query.get("direction") == "desc":
                issues.reverse()
        found = [self._issue(repo, issue, issue.version(self._world.now_s)) for issue in issues]
        if query.get("state") != "all":
            found = [item for item in found if item["state"] == "open"]
        if "since" in query:
            found = [item for item in found if item["updated_at"] >= query["since"]]
        return self._page(found, query, url)

    def _labels(
        self, method: str, repo: SimRepo, parts: list[str], query: dict[str, str], body: Any, url: str
    ) -> Answer:
        world = self._world
        if method == "POST":
            if fold(body["name"]) in repo.labels:
                return reply(422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]})
            world.watch.writes(repo, None, ("create-label", fold(body["name"])))
            repo.labels[fold(body["name"])] = body["name"]
            repo.made += 1
            world.emit(repo, "label", "created", APP_LOGIN, label={"name": body["name"]})
            return reply(201, {"name": body["name"], "color": "ededed"})
        if len(parts) > 1:
            name = repo.labels.get(fold(unquote("/".join(parts[1:]))))
            return reply(200, {"name": name}) if name else refusal(404, "Not Found")
        return self._page([{"name": name} for name in repo.labels.values()], query, url)

    def _milestones(self, method: str, repo: SimRepo, query: dict[str, str], body: Any, url: str) -> Answer:
        world = self._world
        if method == "POST":
            if repo.titled(body["title"]):
                return reply(422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]})
            world.watch.writes(repo, None, ("create-milestone", body["title"]))
            stone = Stone(len(repo.stones) + 1, body["title"])
            repo.stones.append(stone)
            repo.made += 1
            world.emit(repo, "milestone", "created", APP_LOGIN, milestone=_stone(stone))
            return reply(201, _stone(stone))
        found = [_stone(stone) for stone in repo.stones]
        if query.get("state") != "all":
            found = [stone for stone in found if stone["state"] == "open"]
        return self._page(found, query, url)

    # --- an issue -----------------------------------------------------------------------------

    def _one_issue(
        self,
        method: str,
        repo: SimRepo,
        issue: SimIssue,
        rest: list[str],
        query: dict[str, str],
        body: Any,
        lag_s: float,
        url: str,
    ) -> Answer:
        world, now_s = self._world, self._world.now_s
        if not rest and method == "GET":
            version = issue.version(now_s)
            if lag_s:
                older = [one for one in issue.versions if one.since_s <= now_s - lag_s]
                if older and older[-1] != issue.versions[-1]:
                    version = older[-1]
                    world.faults.note("lag")
            world.watch.served(repo, issue, version, lagged=version.events != len(issue.timeline))
            return reply(200, self._issue(repo, issue, version))
        if not rest and method == "PATCH":
            return self._patch(repo, issue, body)
        if rest[0] == "timeline":
            return self._page(issue.timeline, query, url, size=TIMELINE_PAGE, shown=_happened)
        if rest[0] == "comments" and method == "GET":
            return self._page(issue.comments, query, url, shown=lambda one: _comment(*one))
        if rest[0] == "comments":
            world.watch.writes(repo, issue, ("comment", body["body"]))
            repo.comment(issue, body["body"], APP_LOGIN, now_s)
            world.emit(repo, "issue_comment", "created", APP_LOGIN, issue=issue, comment={"id": 1})
            world.changed_by_app(repo, issue, ("comment", body["body"]))
            return reply(201, _comment(APP_LOGIN, body["body"]))
        if rest[0] == "labels":
            return self._issue_labels(method, repo, issue, rest, body)
        if rest[0] == "parent":
            return refusal(404, "Not Found")
        return refusal(404, "Not Found")

    def _patch(self, repo: SimRepo, issue: SimIssue, body: Any) -> Answer:
        world, now_s = self._world, self._world.now_s
        if "milestone" in body:
            stone = repo.stone(body["milestone"])
            if stone is None:
                return reply(422, {"message": "Validation Failed", "errors": [{"code": "invalid"}]})
            world.watch.writes(repo, issue, ("milestone", stone.title))
            if repo.set_stone(issue, stone.number, APP_LOGIN, now_s):
                world.emit(repo, "issues", "milestoned", APP_LOGIN, issue=issue, milestone=_stone(stone))
                world.changed_by_app(repo, issue, ("milestone", stone.title))
        if body.get("state") == "closed":
            world.watch.writes(repo, issue, ("close", ""))
            if repo.set_state(issue, "closed", body.get("state_reason"), APP_LOGIN, now_s):
                world.emit(repo, "issues", "closed", APP_LOGIN, issue=issue)
                world.changed_by_app(repo, issue, ("close", ""))
        return reply(200, self._issue(repo, issue, issue.version(now_s)))

    def _issue_labels(self, method: str, repo: SimRepo, issue: SimIssue, rest: list[str], body: Any) -> Answer:
        world, now_s = self._world, self._world.now_s
        if method == "POST":
            world.watch.writes(repo, issue, ("add", *map(fold, body["labels"])))
            for name in body["labels"]:
                if repo.add_label(issue, name, APP_LOGIN, now_s):
                    world.emit(repo, "issues", "labeled", APP_LOGIN, issue=issue, label={"name": name})
                    world.changed_by_app(repo, issue, ("add", name))
        elif method == "PUT":
            world.watch.replaced(repo, issue)
            issue.labels = list(body["labels"])
            issue.keep(now_s, by_app=True)
        elif method == "DELETE":
            name = unquote("/".join(rest[1:]))
            world.watch.writes(repo, issue, ("remove", fold(name)))
            if not repo.remove_label(issue, name, APP_LOGIN, now_s):
                return refusal(404, "Label does not exist")
            world.emit(repo, "issues", "unlabeled", APP_LOGIN, issue=issue, label={"name": name})
            world.changed_by_app(repo, issue, ("remove", name))
        return reply(200, [{"name": name} for name in issue.labels])

    def _issue(self, repo: SimRepo, issue: SimIssue, version: Version) -> dict[str, Any]:
        stone = repo.stone(version.milestone)
        return {
            "number": issue.number,
            "title": version.title,
            "body": "",
            "state": version.state,
            "labels": [{"name": name} for name in version.labels],
            "milestone": _stone(stone) if stone else None,
            "user": {"login": "ann", "id": 1},
            "created_at": stamp(issue.created_s),
            "updated_at": stamp(version.updated_s),
            "repository_url": f"https://api.github.com/repos/{repo.name}",
            "parent_issue_url": None,
        }


def _logged(attempt: Logged) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "guid": attempt.guid,
        "delivered_at": stamp(attempt.at_s),
        "status": "OK" if 200 <= attempt.status < 300 else "failed",
        "status_code": attempt.status,
        "event": attempt.event,
        "action": attempt.action,
        "installation_id": attempt.installation_id,
        "repository_id": attempt.repo_id,
    }


def _stone(stone: Stone) -> dict[str, Any]:
    return {"number": stone.number, "title": stone.title, "state": stone.state}


def _via(by: str) -> dict[str, Any] | None:
    return {"id": APP_ID} if by == APP_LOGIN else None


def _comment(by: str, text: str) -> dict[str, Any]:
    return {"id": 1, "body": text, "user": {"login": by}, "performed_via_github_app": _via(by)}


def _happened(entry: Happened) -> dict[str, Any]:
    if entry.shown is None:
        entry.shown = _first_shown(entry)
    return entry.shown


def _first_shown(entry: Happened) -> dict[str, Any]:
    return {
        "event": entry.event,
        "created_at": stamp(entry.at_s),
        "actor": {"login": entry.by},
        "label": {"name": entry.label} if entry.label else None,
        "milestone": {"title": entry.milestone} if entry.milestone else None,
        "performed_via_github_app": _via(entry.by),
    }
