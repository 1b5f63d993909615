/*
 * The rule of signs for eigenvectors and singular vectors, one text for C11 and OpenCL C 1.2: of the entries whose
 * modulus is at least half the largest one's, the first becomes real and positive. An entry that must be the largest
 * would change with the last bits where two are nearly equal, as in (1, -1) / sqrt(2).
 *
 * Needs the vocabulary of elementary.h, scalar (one lane), and SPACE: the address space of the vectors, empty in C. Entry i
 * of a vector is at x[i * stride]; entries are finite and their squares do not overflow.
 */

/* The sign of the entry that decides: 1 or -1, by which the vector is multiplied. */
FN T t_vector_sign(const SPACE T *x, long n, long stride) {
    T largest = C(0.0);
    for (long i = 0; i < n; i++) {
        T size = FABS(x[i * stride]);
        largest = (size > largest) ? size : largest;
    }
    for (long i = 0; i < n; i++) {
        T value = x[i * stride];
        if (FABS(value) >= C(0.5) * largest) return (value < C(0.0)) ? C(-1.0) : C(1.0);
    }
    return C(1.0);
}

/* Turns the complex vector x + i y: the entry that decides becomes its modulus, the others follow. */
FN void t_vector_turn(SPACE T *x, SPACE T *y, long n, long stride) {
    T largest = C(0.0);
    for (long i = 0; i < n; i++) {
        T a = x[i * stride], b = y[i * stride];
        T square = a * a + b * b;
        largest = (square > largest) ? square : largest;
    }
    long first = 0;
    T c = C(0.0), s = C(0.0), square = C(0.0);
    for (; first < n; first++) {
        c = x[first * stride], s = y[first * stride];
        square = c * c + s * s;
        if (square >= C(0.25) * largest) break;
    }
    if (!(square > C(0.0))) return;
    T modulus = SQRT(square);
    c = c / modulus;
    s = s / modulus;
    for (long i = 0; i < n; i++) { /* (a + i b) (c - i s) */
        T a = x[i * stride], b = y[i * stride];
        x[i * stride] = (i == first) ? modulus : a * c + b * s;
        y[i * stride] = (i == first) ? C(0.0) : b * c - a * s;
    }
}
