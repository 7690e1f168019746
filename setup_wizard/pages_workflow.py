"""The GitHub workflow that publishes the dashboard of a telemetry repository to GitHub Pages."""

from __future__ import annotations

PATH = ".github/workflows/task-assistant-dashboard.yml"
"""Where it belongs: on the default branch of the telemetry repository."""

_TEXT = """\
# Builds the dashboard from the records on the branch `{branch}` and publishes it to GitHub Pages.
# Written by tassist. Pages has to be switched on with "GitHub Actions" as its source: Settings > Pages.
# A published page may be public though the repository is private; see docs/how-to/publish-the-dashboard.md of tassist.
name: Task Assistant dashboard

on:
  schedule:
    - cron: "17 4 * * *"
  workflow_dispatch: {{}}

permissions: {{}}

concurrency:
  group: task-assistant-dashboard
  cancel-in-progress: false

jobs:
  build:
    name: Build the pages
    runs-on: ubuntu-latest
    timeout-minutes: 15
    permissions:
      contents: read # the records
    steps:
      - name: Fetch the records
        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          ref: {branch}
          path: records
          persist-credentials: false
      - name: Set up Python
        uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0
        with:
          python-version: "3.12"
      - name: Install tassist
        run: python -m pip install "tassist==${{TASSIST_VERSION}}"
        env:
          TASSIST_VERSION: "{version}"
      - name: Build
        run: tassist dashboard build --from records --out site
      - name: Hand the pages on
        uses: actions/upload-pages-artifact@7b1f4a764d45c48632c6b24a0339c27f5614fb0b # v4.0.0
        with:
          path: site
  publish:
    name: Publish
    needs: build
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      pages: write # to publish
      id-token: write # Pages asks who publishes
    environment:
      name: github-pages
      url: ${{{{ steps.published.outputs.page_url }}}}
    steps:
      - name: Publish
        id: published
        uses: actions/deploy-pages@d6db90164ac5ed86f2b6aed7e0febac5b3c0c03e # v4.0.5
"""


def pages_workflow(*, version: str, branch: str = "telemetry") -> str:
    """The text of the workflow.

    Args:
        version: Of tassist; the same telemetry and version give the same pages.
        branch: Where the records are.

    Raises:
        ValueError: A name that could be read as anything but a name.
    """
    for name in (version, branch):
        if not name or any(not (char.isascii() and (char.isalnum() or char in "._-/+")) for char in name):
            raise ValueError(f"{name!r} cannot stand in a workflow")
    return _TEXT.format(branch=branch, version=version)
