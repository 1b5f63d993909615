/*
 * The end of a CPU style kernel of the matrix product: C[i0 + i][j0 + j] = program(PRODUCT(i, j)) for i <
 * rows, j < columns of matrix number `batch`, PRODUCT(i, j) being the W elements from column j on. Included
 * where these names and the parameters of the program are known.
 */
for (int i = 0; i < rows; i++) {
    PROGRAM_START
#if N_OUTER
    PROGRAM_OUTER(batch)
#endif
    PROGRAM_LOOP(i0 + i)
    for (int j = 0; j < columns; j += W) {
        const int lanes = min(W, columns - j);
        const T v0 = PRODUCT(i, j);
        PROGRAM_RUN(j0 + j, lanes)
    }
}
