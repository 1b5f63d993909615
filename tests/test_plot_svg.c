#include "support/device_test.h"
#include "support/files.h"

#include <math.h>
#include <string.h>

static const char *svg(int n, const cg_curve *curves, cg_plot_options options) {
    size_t bytes = 0;
    const char *path = test_path("p.svg");
    CHECK_MSG(cg_plot_svg(path, n, curves, options) == CG_OK, "%s", cg_error_message(NULL));
    const char *file = read_file(path, &bytes);
    char *text = scratch(bytes + 1);
    if (CHECK(file != NULL)) memcpy(text, file, bytes);
    return text;
}

/* Every tag that opens closes, and no text breaks out of its place. */
static void check_balanced(const char *text) {
    int depth = 0;
    bool inside = false;
    for (const char *p = text; *p; p++) {
        if (*p == '<') {
            CHECK(!inside);
            inside = true;
            depth += p[1] == '/' ? -1 : p[1] == '?' || p[1] == '!' ? 0 : 1;
        } else if (*p == '>') {
            inside = false;
            if (p > text && p[-1] == '/') depth--;
        }
    }
    CHECK_MSG(depth == 0 && !inside, "depth %d at the end", depth);
}

HOST_TEST(plot_svg, curves) {
    const double x[] = {0, 1, 2, 3}, y[] = {1, 0.5, (double)NAN, 0.25},
                 z[] = {1e-3, 1, 1e3, (double)INFINITY};
    const cg_curve curves[] = {{"loss", 4, x, y}, {"a < b & \"c\"", 4, x, z}};
    const char *text = svg(
        2, curves,
        (cg_plot_options){.title = "T<i>tle", .x_label = "step", .log_y = true, .width = 300, .height = 200});
    CHECK(strstr(text, "<svg") && strstr(text, "</svg>") && strstr(text, "loss") && strstr(text, "step"));
    CHECK(strstr(text, "T&lt;i&gt;tle") && strstr(text, "a &lt; b &amp; "));
    CHECK_MSG(!strstr(text, "nan") && !strstr(text, "inf"), "a point that is not finite is drawn");
    CHECK(strstr(text, "300") && strstr(text, "200"));
    check_balanced(text);
    check_case("nothing to draw");
    check_balanced(svg(0, NULL, (cg_plot_options){0}));
    const cg_curve none = {"none", 0, NULL, NULL};
    check_balanced(svg(1, &none, (cg_plot_options){.log_x = true, .log_y = true}));
    check_case("one point, equal points, extreme values");
    const double wide[] = {-1e308, 1e308, 0, 1e-308};
    const cg_curve odd[] = {{"one", 1, x, y},
                            {"same", 3, (const double[]){1, 1, 1}, (const double[]){2, 2, 2}},
                            {"wide", 4, wide, wide}};
    for (int i = 0; i < 3; i++) {
        text = svg(1, &odd[i], (cg_plot_options){0});
        CHECK_MSG(!strstr(text, "nan") && !strstr(text, "inf"), "curve %s", odd[i].label);
        check_balanced(text);
    }
    CHECK(cg_plot_svg("/nowhere/p.svg", 0, NULL, (cg_plot_options){0}) == CG_ERROR_IO);
    CHECK(strstr(cg_error_message(NULL), "/nowhere/p.svg") != NULL);
    remove_test_folder();
}
