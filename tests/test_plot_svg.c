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

/* How often `what` stands in `text`. */
static int occurrences(const char *text, const char *what) {
    int n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what)) n++;
    return n;
}

HOST_TEST(plot_svg, styles) {
    const double x[] = {1, 2, 3}, y[] = {2, 4, 8};
    const cg_curve curves[] = {{"bars", 3, x, y}, {"dots", 3, x, y}, {"line", 3, x, y}};
    const cg_curve_style styles[] = {CG_CURVE_BARS, CG_CURVE_DOTS, CG_CURVE_LINE};
    const char *text = svg(3, curves, (cg_plot_options){.styles = styles});
    check_balanced(text);
    CHECK_MSG(occurrences(text, "class=\"bars f0\"") == 2, "a legend entry and one path with all bars");
    CHECK_MSG(occurrences(text, "class=\"curve scatter c1\"") == 1, "one path with all dots");
    CHECK_MSG(strstr(text, ">0</text>") != NULL, "bars stand on 0, which is on the axis");
    CHECK_MSG(strstr(text, ">0.5</text>") && strstr(text, ">3.5</text>"),
              "bars reach half a distance to each side");
    check_balanced(svg(1, curves, (cg_plot_options){.styles = styles, .log_x = true, .log_y = true}));
    CHECK(!strstr(svg(1, &(cg_curve){"one", 1, x, y}, (cg_plot_options){.styles = styles}), "nan"));
    const cg_curve_style none[] = {(cg_curve_style)7};
    CHECK(cg_plot_svg(test_path("q.svg"), 1, curves, (cg_plot_options){.styles = none}) == CG_ERROR_ARGUMENT);
    remove_test_folder();
}

/* The first four numbers of the path of a curve, "M<x> <y>h0L<x> <y>". */
static void ends_of(const char *text, const char *class, double point[4]) {
    const char *path = strstr(text, class);
    int read = path ? sscanf(path + strlen(class), "\" d=\"M%lf %lfh0L%lf %lf", &point[0], &point[1],
                             &point[2], &point[3])
                    : 0;
    CHECK_MSG(read == 4, "%s: %d numbers", class, read);
}

/* Bars whose edges no axis shows: cut at the plot's left, and half a unit wide where no distance is to be had. */
HOST_TEST(plot_svg, bars_with_edges_beyond_the_axis) {
    const double x[] = {1, 10, 100}, missing[] = {1, (double)NAN, 3}, y[] = {2, 4, 8};
    const cg_curve_style bars[] = {CG_CURVE_BARS};
    const cg_curve decades = {NULL, 3, x, y}, gap = {NULL, 3, missing, y};
    const char *text = svg(1, &decades, (cg_plot_options){.styles = bars, .log_x = true});
    CHECK_MSG(!strstr(text, "nan") && !strstr(text, "inf"), "%s", text);
    double left = -1, axis = -2;
    const char *path = strstr(text, "class=\"bars f0\""), *line = strstr(text, "class=\"axis\"");
    for (const char *next; line && (next = strstr(line + 1, "class=\"axis\"")); line = next) {
    }
    if (CHECK(path && line)) {
        CHECK(sscanf(strstr(path, "d=\"M"), "d=\"M%lf", &left) == 1);
        CHECK(sscanf(strstr(line, "d=\"M"), "d=\"M%lf", &axis) == 1);
        CHECK_MSG(left == axis, "the first bar begins at %g, the axis at %g", left, axis);
    }
    text = svg(1, &gap, (cg_plot_options){.styles = bars});
    CHECK_MSG(!strstr(text, "nan") && !strstr(text, "inf"), "%s", text);
    CHECK_MSG(strstr(text, ">0.5</text>") && strstr(text, ">3.5</text>"), "half a unit to each side");
    remove_test_folder();
}

HOST_TEST(plot_svg, equal_axes) {
    const double x[] = {0, 10}, y[] = {0, 2};
    const cg_curve curve = {NULL, 2, x, y};
    for (int tall = 0; tall < 2; tall++) {
        double p[4] = {0};
        const char *text =
            svg(1, &curve,
                (cg_plot_options){.equal_axes = true, .width = tall ? 300 : 900, .height = tall ? 900 : 200});
        ends_of(text, "class=\"curve c0", p);
        CHECK_MSG(fabs((p[2] - p[0]) / 10 - (p[1] - p[3]) / 2) < 0.05, "%g pixels for 10, %g for 2",
                  p[2] - p[0], p[1] - p[3]);
        CHECK(p[0] > 0 && p[2] < (tall ? 300 : 900) && p[3] > 0 && p[1] < (tall ? 900 : 200));
    }
    CHECK(cg_plot_svg(test_path("e.svg"), 1, &curve, (cg_plot_options){.equal_axes = true, .log_x = true}) ==
          CG_ERROR_ARGUMENT);
    remove_test_folder();
}

static const char *pictures(int n, const cg_picture *list, cg_picture_options options) {
    size_t bytes = 0;
    const char *path = test_path("pictures.svg");
    CHECK_MSG(cg_pictures_svg(path, n, list, options) == CG_OK, "%s", cg_error_message(NULL));
    const char *file = read_file(path, &bytes);
    char *text = scratch(bytes + 1);
    if (CHECK(file != NULL)) memcpy(text, file, bytes);
    return text;
}

HOST_TEST(plot_svg, pictures) {
    const float a[] = {0, 0, 1, 0.5f, NAN, 7}, b[] = {-3};
    const cg_picture list[] = {{"a < b", 2, 3, a}, {NULL, 1, 1, b}};
    const char *text = pictures(2, list, (cg_picture_options){.title = "T", .white = 1, .per_line = 1});
    check_balanced(text);
    CHECK_MSG(strstr(text, "stroke=\"#000000\" d=\"M0 0h2\""), "two black elements are one run");
    CHECK_MSG(strstr(text, "stroke=\"#ffffff\" d=\"M2 0h1M2 1h1\""), "white, and what is beyond it");
    CHECK_MSG(strstr(text, "stroke=\"#818181\" d=\"M0 1h1\""), "0.5 is grey, NaN is left out");
    CHECK_MSG(strstr(text, "stroke=\"#000000\" d=\"M0 0h1\""), "what is under black is black");
    CHECK(strstr(text, "a &lt; b") && strstr(text, "<title>T</title>"));
    check_case("greys from the values");
    text = pictures(1, list, (cg_picture_options){0});
    CHECK(strstr(text, "stroke=\"#000000\" d=\"M0 0h2M0 1h1\"") ||
          strstr(text, "stroke=\"#000000\" d=\"M0 0h2\""));
    CHECK(strstr(text, "stroke=\"#ffffff\" d=\"M2 1h1\""));
    check_balanced(pictures(1, &list[1], (cg_picture_options){0}));
    check_case("errors");
    const cg_picture bad[] = {{"", 0, 1, a}, {"", 1, 20000, a}, {"", 1, 1, NULL}, {"", 1, 5000, a}};
    for (int i = 0; i < 4; i++)
        CHECK(cg_pictures_svg(test_path("bad.svg"), 1, &bad[i], (cg_picture_options){0}) ==
              CG_ERROR_ARGUMENT);
    CHECK(cg_pictures_svg(test_path("bad.svg"), 0, list, (cg_picture_options){0}) == CG_ERROR_ARGUMENT);
    CHECK(cg_pictures_svg("/nowhere/p.svg", 1, list, (cg_picture_options){0}) == CG_ERROR_IO);
    remove_test_folder();
}
