#include "support/device_test.h"

#include <string.h>

HOST_TEST(status, names_and_meanings) {
#define CHECK_CODE(code, value, meaning)                                                                     \
    CHECK((int)code == value);                                                                               \
    CHECK(!strcmp(cg_status_name(code), #code));                                                             \
    CHECK(!strcmp(cg_status_meaning(code), meaning));
    CG_STATUS_LIST(CHECK_CODE)
#undef CHECK_CODE
    CHECK(!strcmp(cg_status_name((cg_status)9999), "CG_ERROR_UNKNOWN"));
    CHECK(cg_status_meaning((cg_status)-1)[0] != 0);
}

HOST_TEST(status, version) {
    char expected[32];
    snprintf(expected, sizeof expected, "%d.%d.%d", CG_VERSION_MAJOR, CG_VERSION_MINOR, CG_VERSION_PATCH);
    CHECK(!strcmp(cg_version(), expected));
}
