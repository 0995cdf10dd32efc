"""What is answered, as the interface's description names it; no answer has a score, a distance or a rank."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict

PURPOSE: str = r"^[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?$"

PurposeName = Annotated[str, Path(pattern=PURPOSE, description="the name of a purpose")]
WhoseName = Annotated[str, Path(min_length=1, max_length=80, description="a pseudonym")]


class Answer(BaseModel):
    """Every answer: what is declared, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Done(Answer):
    """It was done."""

    done: bool = True
