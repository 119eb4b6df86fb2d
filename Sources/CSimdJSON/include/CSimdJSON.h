#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a field of a JSON object holds.
typedef enum tm_json_kind {
  /// It is not there.
  TM_JSON_ABSENT = 0,
  TM_JSON_NULL,
  TM_JSON_BOOLEAN,
  TM_JSON_INTEGER,
  TM_JSON_NUMBER,
  TM_JSON_STRING,
  TM_JSON_ARRAY,
  TM_JSON_OBJECT,
} tm_json_kind;

/// The value of a field. Texts and elements are valid until the next object is parsed.
typedef struct tm_json_value {
  tm_json_kind kind;
  /// A boolean (0 or 1), an integer, or how many elements an array has.
  int64_t integer;
  double number;
  /// A string's UTF-8, not terminated.
  const char *text;
  size_t length;
  /// An array's elements, all of them integers or strings of integers; null if one is neither.
  const int64_t *elements;
} tm_json_value;

/// Parses JSON objects one after another and picks fields out of them. simdjson underneath.
typedef struct tm_json_reader tm_json_reader;

/// A reader that picks the fields `names`: keys, or two keys joined by a dot for a field of an
/// object within the object. Null if there is no memory.
tm_json_reader *tm_json_create(const char *const *names, size_t count);

void tm_json_destroy(tm_json_reader *reader);

/// How many readable bytes must follow the text of an object, whatever they are.
size_t tm_json_padding(void);

/// Parses one object and fills one value for each name. Returns null, or what is wrong with the
/// text, as a constant string.
const char *tm_json_parse(
    tm_json_reader *reader, const uint8_t *bytes, size_t length, tm_json_value *values);

/// Parses one object and fills the text of one value for each name, here a path: keys joined by dots,
/// numbers for elements of lists (-1 is the last), `*` for all of them, `#` for how many there are,
/// `[a.b]` for a key with dots, `[name=gpu]` for the elements whose member is that text. Strings come without quotes, anything else as JSON; what is absent or
/// null is empty. The texts are valid until the next call.
const char *tm_json_texts(
    tm_json_reader *reader, const uint8_t *bytes, size_t length, tm_json_value *values);

#ifdef __cplusplus
}
#endif

#endif
