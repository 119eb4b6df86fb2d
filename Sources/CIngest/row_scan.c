#include "CIngest.h"

#include <string.h>

// Vectors go by pointer: by value, how they are passed would depend on the instructions.
#define INLINED static inline __attribute__((always_inline))

typedef uint8_t Bytes __attribute__((ext_vector_type(64)));
typedef char Truths __attribute__((ext_vector_type(64)));
typedef bool Bits __attribute__((ext_vector_type(64)));

// What stands in 64 bytes, a bit a byte.
typedef struct {
  uint64_t lines, commas, odd;
} Marks;

INLINED uint64_t word(const Truths *truths) {
  const Bits bits = __builtin_convertvector(*truths, Bits);
  uint64_t word;
  memcpy(&word, &bits, sizeof word);
  return word;
}

INLINED Marks marks_of_vector(const uint8_t *place) {
  Bytes bytes;
  memcpy(&bytes, place, sizeof bytes);
  const Truths line = bytes == '\n', comma = bytes == ',';
  const Truths odd = (bytes <= ' ') | (bytes == '"');
  return (Marks){word(&line), word(&comma), word(&odd)};
}

#ifdef __SSE2__
#include <emmintrin.h>

// Without mask registers the compiler would take the bits out one by one.
INLINED Marks marks_of_quarters(const uint8_t *place) {
  const __m128i line = _mm_set1_epi8('\n'), comma = _mm_set1_epi8(',');
  const __m128i blank = _mm_set1_epi8(' '), quote = _mm_set1_epi8('"');
  Marks marks = {0, 0, 0};
  for (int quarter = 0; quarter < 4; quarter++) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)place + quarter);
    const __m128i odd = _mm_or_si128(
        _mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes), _mm_cmpeq_epi8(bytes, quote));
    const int shift = 16 * quarter;
    marks.lines |= (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, line)) << shift;
    marks.commas |= (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, comma)) << shift;
    marks.odd |= (uint64_t)_mm_movemask_epi8(odd) << shift;
  }
  return marks;
}
#else
INLINED Marks marks_of_quarters(const uint8_t *place) { return marks_of_vector(place); }
#endif

// Whether a byte that may be special is an ordinary part of a field: a blank is, within one. libcsv
// trims blanks at the ends of a field.
INLINED bool is_plain(const uint8_t *base, size_t place, size_t start, size_t end) {
  if (base[place] != ' ' || place == start || place + 1 >= end) return false;
  const uint8_t before = base[place - 1], after = base[place + 1];
  return before != ',' && before != '\n' && after != ',' && after != '\n' && after != '\r';
}

INLINED CIScan scan_rows(
    const uint8_t *base, size_t start, size_t end, int64_t line, CIRowTarget target,
    bool hasMaskRegisters) {
  CIScan scan = {.rowStart = start, .line = line};
  uint32_t *const ends = target.ends;
  size_t field = 0;
  for (size_t block = start; block < end && !scan.isSpecial; block += 64) {
    if (field + 64 > target.endCapacity || scan.rows + 64 > target.rowCapacity) break;
    const Marks marks =
        hasMaskRegisters ? marks_of_vector(base + block) : marks_of_quarters(base + block);
    uint64_t lines = marks.lines, separators = marks.commas | lines;
    uint64_t specials = marks.odd & ~lines;
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

// One binary for all machines of the architecture: it takes the version that fits.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__)
__attribute__((target("arch=x86-64-v4"))) static CIScan scan_rows_v4(
    const uint8_t *base, size_t start, size_t end, int64_t line, CIRowTarget target) {
  return scan_rows(base, start, end, line, target, true);
}

__attribute__((target("arch=x86-64-v3"))) static CIScan scan_rows_v3(
    const uint8_t *base, size_t start, size_t end, int64_t line, CIRowTarget target) {
  return scan_rows(base, start, end, line, target, false);
}

CIScan ci_scan_rows(
    const uint8_t *base, size_t start, size_t end, int64_t line, CIRowTarget target) {
  if (__builtin_cpu_supports("x86-64-v4")) return scan_rows_v4(base, start, end, line, target);
  if (__builtin_cpu_supports("x86-64-v3")) return scan_rows_v3(base, start, end, line, target);
  return scan_rows(base, start, end, line, target, false);
}
#else
CIScan ci_scan_rows(
    const uint8_t *base, size_t start, size_t end, int64_t line, CIRowTarget target) {
  return scan_rows(base, start, end, line, target, false);
}
#endif
