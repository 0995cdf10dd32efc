"""Inner loops as vector instructions, emitted through numba because its own vectoriser does not find them.

Everything here is generic LLVM, so it runs wherever numba does; where the processor has a 16-bit dot product with
32-bit accumulation (AVX-512 VNNI), that one instruction replaces a multiplication and an addition. Sums wrap in
both forms, and only their low 16 bits are used, so the two forms agree exactly.

The compiled functions stand here beside what they are made of: numba keeps them on disk for as long as this file stays
the same, and looks at no other.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils as _untyped_cgutils
from numba.core import types
from numba.extending import intrinsic as _untyped_intrinsic

from moiety.sharing.ring import WORD_TYPES

LANE_ROWS = 16
PANEL_ROWS = 64
PANEL_LANES = PANEL_ROWS // LANE_ROWS

cgutils: Any = _untyped_cgutils  # its functions carry no types
intrinsic: Any = _untyped_intrinsic  # its type counts the typing context among the arguments

_I16, _I32, _I64 = (ir.IntType(bits) for bits in (16, 32, 64))
_PAIRS = ir.VectorType(_I32, LANE_ROWS)  # sixteen rows, a pair of words of each
_WORDS = ir.VectorType(_I16, 2 * LANE_ROWS)
_SUMS = ir.VectorType(_I16, LANE_ROWS)


def _has_dot_product() -> bool:
    features = llvm.get_host_cpu_features()
    return bool(features.get("avx512vnni") and features.get("avx512bw"))


HAS_DOT_PRODUCT = _has_dot_product()


def _at(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _dot_step(builder: Any, sums: Any, rows: Any, pair: Any) -> Any:
    """sums + rows . pair, for sixteen rows of one pair of words each."""
    if HAS_DOT_PRODUCT:
        kind = ir.FunctionType(_PAIRS, [_PAIRS, _PAIRS, _PAIRS])
        step = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.vpdpwssd.512")
        return builder.call(step, [sums, rows, pair])
    product = builder.mul(builder.bitcast(rows, _WORDS), builder.bitcast(pair, _WORDS))
    return builder.bitcast(builder.add(builder.bitcast(sums, _WORDS), product), _PAIRS)


def _prefetch(builder: Any, address: Any) -> None:
    """Ask for the cache line at an address; one beyond the array is harmless."""
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch")
    for_reading, keep_close, data = (ir.Constant(_I32, value) for value in (0, 3, 1))
    builder.call(prefetch, [builder.inttoptr(address, byte), for_reading, keep_close, data])


def _folded(builder: Any, sums: Any) -> Any:
    """The sixteen 16-bit sums: the two halves of each lane were kept apart without the dot product."""
    if not HAS_DOT_PRODUCT:
        sums = builder.add(sums, builder.lshr(sums, ir.Constant(_PAIRS, [16] * LANE_ROWS)))
    return builder.trunc(sums, _SUMS)


def dot_tile(lanes: int, probes: int, lines: int) -> Any:
    """A kernel that adds inner products of lanes x 16 rows with probes to 16-bit sums.

    Its arguments: (rows, weights, weights_stride, pairs, out, out_stride, ahead, ahead_stride). Addresses and strides
    are in bytes. `rows` points into a panel (pairs, 64 rows, 2 words), `weights` to the first of `probes` rows of
    words, `out` to the sums, one row of them per probe. Each pair asks for `lines` lines of 64 bytes at `ahead`,
    `ahead_stride` after those of the pair before.
    """

    @intrinsic
    def kernel(  # type: ignore[no-untyped-def]
        typing_context, rows, weights, weights_stride, pairs, out, out_stride, ahead, ahead_stride
    ):
        address, size = types.uintp, types.intp
        kinds = (address, address, size, size, address, size, address, size)
        signature = types.void(*kinds)

        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            rows, weights, weights_stride, pairs, out, out_stride, ahead, ahead_stride = arguments
            sums = [[cgutils.alloca_once(builder, _PAIRS) for _ in range(lanes)] for _ in range(probes)]
            for slot in (slot for of_probe in sums for slot in of_probe):
                builder.store(ir.Constant(_PAIRS, [0] * LANE_ROWS), slot)
            nothing = ir.Constant(_PAIRS, ir.Undefined)
            with cgutils.for_range(builder, pairs) as loop:
                row_address = builder.add(rows, builder.mul(loop.index, ir.Constant(_I64, 4 * PANEL_ROWS)))
                soon = builder.add(ahead, builder.mul(loop.index, ahead_stride))
                loaded = []
                for lane in range(lanes):
                    address = builder.add(row_address, ir.Constant(_I64, 4 * LANE_ROWS * lane))
                    vector = builder.load(_at(builder, address, _PAIRS))
                    vector.align = 2
                    loaded.append(vector)
                for line in range(lines):
                    _prefetch(builder, builder.add(soon, ir.Constant(_I64, 64 * line)))
                for probe in range(probes):
                    offset = builder.mul(weights_stride, ir.Constant(_I64, probe))
                    address = builder.add(builder.add(weights, offset), builder.mul(loop.index, ir.Constant(_I64, 4)))
                    pair = builder.load(_at(builder, address, _I32))
                    pair.align = 2
                    spread = builder.shuffle_vector(
                        builder.insert_element(nothing, pair, ir.Constant(_I32, 0)),
                        nothing,
                        ir.Constant(ir.VectorType(_I32, LANE_ROWS), [0] * LANE_ROWS),
                    )
                    for lane in range(lanes):
                        slot = sums[probe][lane]
                        builder.store(_dot_step(builder, builder.load(slot), loaded[lane], spread), slot)
            for probe in range(probes):
                for lane in range(lanes):
                    offset = builder.mul(out_stride, ir.Constant(_I64, probe))
                    address = builder.add(builder.add(out, offset), ir.Constant(_I64, 2 * LANE_ROWS * lane))
                    so_far = builder.load(_at(builder, address, _SUMS))
                    so_far.align = 2
                    total = builder.add(so_far, _folded(builder, builder.load(sums[probe][lane])))
                    builder.store(total, _at(builder, address, _SUMS)).align = 2
            return context.get_dummy_value()

        return signature, emit

    return kernel


@intrinsic
def bit_planes(typing_context, numbers, others, less, key, key_stride, out, stride):  # type: ignore[no-untyped-def]
    """Write the bit planes of 64 numbers + others - less, xor a key, as one uint64 a plane: row r in bit r.

    `numbers` and `others` are addresses of 64 words of the type of `less`; `key` and `out` of the first plane's word,
    `key_stride` and `stride` bytes before the next plane's.
    """
    bits = less.bitwidth
    signature = types.void(types.uintp, types.uintp, less, types.uintp, types.intp, types.uintp, types.intp)
    vector = ir.VectorType(ir.IntType(bits), PANEL_ROWS)

    def spread(builder: Any, value: Any) -> Any:
        nothing = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(nothing, value, ir.Constant(_I32, 0))
        return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_I32, PANEL_ROWS), [0] * PANEL_ROWS))

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        numbers, others, less, key, key_stride, out, stride = arguments
        loaded = []
        for address in (numbers, others):
            words = builder.load(_at(builder, address, vector))
            words.align = bits // 8
            loaded.append(words)
        total = builder.sub(builder.add(*loaded), spread(builder, less))
        for plane in range(bits):
            # The wanted bit moves to the sign, and sixty-four signs are one word: a single instruction or few.
            top = builder.shl(total, ir.Constant(vector, [bits - 1 - plane] * PANEL_ROWS))
            word = builder.bitcast(builder.icmp_signed("<", top, ir.Constant(vector, [0] * PANEL_ROWS)), _I64)
            offset, key_offset = (builder.mul(step, ir.Constant(_I64, plane)) for step in (stride, key_stride))
            masked = builder.xor(word, builder.load(_at(builder, builder.add(key, key_offset), _I64)))
            builder.store(masked, _at(builder, builder.add(out, offset), _I64))
        return context.get_dummy_value()

    return signature, emit


def subset_tile() -> Any:
    """A kernel (elements, subsets, count, out): 64 sums of pairs of 64-bit words, sum s over those with bit s set.

    Addresses. `elements` points to `count` pairs of words, `subsets` to as many words, `out` to the 64 sums of the
    pairs' first words and then the 64 of their second words; it is overwritten.
    """
    words = ir.VectorType(_I64, 64)
    bits = ir.VectorType(ir.IntType(1), 64)

    @intrinsic
    def kernel(typing_context, elements, subsets, count, out):  # type: ignore[no-untyped-def]
        signature = types.void(types.uintp, types.uintp, types.intp, types.uintp)

        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            elements, subsets, count, out = arguments
            nothing, zeros = ir.Constant(words, ir.Undefined), ir.Constant(words, [0] * 64)
            sums = [cgutils.alloca_once(builder, words) for _ in range(2)]
            for slot in sums:
                builder.store(zeros, slot)
            with cgutils.for_range(builder, count) as loop:
                address = builder.add(subsets, builder.mul(loop.index, ir.Constant(_I64, 8)))
                # One bit a lane: the processor adds under a mask instead of multiplying by it.
                chosen = builder.bitcast(builder.load(_at(builder, address, _I64)), bits)
                for word, slot in enumerate(sums):
                    offset = builder.add(builder.mul(loop.index, ir.Constant(_I64, 16)), ir.Constant(_I64, 8 * word))
                    value = builder.load(_at(builder, builder.add(elements, offset), _I64))
                    spread = builder.shuffle_vector(
                        builder.insert_element(nothing, value, ir.Constant(_I32, 0)),
                        nothing,
                        ir.Constant(ir.VectorType(_I32, 64), [0] * 64),
                    )
                    added = builder.select(chosen, spread, zeros)
                    builder.store(builder.add(builder.load(slot), added), slot)
            for word, slot in enumerate(sums):
                address = builder.add(out, ir.Constant(_I64, 64 * 8 * word))
                stored = builder.store(builder.load(slot), _at(builder, address, words))
                stored.align = 8
            return context.get_dummy_value()

        return signature, emit

    return kernel


# How many probes share one load of rows, and how many rows one load of weights: as many accumulators as the vector
# registers hold, thirty-two of 512 bits or sixteen of 256.
_TILE_PROBES = 4
_TILE_LANES = 4 if HAS_DOT_PRODUCT else 1

# A block of a panel that stays in the first-level cache while all probes go over it, and the next one comes: 16 KiB.
_BLOCK_PAIRS = 64

_PAIR_BYTES = PANEL_ROWS * 4
_PAIR_LINES = _PAIR_BYTES // 64

# With one probe the memory is the limit, and the processor's own read-ahead stops at every page of 4 KiB.
_AHEAD_BYTES = 4_096

_four_probes = dot_tile(_TILE_LANES, _TILE_PROBES, 1)
_four_of_few = dot_tile(_TILE_LANES, _TILE_PROBES, _PAIR_LINES)
_one_probe = dot_tile(PANEL_LANES, 1, _PAIR_LINES)
_subset_sums = subset_tile()


@njit("void(uintp, intp, uintp, uint16[:, :, ::1])", nogil=True, cache=True)
def panel_products(weights, dim, panels, out):  # type: ignore[no-untyped-def]
    """Inner products of weights (B, dim) and panels (m, dim / 2, 64, 2), both given by address, into out (m, B, 64)."""
    probes = out.shape[1]
    whole = probes - probes % _TILE_PROBES
    row_bytes = PANEL_ROWS * 2
    for panel in range(out.shape[0]):
        out[panel, :, :] = 0
        here = out[panel].ctypes.data
        first_pair = 0
        while first_pair < dim // 2:
            pairs = min(_BLOCK_PAIRS, dim // 2 - first_pair)
            rows = panels + panel * dim * PANEL_ROWS * 2 + first_pair * _PAIR_BYTES
            weight = weights + first_pair * 4
            # While this block is gone through, tile by tile, the next one comes into the cache: evenly where the tiles
            # are enough, since the processor waits where more lines are asked for at once than it can keep track of.
            ahead = rows + pairs * _PAIR_BYTES
            stride = _PAIR_BYTES * _TILE_PROBES // max(whole, 1)
            for probe in range(0, whole, _TILE_PROBES):
                for lane in range(0, PANEL_LANES, _TILE_LANES):
                    lane_rows, lane_weights = rows + lane * 64, weight + probe * dim * 2
                    lane_out = here + probe * row_bytes + lane * 32
                    if stride > 64:
                        _four_of_few(lane_rows, lane_weights, dim * 2, pairs, lane_out, row_bytes, ahead, _PAIR_BYTES)
                    else:
                        _four_probes(lane_rows, lane_weights, dim * 2, pairs, lane_out, row_bytes, ahead, stride)
                ahead += pairs * stride if stride <= 64 else 0
            for probe in range(whole, probes):
                _one_probe(
                    rows, weight + probe * dim * 2, dim * 2, pairs,
                    here + probe * row_bytes, row_bytes, rows + _AHEAD_BYTES, _PAIR_BYTES,
                )  # fmt: skip
            first_pair += pairs


_SUMMED = [(f"Array({word}, 1, 'C', readonly=True)", word) for word in WORD_TYPES]


@njit([f"void({read}, {read}, {word}, uint64[:, ::1])" for read, word in _SUMMED], nogil=True, cache=True)
def planes_of(numbers, others, less, out):  # type: ignore[no-untyped-def]
    """The bit planes of numbers + others - less, into out (bits, m)."""
    bytes_a_word = PANEL_ROWS * numbers.itemsize
    nothing = np.zeros(1, dtype=np.uint64)
    for word in range(out.shape[1]):
        bit_planes(
            numbers.ctypes.data + word * bytes_a_word, others.ctypes.data + word * bytes_a_word, less,
            nothing.ctypes.data, 0, out.ctypes.data + word * 8, out.strides[0],
        )  # fmt: skip


@njit(
    [f"void({read}, {read}, {word}, uint64[:, ::1], uint64[:, ::1])" for read, word in _SUMMED],
    nogil=True,
    cache=True,
)
def blind(numbers, others, less, key, out):  # type: ignore[no-untyped-def]
    """The same xor a key (bits, m)."""
    bytes_a_word = PANEL_ROWS * numbers.itemsize
    for word in range(out.shape[1]):
        bit_planes(
            numbers.ctypes.data + word * bytes_a_word, others.ctypes.data + word * bytes_a_word, less,
            key.ctypes.data + word * 8, key.strides[0], out.ctypes.data + word * 8, out.strides[0],
        )  # fmt: skip


@njit("void(uintp, uintp, intp, uintp)", nogil=True, cache=True)
def subset_sums(elements, subsets, count, out):  # type: ignore[no-untyped-def]
    """The sums of `subset_tile`, by address."""
    _subset_sums(elements, subsets, count, out)
