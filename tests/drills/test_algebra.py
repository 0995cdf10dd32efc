"""The attacker's own arithmetic agrees with the product's, although they share no line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from moiety.drills import algebra
from moiety.sharing import encode as product
from moiety.sharing.split import split_with

WORDS = arrays(np.uint16, (2, 8), elements=st.integers(0, 65535))


@given(WORDS)
def test_encoding_is_the_products_and_decoding_undoes_it(words):
    encoded = algebra.encode(words.view(np.int16))
    assert np.array_equal(encoded, product.encode(words))
    assert np.array_equal(algebra.decode(encoded), words)


@pytest.mark.parametrize("pair", ["ab", "ac", "bc"])
@given(words=WORDS, mask=WORDS)
def test_any_two_shares_give_the_words(pair, words, mask):
    shares = split_with(words, mask)
    assert np.array_equal(algebra.combine({seat: shares[seat] for seat in pair}), words)


@pytest.mark.parametrize("seat", algebra.SEATS)
@given(words=WORDS, mask=WORDS)
def test_over_the_point_stands_the_mask(seat, words, mask):
    share = split_with(words, mask)[seat]
    assert np.array_equal(algebra.over_point(share - algebra.encode(words.view(np.int16)), seat), mask)


@pytest.mark.parametrize("pair", ["ab", "ac", "bc"])
def test_two_parts_of_a_byte_string_give_it(pair):
    rng = np.random.default_rng(1)
    secret, mask = (np.frombuffer(rng.bytes(32), "<u2").astype(np.uint16).reshape(2, 8) for _ in range(2))
    parts = split_with(secret, mask)
    held = {seat: parts[seat].astype("<u2").view(np.uint8) for seat in pair}
    assert algebra.combine_bytes(held).tobytes() == secret.astype("<u2").tobytes()
