"""What a signature says of a share: one blind, one sequence of pieces, and nothing that anybody could compare."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from moiety.custody.trust.pledges import BLIND_BYTES, commitment

BLINDS = st.binary(min_size=BLIND_BYTES, max_size=BLIND_BYTES)
SHARES = st.lists(st.binary(max_size=8), max_size=4)


@given(BLINDS, BLINDS, SHARES)
def test_two_blinds_give_two_commitments(blind: bytes, other: bytes, share: list[bytes]) -> None:
    """Else a custodian could try photographs against what another one's share is committed to."""
    assume(blind != other)
    assert commitment(blind, share) != commitment(other, share)


@given(BLINDS, SHARES, st.data())
def test_what_reads_alike_in_one_piece_gives_two_commitments(
    blind: bytes, share: list[bytes], data: st.DataObject
) -> None:
    """The end of a probe is not the beginning of a handle."""
    whole = b"".join(share)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    edges = [0, *cuts, len(whole)]
    other = [whole[at:to] for at, to in pairwise(edges)]
    assume(other != share)
    assert commitment(blind, share) != commitment(blind, other)


def test_a_piece_that_moves_over_gives_another_commitment() -> None:
    blind = bytes(BLIND_BYTES)
    alike = [[b"ab", b"c"], [b"a", b"bc"], [b"abc"], [b"abc", b""], [b"", b"abc"]]
    assert len({commitment(blind, share) for share in alike}) == len(alike)
