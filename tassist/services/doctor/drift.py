"""What GitHub has, against what is wanted: the manifest, the App, its installations, its webhook, its last delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from engine.problems import ProblemError
from setup_wizard.manifest import EVENTS, PERMISSIONS
from tassist.clock import SystemClock
from tassist.doctor.check import Check, Finding, failed, ok, skipped, waiting, warning
from tassist.doctor.public import NOBODY
from tassist.github.app_api import missing_permissions
from tassist.github.wire import AppWire, DeliveryWire
from tassist.services.doctor.app_side import AppSide, NotYet
from tassist.services.doctor.covered import uncovered
from tassist.services.not_taken import reason
from tassist.text import noun, safe_text
from tassist.tunnel import agent

Look = Callable[[AppSide], Awaitable[Finding]]


def where_there_is_an_app(look: Look) -> Look:
    """Without credentials there is nothing to look at, which is no fault."""

    async def looked(side: AppSide) -> Finding:
        try:
            return await look(side)
        except NotYet as error:
            return skipped(error.problems[0].what)

    return looked


def settings_page(app: AppWire, page: str = "") -> str:
    """The address of a page of the App's settings, for its owner."""
    root = (app.html_url or "").partition("/apps/")[0].partition("/github-apps/")[0]
    owner = app.owner.login if app.owner is not None and app.owner.type == "Organization" else ""
    place = f"organizations/{owner}/settings/apps" if owner else "settings/apps"
    return safe_text(f"{root}/{place}/{app.slug}{page}", max_chars=200)


async def _app(side: AppSide) -> Finding:
    connection = await side.connection()
    app = await side.app()
    if app.id is not None and app.id != connection.auth.app.app_id:
        return failed(
            f"the key belongs to App {app.id}, and the id here is {connection.auth.app.app_id}",
            "an id and a key of two Apps were put together",
            "correct GITHUB_APP_ID, or take the key of the right App",
        )
    owner = safe_text(app.owner.login if app.owner else "nobody", max_chars=60)
    return ok(f"GitHub knows the key: {safe_text(app.name, max_chars=60)}, owned by {owner}")


async def _permissions(side: AppSide) -> Finding:
    app = await side.app()
    lacking = missing_permissions(app.permissions, PERMISSIONS)
    events = [event for event in EVENTS if event not in (app.events or [])]
    page = settings_page(app, "/permissions")
    if lacking:
        asked = ", ".join(f"{name}: {level}" for name, level in sorted(PERMISSIONS.items()))
        return failed(
            f"the App may not do all it needs: {safe_text('; '.join(p.what.partition(', and')[0].removeprefix('the installation grants ') for p in lacking))}",
            f"it needs {asked}",
            f"set them at {page}; then each owner of an installation has to accept",
        )
    if events:
        return failed(
            f"the App does not hear of {', '.join(events)}",
            "what GitHub does not send cannot be acted on; the nightly sweep finds it late",
            f"tick them at {page}, under Subscribe to events",
        )
    more = sorted(name for name, level in (app.permissions or {}).items() if _more(name, level))
    if more:
        return warning(
            f"the App may do more than it needs: {safe_text(', '.join(more), max_chars=120)}",
            "whoever gets hold of its key may do so too",
            f"take them away at {page}",
        )
    return ok("permissions and events are what the manifest asks for")


def _more(name: str, level: str) -> bool:
    rank = {"read": 1, "write": 2, "admin": 3}
    return rank.get(level, 3) > rank.get(PERMISSIONS.get(name, ""), 0)


async def _installations(side: AppSide) -> Finding:
    app, found = await side.app(), await side.installations()
    if not found:
        return waiting(
            "the App is not installed anywhere",
            "it sees no repository until it is",
            f"open {safe_text(app.html_url)}/installations/new",
        )
    for item in found:
        account = safe_text(item.account.login if item.account else item.id, max_chars=60)
        if item.suspended_at:
            return failed(
                f"the installation in {account} is suspended",
                "GitHub sends nothing and lets nothing in",
                f"unsuspend it: {safe_text(item.html_url)}",
            )
        lacking = missing_permissions(item.permissions, PERMISSIONS)
        if lacking:
            return waiting(
                f"an owner of {account} has yet to accept the App's new permissions",
                lacking[0].what,
                f"accept them: {safe_text(item.html_url)}",
            )
    logins = {(item.account.login or "").casefold() for item in found if item.account}
    lacking_here = await uncovered(side, logins)
    if lacking_here:
        return warning(
            f"chosen, and the App is not installed there: {safe_text(', '.join(lacking_here), max_chars=200)}",
            "the setting repositories names them, and GitHub tells the App nothing of them",
            f"open {safe_text(app.html_url)}/installations/new; or choose others: tassist setup --redo repositories",
        )
    accounts = ", ".join(safe_text(item.account.login if item.account else item.id, max_chars=60) for item in found[:5])
    return ok(f"installed in {accounts}" + (f" and {len(found) - 5} more" if len(found) > 5 else ""))


