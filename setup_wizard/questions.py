"""Every question of the installer, in the order in which they are asked."""

from __future__ import annotations

from setup_wizard import app_questions as app
from setup_wizard import care_questions as care
from setup_wizard import scaffold_questions as scaffold
from setup_wizard.question import Question

QUESTIONS: tuple[Question, ...] = (
    app.APP,
    app.GITHUB,
    app.ACCOUNT,
    app.ORGANIZATION,
    app.APP_NAME,
    app.WEBHOOK,
    app.WEBHOOK_URL,
    app.CREATE_WITH,
    app.APP_ID,
    app.PRIVATE_KEY_FILE,
    app.BUNDLE,
    app.PASSPHRASE,
    app.KEEP_SECRETS_IN,
    care.REPOSITORIES,
    care.TELEMETRY,
    care.TELEMETRY_REPOSITORY,
    care.TELEMETRY_FILE,
    care.TELEMETRY_POSTGRESQL,
    care.TELEMETRY_COLLECTOR,
    care.TELEMETRY_AUTHORIZATION,
    scaffold.SCAFFOLD,
    scaffold.SCAFFOLD_REPOSITORY,
    scaffold.SCAFFOLD_FOLDER,
    scaffold.SCAFFOLD_TRACKS,
    scaffold.SCAFFOLD_PHASES,
    scaffold.SCAFFOLD_FORMS,
    scaffold.SCAFFOLD_DASHBOARD,
    scaffold.SCAFFOLD_REPLACE,
    scaffold.GITHUB_TOKEN,
)
QUESTION_BY_ID = {question.id: question for question in QUESTIONS}
