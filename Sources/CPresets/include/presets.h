// Profiles of the presets, as `tools/make-presets` wrote them: JSON in the program itself.
#ifndef CPRESETS_H
#define CPRESETS_H

#include <stddef.h>

/* The bytes of a preset's profile and how many they are; NULL and 0 if there is none of that name. */
const unsigned char *cpresets_profile(const char *name, size_t *size);

#endif
