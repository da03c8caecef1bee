// The C entry of the engine: the one hot call. See bindings/README.md, "The step".

#ifndef PAMLINK_H
#define PAMLINK_H

#include <stdint.h>

/// The ABI that the library speaks.
uint32_t pamlink_abi(void);

/// Gives the engine of `handle` an input in the packed layout and writes its output to `out`.
/// Returns the length of the output; if that is more than `out_cap`, nothing was written and
/// `pamlink_output` must fetch it. A negative number is the negative number of an error.
int64_t pamlink_step(uint64_t handle, uint64_t mono_nanos, int64_t wall_micros,
                     const uint8_t *input, uint64_t input_len, uint8_t *out, uint64_t out_cap);

/// Writes the output that a step had no room for. 0 if none waits.
int64_t pamlink_output(uint64_t handle, uint8_t *out, uint64_t out_cap);

#endif
