/* The optional slots of a backend, composed of map and reduce. backend.h says what each does. */
#ifndef CLGRAD_HOST_COMPOSE_H
#define CLGRAD_HOST_COMPOSE_H

#include "host/backend.h"

cg_status cg_compose_softmax(cg_hw *hw, const cg_softmax_request *r);
cg_status cg_compose_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r);
cg_status cg_compose_map_many(cg_hw *hw, const cg_map_many_request *r);

#endif
