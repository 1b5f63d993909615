# Writes OUTPUT, a C file with the page of the benchmark: HTML, STYLES and SCRIPTS, each list as one text.
# Byte arrays, since a string literal of this length is more than C promises to take.
function(bytes_of result)
    set(all "")
    foreach(path IN LISTS ARGN)
        file(READ "${path}" hex HEX)
        string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
        string(APPEND all "${bytes}")
    endforeach()
    set(${result} "${all}" PARENT_SCOPE)
endfunction()
bytes_of(html ${HTML})
bytes_of(style ${STYLES})
bytes_of(script ${SCRIPTS})
file(WRITE "${OUTPUT}" "/* Written by cmake/embed_page.cmake from bench/page/. */
#include \"bench/bench_page_text.h\"

static const unsigned char html[] = {${html}0};
static const unsigned char style[] = {${style}0};
static const unsigned char script[] = {${script}0};

const struct bench_page_text bench_page_text = {(const char *)html, (const char *)style, (const char *)script};
")
