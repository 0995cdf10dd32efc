"""Format 1: pages and states with SHA-256 digests, in the clear."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The tables of the first format."""
    op.create_table(
        "custodian",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("seat", sa.String(1), nullable=False),
        sa.Column("office", sa.LargeBinary(16), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("staging", sa.SmallInteger, nullable=False),
    )
    op.create_table(
        "gallery",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("phase", sa.SmallInteger, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("checked", sa.BigInteger, nullable=False),
        sa.Column("damaged", sa.SmallInteger, nullable=False),
    )
    for name in ("page", "states"):
        op.create_table(
            name,
            sa.Column("gallery", sa.Integer, sa.ForeignKey("gallery.id"), nullable=False),
            sa.Column("epoch", sa.BigInteger, nullable=False),
            sa.Column("number", sa.Integer, nullable=False),
            sa.Column("rows", sa.LargeBinary, nullable=False),
            sa.PrimaryKeyConstraint("gallery", "epoch", "number"),
        )