async def _hook(side: AppSide) -> Finding:
    hook = await side.hook()
    if hook is None or not hook.url:
        return failed(
            "the App has no webhook",
            "GitHub sends nothing; only asking it (tassist serve --poll) works",
            "on the App's settings page tick Webhook, Active; then: tassist setup --redo webhook",
        )
    url = safe_text(hook.url, max_chars=120)
    if str(hook.insecure_ssl) not in {"0", "0.0", "None"}:
        return failed(
            "GitHub does not check the webhook's certificate",
            "deliveries could be read and changed on their way",
            "switch SSL verification on: tassist doctor --fix hook",
            mendable=True,
        )
    if not hook.secret:
        return failed(
            "the webhook has no secret", "anybody could send deliveries", "tassist setup --redo webhook makes one"
        )
    if hook.content_type != "json":
        return warning(
            "deliveries come as forms",
            "they grow by escaping, and reach GitHub's limit of size sooner",
            "send JSON: tassist doctor --fix hook",
            mendable=True,
        )
    if urlsplit(hook.url).hostname == NOBODY:
        return ok("the webhook leads nowhere, on purpose: tassist serve --poll asks instead")
    return ok(f"the webhook leads to {url}")


async def _mend_hook(side: AppSide) -> str:
    connection = await side.connection()
    await connection.api.set_hook_config()
    return "the webhook is sent as JSON, and its certificate is checked"


async def _last_delivery(side: AppSide) -> Finding:
    log = await side.deliveries()
    if not log:
        return waiting(
            "GitHub has sent nothing yet", "deliveries come when something happens", "edit a label of an issue"
        )
    newest = log[0]
    taken = {item.guid for item in log if _taken(item)}
    lost = {item.guid for item in log if item.guid not in taken}
    age = _age(newest.delivered_at, SystemClock().now())
    hook = await side.hook()
    if hook is not None and urlsplit(hook.url or "").hostname == NOBODY:
        return ok(f"GitHub's last delivery, {age}, is in its log, where tassist serve --poll reads it")
    if not _taken(newest) and newest.guid not in taken:
        why, fix = reason(newest)
        return failed(f"GitHub's last delivery, {age}, was not taken: {_status(newest)}", why, fix)
    if lost:
        return warning(
            f"{len(lost)} of the last {len({item.guid for item in log})} deliveries {noun(len(lost), 'was', 'were')} not taken",
            "GitHub does not send them again by itself",
            "tassist deliveries redeliver asks for them; tassist serve catches up when it starts",
        )
    return ok(f"GitHub's last delivery, {age}, was taken ({safe_text(newest.event, max_chars=60)})")


def _taken(item: DeliveryWire) -> bool:
    return item.status == "OK" or 200 <= (item.status_code or 0) < 300


def _status(item: DeliveryWire) -> str:
    code = f"HTTP {item.status_code}" if item.status_code else "no answer"
    return safe_text(f"{code}, {item.status}" if item.status else code, max_chars=120)


