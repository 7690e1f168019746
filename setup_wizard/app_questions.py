"""The questions about the App: which one, whose, where its webhook leads and where its secrets are kept."""

from __future__ import annotations

from engine.problems import Problem
from setup_wizard import export_line, values
from setup_wizard.known import Known
from setup_wizard.question import Choice, Question


def _creates(known: Known) -> bool:
    return known.answer("app") == "new"


def _imports(known: Known) -> bool:
    return known.answer("app") == "import"


def _wants_a_line(known: Known) -> bool:
    return _imports(known) and not known.facts.imported


def _name(known: Known) -> str:
    owner = known.answer("organization")
    name = f"Task Assistant of {owner}" if owner else f"Task Assistant {known.facts.suffix}"
    return name if len(name) <= values.MAX_APP_NAME else f"Task Assistant {known.facts.suffix}"


def _way(known: Known) -> str:
    if known.facts.has_display:
        return "browser"
    # A public address may be a proxy that lets only the webhook through; what tassist opens itself leads here.
    return "tunnel" if known.answer("webhook") in {"ngrok", "agent"} else "paste"


def _way_faults(value: str, known: Known) -> tuple[Problem, ...]:
    if value != "tunnel" or known.answer("webhook") != "poll":
        return ()
    return (
        Problem(
            "no-tunnel-to-come-back",
            "there is no tunnel that the browser could come back through",
            "nothing from outside reaches this machine: webhook is poll",
            "answer paste, which works from any machine",
        ),
    )


def _keeps(known: Known) -> str:
    return "keyring" if known.facts.keyring else "file"


def _keeping_faults(value: str, known: Known) -> tuple[Problem, ...]:
    if value != "keyring" or known.facts.keyring:
        return ()
    return (
        Problem(
            "keyring-unusable",
            "there is no keyring that keeps secrets here",
            known.facts.keyring_why_not,
            "answer file; or mend the keyring, and see: tassist doctor",
        ),
    )


def _hook(known: Known) -> str:
    return known.facts.tunnels[0] if known.facts.tunnels else "poll"


_NO_PASSPHRASE = Problem(
    "passphrase-missing", "passphrase is not answered", fix="type what the other machine showed beside the line"
)

