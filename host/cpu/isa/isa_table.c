/* The table of one instruction set. */
#include "host/cpu/isa.h"

extern const cg_rows_isa CG_ISA_NAME(cg_rows_f32), CG_ISA_NAME(cg_rows_f64), CG_ISA_NAME(cg_rows_i32),
    CG_ISA_NAME(cg_rows_i64);
extern const cg_fused_isa CG_ISA_NAME(cg_fused_f32), CG_ISA_NAME(cg_fused_f64);
extern const cg_convert_isa CG_ISA_NAME(cg_convert_f32), CG_ISA_NAME(cg_convert_f64),
    CG_ISA_NAME(cg_convert_i32), CG_ISA_NAME(cg_convert_i64), CG_ISA_NAME(cg_convert_bytes);
extern const cg_folds_isa CG_ISA_NAME(cg_folds_f32), CG_ISA_NAME(cg_folds_f64), CG_ISA_NAME(cg_folds_i32),
    CG_ISA_NAME(cg_folds_i64);
extern const cg_scans_isa CG_ISA_NAME(cg_scans_f32), CG_ISA_NAME(cg_scans_f64), CG_ISA_NAME(cg_scans_i32),
    CG_ISA_NAME(cg_scans_i64);
extern const cg_searches_isa CG_ISA_NAME(cg_searches_f32), CG_ISA_NAME(cg_searches_f64),
    CG_ISA_NAME(cg_searches_i32), CG_ISA_NAME(cg_searches_i64);
extern const cg_sorts_isa CG_ISA_NAME(cg_sorts);
extern const cg_ranks_isa CG_ISA_NAME(cg_ranks);
extern const cg_quicksort_isa CG_ISA_NAME(cg_quicksort_u32), CG_ISA_NAME(cg_quicksort_u64);
extern const cg_gemm_isa CG_ISA_NAME(cg_gemm_f32), CG_ISA_NAME(cg_gemm_f64), CG_ISA_NAME(cg_distances_f32),
    CG_ISA_NAME(cg_distances_f64);
extern const cg_softmax_isa CG_ISA_NAME(cg_softmax_f32), CG_ISA_NAME(cg_softmax_f64);
extern const cg_norm_isa CG_ISA_NAME(cg_norm_f32), CG_ISA_NAME(cg_norm_f64);
extern const cg_attention_isa CG_ISA_NAME(cg_attention_f32), CG_ISA_NAME(cg_attention_f64);
extern const cg_windows_isa CG_ISA_NAME(cg_windows_f32), CG_ISA_NAME(cg_windows_f64);
extern const cg_conv_isa CG_ISA_NAME(cg_conv_f32), CG_ISA_NAME(cg_conv_f64);
extern const cg_philox_isa CG_ISA_NAME(cg_philox_f32), CG_ISA_NAME(cg_philox_f64);
extern const cg_philox_whole_isa CG_ISA_NAME(cg_philox_whole);
extern const cg_isa CG_ISA_NAME(cg_isa);
void CG_ISA_NAME(cg_stream)(void *to, const void *from, size_t bytes);
void CG_ISA_NAME(cg_stream_end)(void);

const cg_isa CG_ISA_NAME(cg_isa) = {
    .name = CG_ISA_TEXT(CG_ISA),
    .rows = {&CG_ISA_NAME(cg_rows_f32), &CG_ISA_NAME(cg_rows_f64), &CG_ISA_NAME(cg_rows_i32),
             &CG_ISA_NAME(cg_rows_i64)},
    .fused = {&CG_ISA_NAME(cg_fused_f32), &CG_ISA_NAME(cg_fused_f64)},
    .convert = {&CG_ISA_NAME(cg_convert_f32), &CG_ISA_NAME(cg_convert_f64), &CG_ISA_NAME(cg_convert_i32),
                &CG_ISA_NAME(cg_convert_i64)},
    .bytes = &CG_ISA_NAME(cg_convert_bytes),
    .folds = {&CG_ISA_NAME(cg_folds_f32), &CG_ISA_NAME(cg_folds_f64), &CG_ISA_NAME(cg_folds_i32),
              &CG_ISA_NAME(cg_folds_i64)},
    .scans = {&CG_ISA_NAME(cg_scans_f32), &CG_ISA_NAME(cg_scans_f64), &CG_ISA_NAME(cg_scans_i32),
              &CG_ISA_NAME(cg_scans_i64)},
    .searches = {&CG_ISA_NAME(cg_searches_f32), &CG_ISA_NAME(cg_searches_f64), &CG_ISA_NAME(cg_searches_i32),
                 &CG_ISA_NAME(cg_searches_i64)},
    .sorts = &CG_ISA_NAME(cg_sorts),
    .ranks = &CG_ISA_NAME(cg_ranks),
    .quicksort = {&CG_ISA_NAME(cg_quicksort_u32), &CG_ISA_NAME(cg_quicksort_u64)},
    .gemm = {[CG_INNER_PRODUCT] = {&CG_ISA_NAME(cg_gemm_f32), &CG_ISA_NAME(cg_gemm_f64)},
             [CG_INNER_SQUARED_DISTANCE] = {&CG_ISA_NAME(cg_distances_f32), &CG_ISA_NAME(cg_distances_f64)}},
    .softmax = {&CG_ISA_NAME(cg_softmax_f32), &CG_ISA_NAME(cg_softmax_f64)},
    .norm = {&CG_ISA_NAME(cg_norm_f32), &CG_ISA_NAME(cg_norm_f64)},
    .attention = {&CG_ISA_NAME(cg_attention_f32), &CG_ISA_NAME(cg_attention_f64)},
    .windows = {&CG_ISA_NAME(cg_windows_f32), &CG_ISA_NAME(cg_windows_f64)},
    .conv = {&CG_ISA_NAME(cg_conv_f32), &CG_ISA_NAME(cg_conv_f64)},
    .philox = {&CG_ISA_NAME(cg_philox_f32), &CG_ISA_NAME(cg_philox_f64)},
    .philox_whole = &CG_ISA_NAME(cg_philox_whole),
    .stream = CG_ISA_NAME(cg_stream),
    .stream_end = CG_ISA_NAME(cg_stream_end),
};
