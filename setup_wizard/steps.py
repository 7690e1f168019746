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
        (
            "repositories",
            "telemetry",
            "telemetry_repository",
            "telemetry_file",
            "telemetry_postgresql",
            "telemetry_collector",
            "telemetry_authorization",
        ),
        (ChooseRepositories(), ChooseTelemetry()),
    ),
    Stage(
        "repository",
        "First configuration",
        ("scaffold", "scaffold_repository", "scaffold_folder"),
        (LookAtRepository(),),
    ),
    Stage(
        "scaffold",
        "First files",
        (
            "scaffold_tracks",
            "scaffold_phases",
            "scaffold_forms",
            "scaffold_dashboard",
            "scaffold_replace",
            "github_token",
        ),
        (WriteScaffold(),),
    ),
    Stage("finish", "Proof", (), (SeeDelivery(), ProveHealth())),
)
