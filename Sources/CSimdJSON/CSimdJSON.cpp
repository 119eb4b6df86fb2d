#include "CSimdJSON.h"

#include <simdjson.h>

#include <charconv>
#include <new>
#include <string>
#include <string_view>
#include <vector>

using namespace simdjson;

struct tm_json_reader {
  dom::parser parser;
  // Outer key, inner key; the inner one is empty for a plain field.
  std::vector<std::pair<std::string, std::string>> names;
  std::vector<std::vector<int64_t>> elements;
};

namespace {

bool integer(dom::element element, int64_t &value) {
  if (element.get(value) == SUCCESS) return true;
  std::string_view text;
  if (element.get(text) != SUCCESS || text.empty()) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

void fill(tm_json_value &value, dom::element element, std::vector<int64_t> &elements) {
  // A key may come twice: nothing of what the first said is left for the second to add to.
  value = tm_json_value{};
  switch (element.type()) {
    case dom::element_type::NULL_VALUE:
      value.kind = TM_JSON_NULL;
      break;
    case dom::element_type::BOOL: {
      bool flag = false;
      (void)element.get(flag);
      value.kind = TM_JSON_BOOLEAN;
      value.integer = flag;
      break;
    }
    case dom::element_type::INT64:
      value.kind = TM_JSON_INTEGER;
      (void)element.get(value.integer);
      value.number = double(value.integer);
      break;
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      value.kind = TM_JSON_NUMBER;
      (void)element.get(value.number);
      break;
    case dom::element_type::STRING: {
      std::string_view text;
      (void)element.get(text);
      value.kind = TM_JSON_STRING;
      value.text = text.data();
      value.length = text.size();
      break;
    }
    case dom::element_type::ARRAY: {
      dom::array array;
      (void)element.get(array);
      value.kind = TM_JSON_ARRAY;
      elements.clear();
      bool all = true;
      for (dom::element item : array) {
        int64_t number = 0;
        if (all && integer(item, number)) {
          elements.push_back(number);
        } else {
          all = false;
        }
      }
      value.integer = all ? int64_t(elements.size()) : 0;
      // data() of an empty vector may be null, which would say that an element is no integer.
      elements.push_back(0);
      value.elements = all ? elements.data() : nullptr;
      break;
    }
    case dom::element_type::OBJECT:
      value.kind = TM_JSON_OBJECT;
      break;
  }
}

}  // namespace

tm_json_reader *tm_json_create(const char *const *names, size_t count) {
  auto *reader = new (std::nothrow) tm_json_reader;
  if (!reader) return nullptr;
  for (size_t i = 0; i < count; i++) {
    std::string name = names[i];
    size_t dot = name.find('.');
    if (dot == std::string::npos) {
      reader->names.emplace_back(name, "");
    } else {
      reader->names.emplace_back(name.substr(0, dot), name.substr(dot + 1));
    }
  }
  reader->elements.resize(count);
  return reader;
}

void tm_json_destroy(tm_json_reader *reader) { delete reader; }

size_t tm_json_padding(void) { return SIMDJSON_PADDING; }

const char *tm_json_parse(
    tm_json_reader *reader, const uint8_t *bytes, size_t length, tm_json_value *values) {
  const size_t count = reader->names.size();
  for (size_t i = 0; i < count; i++) values[i] = tm_json_value{};
  dom::element root;
  if (auto error = reader->parser.parse(bytes, length, false).get(root)) {
    return error_message(error);
  }
  dom::object object;
  if (root.get(object) != SUCCESS) return "it is JSON, but not an object";
  for (auto field : object) {
    for (size_t i = 0; i < count; i++) {
      const auto &[outer, inner] = reader->names[i];
      if (field.key != outer) continue;
      if (inner.empty()) {
        fill(values[i], field.value, reader->elements[i]);
        continue;
      }
      dom::object nested;
      dom::element element;
      if (field.value.get(nested) == SUCCESS && nested.at_key(inner).get(element) == SUCCESS) {
        fill(values[i], element, reader->elements[i]);
      }
    }
  }
  return nullptr;
}
