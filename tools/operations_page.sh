#!/usr/bin/env bash
# Prints docs/operations.md, as the library itself gives it.  usage: tools/operations_page.sh [build folder]
set -euo pipefail
cd "$(dirname "$0")/.."
clgrad=${1:-build/release}/clgrad
cat <<'TEXT'
# Operations

Made by `tools/operations_page.sh` from `clgrad ops --markdown`, which calls every operation and looks what the device
does for it; a test fails when the library does something else. `clgrad ops --device NAME` shows it for your device,
`clgrad doctor` checks each operation there against a reference.

| letter | the operation is |
|---|---|
| V | a view: no work, no copy |
| U | values that the host makes and uploads |
| F | a fused row: one elementwise pass, which merges with its neighbours |
| f | the same, of the dtype converted to f32 as it is loaded |
| K | one piece of work with a kernel of its own |
| C | composed of several pieces of work, all on the device |
| . | not defined for the dtype |

*host* says how often the operation itself needs a value on the host: the size of its result, where that depends on the
data. It is counted (`cg_device_stats.round_trips`), and an error under `CLGRAD_CHECK=2`. Nothing else leaves the device.
*made of* lists the pieces of work of one call on small inputs.

The calls are of small inputs. Of large matrices an OpenCL device factors with panels on the CPU (`lu`, `cholesky`, `qr`,
`solve_triangular`), and gives `eigh`, `eig`, `svd` and what is made of them to the CPU backend whole, one round trip each:
[linear algebra](linear-algebra.md) has the sizes.

TEXT
# Each kernel of an OpenCL device takes a while to be built: f32 shows what is made otherwise.
table() { "$clgrad" ops --device "$1" --dtype f32 --markdown; }
here=$(table cpu)
there=$(table opencl)
if [ "$here" = "$there" ]; then
  printf '## On the CPU backend and on OpenCL devices\n\n'
  "$clgrad" ops --device cpu --markdown
else
  printf '## On the CPU backend\n\n'
  "$clgrad" ops --device cpu --markdown
  printf '\n## On OpenCL devices\n\nThe same, but for (seen in f32):\n\n%s\n' \
    "$(head -n 2 <<<"$there"; diff <(echo "$here") <(echo "$there") | sed -n 's/^> //p')"
fi
