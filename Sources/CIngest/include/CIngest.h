#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Where a row of CSV stands in a block.
typedef struct {
  /// The offset of its first byte.
  uint32_t start;
  /// The number of its first field.
  uint32_t first;
  /// The number behind its last field.
  uint32_t end;
  /// The line on which it ends, counting from 1.
  int64_t line;
} CIRow;

/// Where the ends of fields and the rows are written to.
typedef struct {
  uint32_t *ends;
  size_t endCapacity;
  CIRow *rows;
  size_t rowCapacity;
} CIRowTarget;

/// What `ci_scan_rows` found.
typedef struct {
  /// How many fields the whole rows have.
  size_t ends;
  /// How many whole rows there are.
  size_t rows;
  /// The offset behind the last whole row.
  size_t rowStart;
  /// The line that begins there.
  int64_t line;
  /// Whether what follows is not plain; otherwise it is not all there, or the target is full.
  bool isSpecial;
} CIScan;

/// Bytes behind the text that may be read.
enum { ci_scan_padding = 64 };

/// Splits the rows between the offsets `start`, where a line begins, and `end` of a block, as long as
/// they are plain: no quotes, carriage returns, other control bytes, blanks beside a separator, or
/// blank lines. The text after `base + end` may be read for `ci_scan_padding` bytes. The target has
/// room for 128 fields and rows at least.
CIScan ci_scan_rows(
    const uint8_t *base, size_t start, size_t end, int64_t line, CIRowTarget target);

/// Asks for the cache line at `address`, which may be any.
static inline __attribute__((always_inline)) void ci_prefetch(const void *address) {
  __builtin_prefetch(address);
}
