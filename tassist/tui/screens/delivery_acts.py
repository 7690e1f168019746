"""What one can do with a delivery, from the list and from its page: the same keys do the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from engine.problems import ProblemError
from tassist.errors import problems_of
from tassist.text import safe_text
from tassist.tui.messages import Troubled, Wanted
from tassist.tui.safe import content
from tassist.tui.screens.asking import AskModal, ChoiceModal, ConfirmModal, TextModal
from tassist.tui.screens.place import PlaceScreen

if TYPE_CHECKING:
    from tassist.services.payloads import Taken
    from tassist.services.sending import Came

_COPIES = (
    ("curl", "a curl command: signed, the secret is not in it"),
    ("case", "a test case of the contract's form"),
    ("file", "a file that resend, diff and tassist run read"),
    ("body", "the body as it came"),
    ("id", "its delivery id"),
)
_WAIT_S = 15.0


class DeliveryActs(PlaceScreen):
    """A place in which a delivery is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "compare", "Compare", show=False, id="compare-deliveries", tooltip="Mark one, then another: where they differ"),
        Binding("D", "compare_before", "Compare with the one before", show=False, id="compare-with-before",
                tooltip="With the delivery of the same issue that came before it"),
        Binding("e", "edit", "Edit, send", id="edit-and-resend", tooltip="Change a copy, sign it anew, send it here"),
        Binding("r", "replay", "Replay", id="replay-delivery", tooltip="Have it handled again, from the journal"),
        Binding("R", "redeliver", "Redeliver", show=False, id="redeliver-delivery",
                tooltip="Ask GitHub to send it again"),
        Binding("y", "copy", "Copy", show=False, id="copy-delivery", tooltip="As curl, as a test case, as a file"),
        Binding("w", "why", "Why", show=False, id="why-of-delivery", tooltip="The issue it is about, and its decisions"),
    ]  # fmt: skip

    def chosen_delivery(self) -> str | None:
        """The one the keys are about."""
        raise NotImplementedError

    def open_detail(self, delivery_id: str) -> None:
        """Show everything about a delivery."""
        from tassist.tui.screens.delivery_detail import DeliveryDetailScreen

        _ = self.app.push_screen(DeliveryDetailScreen(self.place, self.desk, delivery_id))

    # --- comparing ----------------------------------------------------------------------------

    def action_compare(self) -> None:
        """Mark the first, compare with the second."""
        chosen = self.chosen_delivery()
        if chosen is None:
            return
        first = self.desk.marked_delivery
        if first and first != chosen:
            self.desk.marked_delivery = ""
            self.app.clear_notifications()  # what to do next is done, and would lie over what is shown
            self.compare(first, chosen)
            return
        self.desk.marked_delivery = "" if first else chosen
        said = "no longer marked" if first else f"{chosen[:12]} is marked: d on another compares the two"
        self.notify(safe_text(said), markup=False)

    def compare(self, first: str, second: str) -> None:
        """Show where two deliveries differ."""
        from tassist.tui.screens.delivery_diff import compared_lines

        self.in_background(
            "delivery-compare",
            lambda: compared_lines(self.desk.where, first, second),
            lambda found: self._show_text("Where they differ", found),
            said="comparing two deliveries",
        )

    def action_compare_before(self) -> None:
        """Compare with the delivery of the same issue before it."""
        from tassist.store.pages import Filter

        chosen = self.chosen_delivery()
        if chosen is None:
            return

        def read() -> str:
            journal = self.desk.journal()
            row = journal.find(chosen)[0]
            issue = next((number for number in row.issues if number), None)
            page = journal.browse.page(Filter(repo=row.repo, issue=issue), limit=1, before=row.seq, budget_s=1)
            return page.rows[0].row.delivery_id if page.rows else ""

        def go_on(before: str) -> None:
            if before:
                self.compare(before, chosen)
            else:
                self.notify("It is the first of its issue: there is none before it.", markup=False)

        self.in_background("delivery-before", read, go_on, said="looking for the delivery before")

    def _show_text(self, title: str, lines: list[str]) -> None:
        _ = self.app.push_screen(TextModal(title, [content(line, max_chars=1000) for line in lines]))

    # --- having it again ----------------------------------------------------------------------

    @work(exclusive=True, group="delivery-act", exit_on_error=False, description="replaying a delivery")
    async def action_replay(self) -> None:
        """Have it handled again, after asking."""
        chosen = self.chosen_delivery()
        if chosen is None:
            return
        lines = [
            "It is looked at again under a new run; the payload does not matter, the issue as it is now does.",
            chosen,
        ]
        if not await self.app.push_screen_wait(ConfirmModal("Replay this delivery?", lines)):
            return
        from tassist.services.deliveries import replay

        self.in_background(
            "delivery-replay",
            lambda: replay(self.desk.where, chosen),
            lambda row: self.notify(safe_text(f"{row.delivery_id[:12]} will be handled again"), markup=False),
            said="replaying a delivery",
        )

    @work(exclusive=True, group="delivery-act", exit_on_error=False, description="asking GitHub to redeliver")
    async def action_redeliver(self) -> None:
        """Have GitHub send it again, after asking."""
        chosen = self.chosen_delivery()
        if chosen is None:
            return
        lines = ["GitHub is asked to send it again, from its delivery log, to the App's present webhook.", chosen]
        if not await self.app.push_screen_wait(ConfirmModal("Ask GitHub to redeliver?", lines)):
            return
        from tassist.services.redeliver import redeliver

        try:
            async with self.desk.github(dry=False) as connection:
                asked = await redeliver(connection, self.desk.where, chosen)
        except (ProblemError, OSError) as error:
            self.post_message(Troubled("redeliver", problems_of(error)))
        else:
            said = f"asked; the attempt before ended with: {asked.last_status or 'nothing'}"
            self.notify(safe_text(said), title="Redelivery", markup=False)

    # --- a changed copy -----------------------------------------------------------------------

    @work(exclusive=True, group="delivery-act", exit_on_error=False, description="editing a copy of a delivery")
    async def action_edit(self) -> None:
        """Edit a copy, show what changed, and send it signed anew."""
        chosen = self.chosen_delivery()
        if chosen is None:
            return
        try:
            await self._edit_and_send(chosen)
        except (ProblemError, OSError) as error:
            self.post_message(Troubled("resend", problems_of(error)))

    async def _edit_and_send(self, chosen: str) -> None:
        import asyncio

        from tassist import secrets
        from tassist.services import delivery_search, payloads, sending
        from tassist.tui.screens.delivery_edit import EditModal

        taken = await asyncio.to_thread(delivery_search.take, self.desk.where, chosen)
        text = await self.app.push_screen_wait(EditModal(f"A copy of {chosen}", payloads.as_file(taken)))
        if text is None:
            return
        changed = await asyncio.to_thread(read_copy, text)
        url = sending.checked_url(self._own_url(), elsewhere=False, api_url=self.desk.settings.text("api_url"))
        lines = [f"to {url}, signed anew, under a new delivery id: it counts as another delivery", ""]
        lines += [*await asyncio.to_thread(changes_in_words, taken, changed)]
        if not await self.app.push_screen_wait(ConfirmModal("Send this?", lines)):
            return
        secret = secrets.load_webhook_secret(self.desk.settings)
        delivery_id, kept = sending.delivery_id_for(changed, keep=False)
        sent = await asyncio.to_thread(sending.send, url, changed, secret, delivery_id=delivery_id, kept_id=kept)
        refused = sending.refusal(sent)
        if refused is not None:
            raise ProblemError(refused)
        self.notify(safe_text(f"{sent.status} {sent.answer}: {delivery_id[:12]}"), title="Sent", markup=False)
        came = await asyncio.to_thread(sending.wait, self.desk.where, delivery_id, timeout_s=_WAIT_S)
        self.notify(safe_text(_came(came), max_chars=300), title="What came of it", markup=False)

    def _own_url(self) -> str:
        from tassist.services.sending import own_url

        if self.desk.service is not None and self.desk.service.url:
            return self.desk.service.url
        return own_url(self.desk.settings)

    # --- copying ------------------------------------------------------------------------------

    @work(exclusive=True, group="delivery-act", exit_on_error=False, description="copying a delivery")
    async def action_copy(self) -> None:
        """Copy it in one of several forms."""
        chosen = self.chosen_delivery()
        if chosen is None:
            return
        form = await self.app.push_screen_wait(ChoiceModal("Copy this delivery as", _COPIES))
        if form is None:
            return
        path = ""
        if form == "file":
            path = await self._path_for(chosen) or ""
            if not path:
                return
        self.in_background(
            "delivery-copy",
            lambda: self._copied(form, chosen, path),
            self._say_copied,
            said="copying a delivery",
        )

    async def _path_for(self, chosen: str) -> str | None:
        return await self.app.push_screen_wait(
            AskModal(
                "Write it to which file? It must not be there yet.", value=f"delivery-{safe_text(chosen)[:8]}.json"
            )
        )

    def _copied(self, form: str, chosen: str, path: str) -> tuple[str, str]:
        """Runs in a thread; what goes to the clipboard, and what is said."""
        from tassist import secrets
        from tassist.services import delivery_edit, delivery_search, sending
        from tassist.services.delivery_detail import as_case, detail

        if form == "id":
            return chosen, "its id"
        if form == "case":
            return as_case(detail(self.desk.journal(), chosen)), "a test case; the configuration is to be filled in"
        taken = delivery_search.take(self.desk.where, chosen)
        if form == "curl":
            secret = secrets.load_webhook_secret(self.desk.settings)
            return sending.as_curl(taken, self._own_url(), secret), "a command; it goes under its own delivery id"
        if form == "body":
            return taken.body.decode("utf-8", "replace"), "the body"
        delivery_edit.write_file(taken, Path(path).expanduser())
        return "", f"written to {path}"

    def _say_copied(self, found: tuple[str, str]) -> None:
        text, said = found
        if text:
            self.app.copy_to_clipboard(text)
        self.notify(safe_text(f"{'Copied: ' if text else ''}{said}", max_chars=300), markup=False)

    # --- elsewhere ----------------------------------------------------------------------------

    def action_why(self) -> None:
        """Go to the issue it is about."""
        chosen = self.chosen_delivery()
        if chosen is None:
            return

        def go_on(name: str) -> None:
            if name:
                self.app.post_message(Wanted("issues", name))
            else:
                self.notify("It is about no issue.", markup=False)

        def read() -> str:
            row = self.desk.journal().find(chosen)[0]
            number = next((one for one in row.issues if one), None)
            return f"{row.repo}#{number}" if number else ""

        self.in_background("delivery-why", read, go_on, said="looking for the issue")

    def ask_moment(self, then: Callable[[int], None]) -> None:
        """Ask for a moment, and give the place of the first delivery then."""
        from tassist.services.delivery_query import WORDS, moment

        now = self.desk.clock.now()

        def wrong(text: str) -> str:
            try:
                moment(text, now)
            except ValueError:
                return f"that is no moment; it takes {WORDS['since']}"
            return ""

        def go_on(text: str | None) -> None:
            if text:
                self.in_background(
                    "delivery-moment",
                    lambda: self.desk.journal().browse.place_of(moment(text, now)),
                    then,
                    said="looking for a moment",
                )

        _ = self.app.push_screen(AskModal("To which moment?", example=WORDS["since"], wrong=wrong), go_on)