APP = Question(
    "app",
    "Do you want a new GitHub App, or is there one already?",
    "Task Assistant acts as a GitHub App of your own; nobody else holds its key.",
    "A new one takes one click at GitHub. One that exists can be taken over with its private key; one that was set up on "
    "another machine is brought along as one line, made there with: tassist setup export.",
    "choice",
    choices=(
        Choice("new", "a new App", "made from a manifest: no value is copied by hand"),
        Choice("existing", "an App that exists at GitHub", "you give its App ID and a private key"),
        Choice("import", "an App that tassist uses on another machine", "by the line export printed"),
    ),
    default=lambda _known: "new",
)
GITHUB = Question(
    "github",
    "Which GitHub is it?",
    "The App lives on one GitHub, and everything is asked there.",
    "github.com for most people. For GitHub Enterprise Server the address of any of its pages will do.",
    "address",
    "https://github.example.com",
    default=lambda _known: "https://github.com",
    clean=values.github_address,
    judge=lambda value, _known: values.github_address_faults(value),
    applies=lambda known: not _imports(known),
)
ACCOUNT = Question(
    "account",
    "Who shall own the App?",
    "A private App can be installed only where it is owned.",
    "Choose the organisation whose repositories it will look after; you have to be one of its owners.",
    "choice",
    choices=(Choice("me", "my own account"), Choice("organization", "an organisation")),
    default=lambda known: "organization" if known.answer("organization") else "me",
    applies=_creates,
)
ORGANIZATION = Question(
    "organization",
    "Which organisation?",
    "GitHub's page for a new App is another one for each organisation.",
    "Its name as it stands in addresses; the address of one of its pages will do.",
    example="acme",
    clean=values.login,
    judge=lambda value, _known: values.login_faults(value),
    applies=lambda known: _creates(known) and known.answer("account") == "organization",
)
APP_NAME = Question(
    "app_name",
    "What shall the App be called?",
    "People see the name beside everything it does; no two Apps at GitHub have the same.",
    f"At most {values.MAX_APP_NAME} characters. It is checked before your browser opens, and can be changed later.",
    example="Task Assistant of Acme",
    default=_name,
    judge=lambda value, _known: values.app_name_faults(value),
    applies=_creates,
)
WEBHOOK = Question(
    "webhook",
    "How does GitHub reach this machine?",
    "GitHub sends each event to an address; where nothing can reach the machine, tassist asks GitHub instead.",
    "Choose url where the machine has a public address, a reverse proxy or a tunnel of yours. It can be changed at any time.",
    "choice",
    choices=(
        Choice("url", "a public address", "production, or any tunnel you started yourself"),
        Choice("ngrok", "ngrok, opened by tassist", "for development; needs an account at ngrok"),
        Choice("agent", "an ngrok agent that is running here", "its address is read from the agent"),
        Choice("poll", "not at all", "tassist asks GitHub once a minute; nothing has to be public"),
    ),
    default=_hook,
)
WEBHOOK_URL = Question(
    "webhook_url",
    "What is the webhook's public address?",
    "GitHub sends deliveries there.",
    "https:// and the host; /webhook is added where no path is given.",
    "address",
    "https://tassist.example.com/webhook",
    clean=values.hook_address,
    judge=lambda value, _known: values.hook_address_faults(value),
    applies=lambda known: known.answer("webhook") == "url",
)
CREATE_WITH = Question(
    "create_with",
    "Where is your browser?",
    "GitHub makes an App only when somebody who is signed in clicks; that browser may be anywhere.",
    "browser: on this machine. tunnel: on any machine or telephone, through the tunnel. paste: on any machine; afterwards you "
    "copy one address back. link: you fill nothing in but copy the App ID and download its key.",
    "choice",
    choices=(
        Choice("browser", "on this machine"),
        Choice("tunnel", "anywhere; it comes here through the tunnel", "a link and a QR code"),
        Choice("paste", "anywhere; I copy an address back", "works with nothing but a terminal"),
        Choice("link", "anywhere; I copy the App ID and download a key", "if all else is blocked"),
    ),
    default=_way,
    judge=_way_faults,
    applies=_creates,
)
APP_ID = Question(
    "app_id",
    "What is the App's ID?",
    "Together with the key it says who asks.",
    "On the App's settings page, under About; a whole number, not the client id.",
    example="123456",
    clean=values.app_id,
    judge=lambda value, _known: values.app_id_faults(value),
    applies=lambda known: known.answer("app") == "existing",
)
PRIVATE_KEY_FILE = Question(
    "private_key_file",
    "In which file is the App's private key?",
    "Only who holds the key can act as the App.",
    "On the App's settings page: Private keys, Generate a private key. It is downloaded as a .pem file; it is read, checked "
    "and kept, and you may delete the file afterwards.",
    "path",
    "~/Downloads/task-assistant.private-key.pem",
    clean=values.path,
    judge=lambda value, _known: values.path_faults(value),
    applies=lambda known: known.answer("app") == "existing",
)
BUNDLE = Question(
    "bundle",
    "What is the line that export printed?",
    "It holds the App's credentials, encrypted.",
    "Made on the other machine with: tassist setup export.",
    "secret",
    "tassist-app-1.…",
    judge=lambda value, _known: export_line.faults(value),
    applies=_wants_a_line,
    with_it=("passphrase",),
)
PASSPHRASE = Question(
    "passphrase",
    "And its passphrase?",
    "The line is encrypted with it.",
    "It was shown beside the line.",
    "secret",
    "k7m2-…",
    judge=lambda value, _known: () if value else (_NO_PASSPHRASE,),
    applies=_wants_a_line,
)
KEEP_SECRETS_IN = Question(
    "keep_secrets_in",
    "Where shall the App's secrets be kept?",
    "The private key is shown once by GitHub, and whoever reads it can act as the App.",
    "keyring: the system's own. file: in tassist's folder, readable by you alone; right for services. env-file: in the `.env` "
    "of this folder, whose other lines stay as they are.",
    "choice",
    choices=(
        Choice("keyring", "in the system's keyring"),
        Choice("file", "in a file only you can read", "mode 0600, in tassist's folder"),
        Choice("env-file", "in the .env of this folder", "mode 0600; other lines and comments stay"),
    ),
    default=_keeps,
    judge=_keeping_faults,
)
