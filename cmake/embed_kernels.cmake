# Writes OUTPUT, a C file that holds the text of every file in KERNELS; host/opencl/embedded.h declares its table.
# Byte arrays, since a string literal of this length is more than C promises to take.
set(arrays "")
set(rows "")
set(number 0)
set(digests "")
foreach(path IN LISTS KERNELS)
    cmake_path(GET path FILENAME name)
    file(SIZE "${path}" size)
    file(READ "${path}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND arrays "/* ${name} */\nstatic const unsigned char text_${number}[] = {${bytes}0};\n\n")
    string(APPEND rows "    {\"${name}\", (const char *)text_${number}, ${size}},\n")
    file(SHA256 "${path}" digest)
    string(APPEND digests "${name} ${digest} ")
    math(EXPR number "${number} + 1")
endforeach()
string(SHA256 digest "${digests}")
file(WRITE "${OUTPUT}" "/* Written by cmake/embed_kernels.cmake from kernels/. */
#include \"host/opencl/embedded.h\"

${arrays}const struct cg_embedded_kernel cg_embedded_kernels[] = {
${rows}    {0, 0, 0},
};

const size_t cg_embedded_kernel_count = ${number};

const char cg_embedded_digest[] = \"${digest}\";
")