def read_copy(text: str) -> Taken:
    """An edited copy as a delivery; what is wrong with it is said with its line, and of the copy: it is in no file of theirs."""
    from tassist.services import payloads

    with tempfile.TemporaryDirectory(prefix="tassist-") as folder:
        path = Path(folder) / "delivery.json"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        try:
            return payloads.from_file(path)
        except ProblemError as error:
            problems = [replace(one, what=one.what.replace(str(path), "the copy")) for one in error.problems]
            raise ProblemError(*problems) from None


def changes_in_words(before: Taken, after: Taken) -> list[str]:
    """What was changed in a copy."""
    from tassist.services import payloads
    from tassist.services.delivery_search import differences
    from tassist.tui.screens.delivery_diff import difference_in_words

    ones = payloads.load(before.body, before.content_type)
    others = payloads.load(after.body, after.content_type)
    found = [difference_in_words(one) for one in differences(ones.document, others.document)]
    return found or ["nothing was changed in it"]


def _came(came: Came | None) -> str:
    if came is None:
        return "it is not handled yet; it is in the list"
    if came.run is None:
        return f"{came.delivery.state}: {came.delivery.reason or 'nothing to do'}"
    return f"{came.run.outcome or came.run.state}{f': {came.run.reason}' if came.run.reason else ''}"
