#include "models/assembly.h"

void cg_assembly_add(cg_module *net, const char *name, cg_module *layer, cg_status *status) {
    if (*status)
        cg_module_free(layer);
    else
        *status = name ? cg_module_add(net, name, layer) : cg_sequential_add(net, layer);
}

cg_module *cg_assembly_end(cg_module *net, cg_status status) {
    if (status == CG_OK) return net;
    cg_module_free(net);
    return NULL;
}
