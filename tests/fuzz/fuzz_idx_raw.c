/* Any bytes as an IDX file. What is accepted is used: the last element is read. */
#include "fuzz_file.h"

#include <clgrad/data.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    cg_dims shape;
    uint8_t *data = cg_idx_read(fuzz_file(input, bytes), &shape);
    if (!data) {
        if (cg_error_code(NULL) == CG_OK || !*cg_error_message(NULL)) fuzz_fail("refused without a word");
        return 0;
    }
    int64_t last = 1;
    for (int i = 0; i < shape.rank; i++) last *= shape.dim[i];
    if (last > 0 && data[last - 1] != input[bytes - 1]) fuzz_fail("another last element");
    free(data);
    return 0;
}
