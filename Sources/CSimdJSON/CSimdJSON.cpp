#include "CSimdJSON.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace simdjson;

// A step of a path into a document.
struct Step {
  enum Kind { Key, Index, All, Count, Filter } kind;
  std::string key;
  std::string value;
  long index;
};

struct tm_json_reader {
  dom::parser parser;
  // For each name the way to its value, and its text.
  std::vector<std::vector<Step>> paths;
  std::vector<std::string> texts;
  // Outer key, inner key; the inner one is empty for a plain field.
  std::vector<std::pair<std::string, std::string>> names;
  // The names as they were given, which of them this object had already, and what is wrong with it.
  std::vector<std::string> keys;
  std::vector<bool> seen;
  std::string problem;
  std::vector<std::vector<int64_t>> elements;
  // The keys of one object.
  std::vector<std::string_view> members;
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

std::vector<Step> steps(const std::string &path) {
  std::vector<Step> steps;
  size_t place = 0;
  while (place < path.size()) {
    if (path[place] == '.') {
      place++;
      continue;
    }
    std::string word;
    bool literal = path[place] == '[';
    if (literal) {
      size_t close = path.find(']', place);
      if (close == std::string::npos) close = path.size();
      word = path.substr(place + 1, close - place - 1);
      place = close < path.size() ? close + 1 : close;
    } else {
      size_t stop = path.find_first_of(".[", place);
      if (stop == std::string::npos) stop = path.size();
      word = path.substr(place, stop - place);
      place = stop;
    }
    long index = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), index);
    size_t equals = literal ? word.find('=') : std::string::npos;
    if (equals != std::string::npos) {
      steps.push_back({Step::Filter, word.substr(0, equals), word.substr(equals + 1), 0});
    } else if (!literal && word == "*") {
      steps.push_back({Step::All, word, "", 0});
    } else if (!literal && word == "#") {
      steps.push_back({Step::Count, word, "", 0});
    } else if (!literal && error == std::errc() && end == word.data() + word.size()) {
      steps.push_back({Step::Index, word, "", index});
    } else {
      steps.push_back({Step::Key, word, "", 0});
    }
  }
  return steps;
}

// The member of an object with a key. A second one of that key is noted: readers of JSON differ in which of the
// two they take.
simdjson_inline bool member(dom::object object, std::string_view key, dom::element &value, bool &is_twice) {
  bool is_there = false;
  for (auto field : object) {
    if (field.key != key) continue;
    if (is_there) {
      is_twice = true;
      return true;
    }
    is_there = true;
    value = field.value;
  }
  return is_there;
}

// What stands at the end of a path: elements, or how many there are.
struct Found {
  std::vector<dom::element> elements;
  bool counts = false;
  uint64_t count = 0;
  bool many = false;
  bool is_twice = false;
};

void walk(dom::element element, const std::vector<Step> &path, size_t at, Found &found) {
  if (at == path.size()) {
    found.elements.push_back(element);
    return;
  }
  const Step &step = path[at];
  dom::array array;
  dom::object object;
  dom::element next;
  switch (step.kind) {
    case Step::Count:
      found.counts = true;
      if (element.get(array) == SUCCESS) {
        for (dom::element item : array) {
          (void)item;
          found.count++;
        }
      } else if (element.get(object) == SUCCESS) {
        for (auto field : object) {
          (void)field;
          found.count++;
        }
      }
      return;
    case Step::All:
      found.many = true;
      if (element.get(array) == SUCCESS) {
        for (dom::element item : array) walk(item, path, at + 1, found);
      } else if (element.get(object) == SUCCESS) {
        for (auto field : object) walk(field.value, path, at + 1, found);
      }
      return;
    case Step::Filter:
      found.many = true;
      if (element.get(array) == SUCCESS) {
        for (dom::element item : array) {
          dom::object member;
          std::string_view text;
          if (item.get(member) == SUCCESS && member.at_key(step.key).get(text) == SUCCESS &&
              text == step.value) {
            walk(item, path, at + 1, found);
          }
        }
      }
      return;
    case Step::Index:
      if (element.get(array) == SUCCESS) {
        const long size = long(array.size());
        const long index = step.index < 0 ? size + step.index : step.index;
        if (index >= 0 && index < size && array.at(size_t(index)).get(next) == SUCCESS) {
          walk(next, path, at + 1, found);
        }
        return;
      }
      [[fallthrough]];
    case Step::Key:
      if (element.get(object) == SUCCESS && member(object, step.key, next, found.is_twice)) {
        walk(next, path, at + 1, found);
      }
  }
}

