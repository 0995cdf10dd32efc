"""What a folder is: an office with three custodians in it, or the place of a gateway's configuration."""

from __future__ import annotations

from typing import Final

DEPLOYMENT: Final = "deployment.toml"
"""The gateway's configuration. A folder with one stands for custodians that run apart."""
