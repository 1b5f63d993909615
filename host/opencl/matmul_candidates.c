/*
 * The ways to compute a product. All tiles are one kernel, all uses of the matrix units another: the numbers here are
 * its build options. 128 x 128 with 8 x 8 results a work-item has 16 multiply-adds for a 16-byte read of local memory,
 * 128 x 256 has 21, but both need a matrix large enough to occupy the device; 64 x 64 and 32 x 32 trade the one for the
 * other, and a small product with a deep sum is cut into parts. Matrix units: `mma` is f32 by three products of tf32,
 * `tf32` and `bf16` are less exact and only for who allows them (cg_device_set_matmul_precision).
 */
#include "host/opencl/matmul_opencl.h"

#define FUNCTIONS(name) .supports = cg_matmul_##name##_supports, .run = cg_matmul_##name##_run

const cg_product_candidate cg_product_candidates[CG_PRODUCT_CANDIDATES] = {
    {"dot", FUNCTIONS(dot), .trusted = true},
    {"block", FUNCTIONS(block), .trusted = true},
    {"tile128", FUNCTIONS(tile), .trusted = true, .tile = {128, 128, 8, 16, 16}},
    {"tile128x256", FUNCTIONS(tile), .trusted = true, .tile = {128, 256, 8, 16, 16}},
    {"tile64", FUNCTIONS(tile), .trusted = true, .tile = {64, 64, 8, 8, 16}},
    {"split64", FUNCTIONS(split), .trusted = true, .tile = {64, 64, 8, 8, 16}},
    {"tile32", FUNCTIONS(tile), .trusted = true, .tile = {32, 32, 8, 8, 8}},
    {"mma128", FUNCTIONS(mma), .tile = {128, 128, 16, 4, 2}},
    {"mma64", FUNCTIONS(mma), .tile = {64, 64, 16, 2, 2}},
    {"mma_split", FUNCTIONS(split_mma), .tile = {64, 64, 16, 2, 2}},
    {"tf32_128", FUNCTIONS(mma), .precision = CG_PRECISION_HIGH, .tile = {128, 128, 16, 4, 2}},
    {"tf32_64", FUNCTIONS(mma), .precision = CG_PRECISION_HIGH, .tile = {64, 64, 16, 2, 2}},
    {"bf16_128", FUNCTIONS(mma), .precision = CG_PRECISION_MEDIUM, .tile = {128, 128, 16, 4, 2}},
    {"bf16_64", FUNCTIONS(mma), .precision = CG_PRECISION_MEDIUM, .tile = {64, 64, 16, 2, 2}},
    {"clblast", FUNCTIONS(clblast)},
    {"skinny", FUNCTIONS(skinny), .trusted = true, .most_rows = 64},
};
