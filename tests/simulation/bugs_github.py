"""Bugs in how GitHub is asked and told, and in telemetry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from engine.plan import AddLabels, RemoveLabels
from engine.ports import Applied
from tassist.github import (
    abreast,
    app_auth,
    applier,
    client,
    limits,
    reader,
    revalidation,
    translate,
    transport,
)
from tassist.github.address import segment
from tassist.github.wire import IssueWire
from tassist.server import looks
from tassist.telemetry import lane as telemetry
from tassist.telemetry.sinks import day_file, jsonl
from tests.simulation.planting import Put, bug


@bug("retry-after is not obeyed")
def _waits_ignored(put: Put) -> None:
    put(limits.Pace, "answered", lambda self, scope, now_s, headers, fault: None)


@bug("writes follow one another without spacing")
def _no_spacing(put: Put) -> None:
    real = limits.Pace.__init__

    def init(self: Any, given: Any = None) -> None:
        real(self, dataclasses.replace(given or limits.Limits(), write_spacing_s=0.0))

    put(limits.Pace, "__init__", init)


@bug("only the first page of a list is read")
def _first_page_only(put: Put) -> None:
    put(client, "next_page", lambda link: None)


@bug("a page that did not change is taken to have the pages behind it that it had")
def _pages_behind_unseen(put: Put) -> None:
    real = transport.Transport.exchange

    async def exchange(self: Any, *args: Any, **options: Any) -> Any:
        raw = await real(self, *args, **options)
        if raw.status != 304:
            return raw
        return dataclasses.replace(raw, headers={k: v for k, v in raw.headers.items() if k != "link"})

    put(transport.Transport, "exchange", exchange)


@bug("the labels of an issue are replaced as a whole")
def _replace_labels(put: Put) -> None:
    async def add(self: Any, base: str, issue: str, effect: Any, who: Any, meter: Any) -> Applied:
        wire = (await self.client.get(issue, IssueWire, who)).value
        names = [*translate.label_names(wire.labels), *effect.names]
        await self.client.write(
            "PUT", f"{issue}/labels", bytes, who, body={"labels": names}, meter=meter, repeatable=True
        )
        return Applied(effect, changed=True)

    put(applier.GitHubApplier, "_add_labels", add)


@bug("301 and 302 turn every method into GET")
def _redirects_become_get(put: Put) -> None:
    real = transport.Transport.exchange

    async def exchange(self: Any, method: str, url: str, **options: Any) -> Any:
        raw = await self._once(method, url, options["headers"], options.get("content"))
        if raw.status in {301, 302}:
            return await self._once("GET", raw.headers["location"], options["headers"], None)
        return await real(self, method, raw.headers["location"], **options) if raw.status in {307, 308} else raw

    put(transport.Transport, "exchange", exchange)


@bug("a write whose answer was lost is sent again blindly")
def _blind_repetition(put: Put) -> None:
    real = client.GitHubClient.write

    async def write(self: Any, *args: Any, **options: Any) -> Any:
        return await real(self, *args, **{**options, "repeatable": True})

    put(client.GitHubClient, "write", write)


@bug("nobody looks whether the comment is there already")
def _comments_twice(put: Put) -> None:
    async def commented(self: Any, issue: str, marker: str, who: Any) -> bool:
        return False

    put(applier.GitHubApplier, "_commented", commented)


@bug("closed milestones are taken for open ones")
def _closed_is_open(put: Put) -> None:
    real = translate.milestone

    def milestone(wire: Any) -> Any:
        found = real(wire)
        return dataclasses.replace(found, state="open") if found else None

    put(translate, "milestone", milestone)


@bug("only open milestones are read")
def _open_milestones_only(put: Put) -> None:
    real = reader.GitHubReader.milestones

    async def milestones(self: Any, *args: Any) -> Any:
        return tuple(found for found in await real(self, *args) if found.state == "open")

    put(reader.GitHubReader, "milestones", milestones)


@bug("the timeline is taken in another order than GitHub's")
def _timeline_reordered(put: Put) -> None:
    real = reader.GitHubReader._timeline

    async def timeline(self: Any, *args: Any) -> Any:
        found = await real(self, *args)
        return tuple(sorted(found, key=lambda event: (event.label, event.at)))

    put(reader.GitHubReader, "_timeline", timeline)


@bug("the App takes its own events for a person's")
def _own_events_unknown(put: Put) -> None:
    put(translate.Ourselves, "did", lambda self, via, who: False)


@bug("an issue that was read a while ago is not read again")
def _stale_issue(put: Put) -> None:
    real = reader.GitHubReader._issue
    kept: dict[Any, Any] = {}

    async def issue(self: Any, ref: Any, *args: Any) -> Any:
        key = (ref.repo_id, ref.number)
        if key not in kept or self.client.monotonic() - kept[key][1] > 60:
            kept[key] = (await real(self, ref, *args), self.client.monotonic())
        return kept[key][0]

    put(reader.GitHubReader, "_issue", issue)


@bug("what was read ahead for one look is taken by another")
def _ahead_of_another(put: Put) -> None:
    begun: dict[int, Any] = {}
    real = abreast.ReadAhead.look

    async def look(self: Any, ref: Any, facts: Any = (), seen: Any = None) -> Any:
        if self._ahead is not None:
            self._ahead, begun[ref.repo_id] = begun.get(ref.repo_id, self._ahead), self._ahead
        return await real(self, ref, facts, seen)

    put(abreast.ReadAhead, "look", look)


@bug("an answer that was kept is used without asking GitHub")
def _kept_answers_unasked(put: Put) -> None:
    real = reader.GitHubReader.config
    kept: dict[Any, Any] = {}

    async def config(self: Any, ref: Any) -> Any:
        return kept.get(ref.repo_id) or kept.setdefault(ref.repo_id, await real(self, ref))

    put(reader.GitHubReader, "config", config)


@bug("the first 404 is believed, although replicas may be late")
def _lag_is_gone(put: Put) -> None:
    real = client.GitHubClient._ask

    async def ask(self: Any, *args: Any, **options: Any) -> Any:
        return await real(self, *args, **{**options, "lag": False})

    put(client.GitHubClient, "_ask", ask)


@bug("a refused token is never replaced")
def _refused_token_kept(put: Put) -> None:
    async def rejected(self: Any, authorization: Any, headers: Mapping[str, str]) -> bool:
        return False

    put(app_auth.InstallationCredential, "rejected", rejected)


@bug("tokens are asked for the whole installation")
def _tokens_not_narrowed(put: Put) -> None:
    real = app_auth.AppAuth.installation

    def installation(self: Any, number: int, **options: Any) -> Any:
        return real(self, number, permissions=options.get("permissions"))

    put(app_auth.AppAuth, "installation", installation)


@bug("labels nobody declared are tidied away")
def _foreign_labels_removed(put: Put) -> None:
    real = applier.GitHubApplier._remove_labels

    async def remove(self: Any, issue: str, effect: RemoveLabels, who: Any, meter: Any) -> Applied:
        wire = (await self.client.get(issue, IssueWire, who)).value
        more = tuple(name for name in translate.label_names(wire.labels) if name.startswith("x-"))
        done = await real(self, issue, dataclasses.replace(effect, names=(*effect.names, *more)), who, meter)
        return dataclasses.replace(done, effect=effect)

    put(applier.GitHubApplier, "_remove_labels", remove)


@bug("labels are added once more to be sure")
def _needless_adds(put: Put) -> None:
    real = looks.Looks._finish
    first = applier.GitHubApplier._add_labels

    async def add(self: Any, base: str, issue: str, effect: AddLabels, who: Any, meter: Any) -> Applied:
        wire = (await self.client.get(issue, IssueWire, who)).value
        names = (*effect.names, *translate.label_names(wire.labels)[:1])
        done = await first(self, base, issue, dataclasses.replace(effect, names=names), who, meter)
        return dataclasses.replace(done, effect=effect)

    put(applier.GitHubApplier, "_add_labels", add)
    put(looks.Looks, "_finish", real)


@bug("what could not be removed, since somebody was faster, is a failure")
def _faster_is_failure(put: Put) -> None:
    async def remove(self: Any, issue: str, effect: RemoveLabels, who: Any, meter: Any) -> Applied:
        for name in effect.names:
            path = f"{issue}/labels/{segment(name)}"
            await self.client.write("DELETE", path, bytes, who, meter=meter, repeatable=True)
        return Applied(effect, changed=True)

    put(applier.GitHubApplier, "_remove_labels", remove)


@bug("kept answers of one address are used for another")
def _kept_answers_mixed_up(put: Put) -> None:
    real = revalidation.Revalidation.get

    def get(self: Any, scope: str, url: str, accept: str) -> Any:
        found = real(self, scope, url, accept)
        if found is None or "/timeline" not in url:
            return found
        other = [kept for (_, place, _), kept in self._kept.items() if "/timeline" in place]
        return dataclasses.replace(found, body=other[0].body)

    put(revalidation.Revalidation, "get", get)


@bug("a sink's cursor is moved before the sink has written")
def _cursor_first(put: Put) -> None:
    real = telemetry.Lane._write

    def write(self: Any, rows: Any) -> Any:
        self._log.advance(self._sink.name, rows[-1][0])
        return real(self, rows)

    put(telemetry.Lane, "_write", write)


@bug("after a crash a sink writes again what it has")
def _telemetry_twice(put: Put) -> None:
    put(jsonl.JsonlSink, "_without_repetitions", lambda self, file, entries: list(entries))


@bug("half a line that a crash left is written on")
def _torn_line_left(put: Put) -> None:
    real = day_file.open_file

    def open_file(path: Any, prev: Any, ids: Any, notice: Any) -> Any:
        torn = path.exists() and not path.read_bytes().endswith(b"\n")
        file = real(path, prev, ids, notice)
        if torn and path.stat().st_size:
            with path.open("ab") as end:
                end.write(b'{"event_type":"run", torn')
            file.size = path.stat().st_size
        return file

    put(jsonl, "open_file", open_file)
