#ifndef CNEURAL_FIXED_H
#define CNEURAL_FIXED_H

// Rounding is written down, not left to the compiler: where a product is fused with a sum, and where not, is the same
// in the versions of a function for all processors.
#pragma STDC FP_CONTRACT OFF

// One binary for all machines of the architecture: the loader takes the version that fits.
#if defined(CLONED)
// Said by whoever includes the source (a test of the plain version).
#elif defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__)
#define CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONED
#endif

// a × b + c, rounded once; by the C library, and slowly, where the processor cannot (before 2013).
#define fma32(a, b, c) __builtin_fmaf((a), (b), (c))

#endif