// A key that an object within has twice, if there is one. O(n log n) in the members of an object.
std::optional<std::string_view> repeated(dom::element element, std::vector<std::string_view> &keys) {
  dom::array array;
  dom::object object;
  if (element.get(array) == SUCCESS) {
    for (dom::element item : array) {
      if (auto found = repeated(item, keys)) return found;
    }
  } else if (element.get(object) == SUCCESS) {
    keys.clear();
    for (auto field : object) keys.push_back(field.key);
    std::sort(keys.begin(), keys.end());
    auto twin = std::adjacent_find(keys.begin(), keys.end());
    if (twin != keys.end()) return *twin;
    for (auto field : object) {
      if (auto found = repeated(field.value, keys)) return found;
    }
  }
  return std::nullopt;
}

void write(dom::element element, std::string &text) {
  std::string_view string;
  if (element.get(string) == SUCCESS) {
    text.append(string);
  } else if (!element.is_null()) {
    text += simdjson::minify(element);
  }
}

}  // namespace

tm_json_reader *tm_json_create(const char *const *names, size_t count) {
  auto *reader = new (std::nothrow) tm_json_reader;
  if (!reader) return nullptr;
  for (size_t i = 0; i < count; i++) {
    std::string name = names[i];
    reader->keys.push_back(name);
    size_t dot = name.find('.');
    if (dot == std::string::npos) {
      reader->names.emplace_back(name, "");
    } else {
      reader->names.emplace_back(name.substr(0, dot), name.substr(dot + 1));
    }
  }
  reader->elements.resize(count);
  for (size_t i = 0; i < count; i++) reader->paths.push_back(steps(names[i]));
  reader->texts.resize(count);
  return reader;
}

void tm_json_destroy(tm_json_reader *reader) { delete reader; }

size_t tm_json_padding(void) { return SIMDJSON_PADDING; }

static const char *twice(tm_json_reader *reader, const std::string &key) {
  reader->problem = "'" + key + "' is there twice";
  return reader->problem.c_str();
}

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
  reader->seen.assign(count, false);
  for (auto field : object) {
    for (size_t i = 0; i < count; i++) {
      const auto &[outer, inner] = reader->names[i];
      if (field.key != outer) continue;
      if (reader->seen[i]) return twice(reader, reader->keys[i]);
      reader->seen[i] = true;
      if (inner.empty()) {
        fill(values[i], field.value, reader->elements[i]);
        continue;
      }
      dom::object nested;
      dom::element element;
      bool is_twice = false;
      if (field.value.get(nested) == SUCCESS && member(nested, inner, element, is_twice)) {
        if (is_twice) return twice(reader, reader->keys[i]);
        fill(values[i], element, reader->elements[i]);
      }
    }
  }
  return nullptr;
}

const char *tm_json_texts(
    tm_json_reader *reader, const uint8_t *bytes, size_t length, tm_json_value *values) {
  dom::element root;
  if (auto error = reader->parser.parse(bytes, length, false).get(root)) {
    return error_message(error);
  }
  if (!root.is_object()) return "it is JSON, but not an object";
  for (size_t i = 0; i < reader->paths.size(); i++) {
    Found found;
    walk(root, reader->paths[i], 0, found);
    if (found.is_twice) return twice(reader, reader->keys[i]);
    std::string &text = reader->texts[i];
    text.clear();
    if (found.counts) {
      text = std::to_string(found.count);
    } else if (found.many) {
      // A list of what was found, as JSON.
      text = "[";
      for (size_t k = 0; k < found.elements.size(); k++) {
        if (k > 0) text += ',';
        text += simdjson::minify(found.elements[k]);
      }
      text += ']';
      if (found.elements.empty()) text.clear();
    } else if (!found.elements.empty()) {
      if (auto twin = repeated(found.elements[0], reader->members)) {
        reader->problem = "'" + reader->keys[i] + "' has '" + std::string(*twin) + "' twice";
        return reader->problem.c_str();
      }
      write(found.elements[0], text);
    }
    values[i] = tm_json_value{};
    values[i].kind = text.empty() ? TM_JSON_ABSENT : TM_JSON_STRING;
    values[i].text = text.data();
    values[i].length = text.size();
  }
  return nullptr;
}
