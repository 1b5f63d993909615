// The same from C++: every public header is valid there.
#include <clgrad/clgrad.h>
#include <cstdio>

int main() {
    cg_device *dev = cg_device_open(NULL);
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(2, 3));
    cg_status status = cg_print(stdout, cg_add(x, x));
    if (status != CG_OK) std::fprintf(stderr, "%s\n", cg_error_message(dev));
    cg_device_close(dev);
    return status == CG_OK ? 0 : 1;
}
