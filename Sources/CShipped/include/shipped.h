// Files of the repository that are part of the program, so that it can be moved: mappings, profiles, experiments,
// policies, and what HTML pages are made of.
#ifndef SHIPPED_H
#define SHIPPED_H

#include <stddef.h>

/* The bytes of a file and how many they are; NULL and 0 if there is none of that name. */
const unsigned char *shipped_file(const char *name, size_t *size);

/* The name of a mapping by its place in the order in which they are asked; NULL after the last. */
const char *shipped_mapping(size_t place);

#endif
