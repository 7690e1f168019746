"""The steps of the installation, in the order in which they are done."""

from __future__ import annotations

from setup_wizard.app_steps import KeepSecrets, RegisterApp, SetWebhook
from setup_wizard.finish_steps import Install, ProveHealth, SeeDelivery
from setup_wizard.step import Stage

STAGES: tuple[Stage, ...] = (
    Stage(
        "app",
        "GitHub App",
        (
            "github",
            "app",
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
    Stage("finish", "Proof", (), (SeeDelivery(), ProveHealth())),
)
