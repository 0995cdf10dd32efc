"""Splitting done wrong: stores of parts whose masks are not what the protocol asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from moiety.drills.people import Vectors, quantised
from moiety.sharing.split import split_with

Masks = Callable[[np.random.Generator, tuple[int, int]], NDArray[np.uint16]]


def uniform(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    return rng.integers(0, 1 << 16, shape, dtype=np.uint16)


def one_for_all_rows(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    return np.broadcast_to(uniform(rng, (1, shape[1])), shape).copy()


def one_for_each_page_place(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    return uniform(rng, (64, shape[1]))[rng.integers(0, 64, shape[0])]


def none_at_all(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    return np.zeros(shape, np.uint16)


def of_a_byte(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    return uniform(rng, shape) & 0xFF


def of_fifteen_bits(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    return uniform(rng, shape) >> 1


def even(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    return uniform(rng, shape) << 1


def whole_numbers_only(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    """From the ring of integers instead of its extension: every second word is zero."""
    mask = uniform(rng, shape)
    mask[:, 1::2] = 0
    return mask


def one_word_twice(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint16]:
    mask = uniform(rng, shape)
    mask[:, 1::2] = mask[:, 0::2]
    return mask


def parts(vectors: Vectors, seat: str, masks: Masks, rng: np.random.Generator) -> NDArray[np.uint16]:
    """One seat's parts (n, d) of vectors (n, d), split with such masks."""
    words = quantised(vectors).astype(np.uint16)
    return split_with(words, masks(rng, words.shape))[seat]
