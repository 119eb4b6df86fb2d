#ifndef CPREFETCH_H
#define CPREFETCH_H

#include <stddef.h>

/// Has the processor fetch `size` bytes into its cache in the background. Without effect on any result; the address need
/// not be one that may be read.
static inline void cpf_fetch(const void *address, size_t size) {
  const char *start = (const char *)address;
  for (size_t offset = 0; offset < size; offset += 64) __builtin_prefetch(start + offset);
  if (size > 0) __builtin_prefetch(start + size - 1);
}

#endif
