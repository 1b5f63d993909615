/* The parts of the page, as cmake/embed_page.cmake takes them from bench/page/. */
#ifndef CLGRAD_BENCH_PAGE_TEXT_H
#define CLGRAD_BENCH_PAGE_TEXT_H

struct bench_page_text {
    const char *html, *style, *script;
};

extern const struct bench_page_text bench_page_text;

#endif
