#include "presets.h"

#include <string.h>

// #embed is of C23; clang has it in all dialects.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char google_2011[] = {
#embed "google-2011.json"
};

static const unsigned char google_2019[] = {
#embed "google-2019.json"
};

const unsigned char *cpresets_profile(const char *name, size_t *size) {
  if (strcmp(name, "google-2011") == 0) {
    *size = sizeof google_2011;
    return google_2011;
  }
  if (strcmp(name, "google-2019") == 0) {
    *size = sizeof google_2019;
    return google_2019;
  }
  *size = 0;
  return NULL;
}