def _age(moment: str | None, now: datetime) -> str:
    try:
        then = datetime.fromisoformat(moment or "")
    except ValueError:
        return "some time ago"
    seconds = (now - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()
    if seconds < 120:
        return "a moment ago"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes ago"
    return f"{seconds / 3600:.0f} hours ago" if seconds < 172_800 else f"{seconds / 86_400:.0f} days ago"


_TUNNELS = (
    ".ngrok.app",
    ".ngrok.io",
    ".ngrok-free.app",
    ".ngrok-free.dev",
    ".ngrok.dev",
    ".trycloudflare.com",
    ".loca.lt",
)


async def _tunnel(side: AppSide) -> Finding:
    from tassist.services import switching

    kept = switching.read(side.home)
    left = kept is not None and kept.standing != switching.Standing.SET and not switching.is_held(side.home)
    if left and kept is not None:
        return failed(
            "a process that had pointed the webhook to itself was killed",
            f"production is {safe_text(kept.production, max_chars=120)} and hears nothing",
            "restore it: tassist doctor --fix tunnel; the next tassist serve does so too",
            mendable=True,
        )
    hook = await side.hook()
    url = (hook.url if hook is not None else "") or ""
    if kept is not None and url not in {kept.url, kept.production}:
        return warning(
            f"somebody else has pointed the webhook to {safe_text(url, max_chars=120)}",
            f"tassist had set {safe_text(kept.url, max_chars=120)}",
            "tassist switch status shows what was set when; tassist switch prod --force takes it back",
        )
    host = urlsplit(url).hostname or ""
    if not host.endswith(_TUNNELS):
        return ok("no tunnel is used")
    if side.settings is None or "ngrok" not in host:
        return ok(f"the webhook leads through the tunnel {safe_text(host, max_chars=100)}")
    try:
        found = await agent.tunnels(side.settings.text("ngrok_agent").rstrip("/"), timeout_s=1.0)
    except ProblemError:
        if switching.is_held(side.home):
            return ok(f"tassist serve holds the tunnel {safe_text(host, max_chars=100)}")
        return warning(
            f"the webhook leads to {safe_text(host, max_chars=100)}, and no ngrok agent is running here",
            "where nobody holds the tunnel open, GitHub's deliveries are lost until somebody does",
            "tassist serve --tunnel ngrok; or back to production: tassist switch prod",
        )
    here = next((item for item in found if urlsplit(item.url).hostname == host), None)
    if here is None:
        now = ", ".join(safe_text(item.url, max_chars=100) for item in found) or "none"
        return failed(
            "the tunnel's address has changed, and the webhook still leads to the old one",
            f"the agent's tunnels now: {now}",
            "tassist switch dev; or have it followed by itself: tassist serve --tunnel agent",
        )
    if here.keeps:
        return warning(
            "the ngrok agent keeps every payload, and shows it to everybody on this machine at 127.0.0.1:4040",
            "payloads hold what private repositories say",
            "start it with --inspect=false, or use tassist serve --tunnel agent, which does so",
        )
    return ok(f"the ngrok agent holds the tunnel {safe_text(host, max_chars=100)}")


async def _mend_tunnel(side: AppSide) -> str:
    from tassist.services import switching

    connection = await side.connection()
    return await switching.restore_left(connection.api, side.home, clock=SystemClock()) or "nothing was left to restore"


CHECKS: tuple[Check[AppSide], ...] = (
    Check("app", "App", "GitHub accepts the key, and says whose App it is.", where_there_is_an_app(_app)),
    Check(
        "permissions",
        "Permissions",
        "The App's permissions and events against those of the manifest: what is missing, and what is more than needed.",
        where_there_is_an_app(_permissions),
    ),
    Check(
        "installations",
        "Installations",
        "The App is installed, not suspended, and each installation grants what the App asks for; a change of permissions "
        "waits for an owner. It is installed on every repository that the setting repositories chooses.",
        where_there_is_an_app(_installations),
    ),
    Check(
        "hook",
        "Webhook",
        "The webhook as GitHub has it: an address, JSON, a secret, certificates checked.",
        where_there_is_an_app(_hook),
        _mend_hook,
        "have it sent as JSON with certificates checked",
    ),
    Check(
        "tunnel",
        "Tunnel",
        "Whether the webhook leads through a tunnel that is open, to the address the tunnel has now; whether somebody else "
        "changed it; whether a process that was killed left it away from production; whether the ngrok agent keeps payloads.",
        where_there_is_an_app(_tunnel),
        _mend_tunnel,
        "point the webhook back to production",
    ),
    Check(
        "last-delivery",
        "Last delivery",
        "The newest hundred attempts of GitHub's delivery log: whether the last one was taken, what was lost, and what "
        "GitHub says about why.",
        where_there_is_an_app(_last_delivery),
    ),
)
