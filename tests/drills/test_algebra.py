"""The attacker's own arithmetic agrees with the product's, although they share no line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from moiety.drills import algebra
from moiety.sharing import encode as product
from moiety.sharing.split import split, split_bytes

WORDS = arrays(np.uint16, (3, 8), elements=st.integers(0, 65535))


@given(WORDS)
def test_encoding_is_the_products_and_decoding_undoes_it(words):
    encoded = algebra.encode(words.view(np.int16))
    assert np.array_equal(encoded, product.encode(words))
    assert np.array_equal(algebra.decode(encoded), words)


@given(WORDS, st.binary(min_size=48, max_size=48))
@pytest.mark.parametrize("pair", ["ab", "ac", "bc"])
def test_any_two_shares_give_the_words(pair, words, mask):
    shares = split(words, lambda count: mask)
    assert np.array_equal(algebra.combine({seat: shares[seat] for seat in pair}), words)


@given(WORDS, st.binary(min_size=48, max_size=48))
@pytest.mark.parametrize("seat", algebra.SEATS)
def test_over_the_point_stands_the_mask(seat, words, mask):
    share = split(words, lambda count: mask)[seat]
    bare = algebra.over_point(share - algebra.encode(words.view(np.int16)), seat)
    assert bare.astype("<u2").tobytes() == mask


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_two_parts_of_a_byte_string_give_it(secret, mask):
    parts = split_bytes(secret, lambda count: mask)
    held = {seat: np.frombuffer(parts[seat], np.uint8)[None] for seat in "ac"}
    assert algebra.combine_bytes(held).tobytes() == secret
