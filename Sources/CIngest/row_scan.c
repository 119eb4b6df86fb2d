#include "CIngest.h"

#include <string.h>

// One binary for all machines of the architecture: the loader takes the version that fits.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__)
#define CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONED
#endif
// Vectors go by pointer: by value, how they are passed would depend on the instructions.
#define INLINED static inline __attribute__((always_inline))

typedef uint8_t Bytes __attribute__((ext_vector_type(64)));
typedef char Truths __attribute__((ext_vector_type(64)));
typedef bool Bits __attribute__((ext_vector_type(64)));

INLINED uint64_t word(const Truths *truths) {
  const Bits bits = __builtin_convertvector(*truths, Bits);
  uint64_t word;
  memcpy(&word, &bits, sizeof word);
  return word;
}

// Whether a byte that may be special is an ordinary part of a field: a blank is, within one. libcsv
// trims blanks at the ends of a field.
INLINED bool is_plain(const uint8_t *base, size_t place, size_t start, size_t end) {
  if (base[place] != ' ' || place == start || place + 1 >= end) return false;
  const uint8_t before = base[place - 1], after = base[place + 1];
  return before != ',' && before != '\n' && after != ',' && after != '\n' && after != '\r';
}

CLONED
CIScan ci_scan_rows(
    const uint8_t *base, size_t start, size_t end, int64_t line, CIRowTarget target) {
  CIScan scan = {.rowStart = start, .line = line};
  uint32_t *const ends = target.ends;
  size_t field = 0;
  for (size_t block = start; block < end && !scan.isSpecial; block += 64) {
    if (field + 64 > target.endCapacity || scan.rows + 64 > target.rowCapacity) break;
    Bytes bytes;
    memcpy(&bytes, base + block, sizeof bytes);
    const Truths newline = bytes == '\n', comma = bytes == ',';
    const Truths odd = (bytes <= ' ') | (bytes == '"');
    uint64_t lines = word(&newline), separators = word(&comma) | lines;
    uint64_t specials = word(&odd) & ~lines;
    uint64_t known = end - block < 64 ? ((uint64_t)1 << (end - block)) - 1 : ~(uint64_t)0;
    // A blank line: a line end at the beginning of a row.
    specials |= lines & (lines << 1 | (block == scan.rowStart ? 1 : 0));
    specials &= known;
    while (specials) {
      const size_t place = block + (size_t)__builtin_ctzll(specials);
      if (!is_plain(base, place, start, end)) {
        known &= (specials & -specials) - 1;
        scan.isSpecial = true;
        break;
      }
      specials &= specials - 1;
    }
    separators &= known;
    lines &= known;

    // Four at a time, more than there may be: fewer branches.
    const size_t found = (size_t)__builtin_popcountll(separators);
    uint64_t rest = separators;
    for (size_t index = 0; index < found; index += 4) {
      for (size_t more = 0; more < 4; more++) {
        ends[field + index + more] = (uint32_t)(block + (size_t)__builtin_ctzll(rest | (uint64_t)1 << 63));
        rest &= rest - 1;
      }
    }
    while (lines) {
      const uint64_t upTo = lines ^ (lines - 1);
      const size_t last = field + (size_t)__builtin_popcountll(separators & upTo);
      target.rows[scan.rows++] = (CIRow){
          .start = (uint32_t)scan.rowStart, .first = (uint32_t)scan.ends, .end = (uint32_t)last,
          .line = scan.line++};
      scan.ends = last;
      scan.rowStart = block + (size_t)__builtin_ctzll(lines) + 1;
      lines &= lines - 1;
    }
    field += found;
  }
  return scan;
}
