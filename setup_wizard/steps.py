"""The steps of the installation, in the order in which they are done."""

from __future__ import annotations

from setup_wizard.app_steps import KeepSecrets, SetWebhook
from setup_wizard.care_steps import ChooseRepositories, ChooseTelemetry
from setup_wizard.finish_steps import Install, ProveHealth, SeeDelivery
from setup_wizard.register_step import RegisterApp
from setup_wizard.scaffold_steps import LookAtRepository, WriteScaffold
from setup_wizard.step import Stage

STAGES: tuple[Stage, ...] = (
    Stage(
        "app",
        "GitHub App",
        (
            "app",
            "github",
            "account",
            "organization",
            "app_name",
            "app_id",
            "private_key_file",
            "bundle",
            "passphrase",
            "webhook",
            "webhook_url",
            "create_with",
            "keep_secrets_in",
        ),
        (RegisterApp(), KeepSecrets(), SetWebhook(), Install()),
    ),
    Stage(
        "care",
        "Repositories and telemetry",
        (*ChooseRepositories.questions, *ChooseTelemetry.questions),
        (ChooseRepositories(), ChooseTelemetry()),
    ),
    Stage(
        "repository",
        "First configuration",
        LookAtRepository.questions,
        (LookAtRepository(),),
    ),
    Stage(
        "scaffold",
        "First files",
        WriteScaffold.questions,
        (WriteScaffold(),),
    ),
    Stage("finish", "Proof", (), (SeeDelivery(), ProveHealth())),
)
