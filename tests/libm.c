/* Another C library: each result of its functions is one last place higher than on this machine.
 *
 * cc -shared -fPIC -fno-builtin -o libm.so tests/libm.c -ldl -lm
 * LD_PRELOAD=$PWD/libm.so python -m stages.train_basic
 *
 * Whole numbers stay as they are, since they are exact in every C library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>

#define HIGHER(TYPE, NAME, RINT, NEXT, PARAMETERS, ARGUMENTS)    \
    TYPE NAME PARAMETERS {                                       \
        static TYPE(*original) PARAMETERS;                       \
        if (!original) original = dlsym(RTLD_NEXT, #NAME);       \
        TYPE result = original ARGUMENTS;                        \
        return result == RINT(result) ? result : NEXT(result, INFINITY); \
    }
#define BOTH(NAME, PARAMETERS, ARGUMENTS)                        \
    HIGHER(double, NAME, rint, nextafter, PARAMETERS(double), ARGUMENTS) \
    HIGHER(float, NAME##f, rintf, nextafterf, PARAMETERS(float), ARGUMENTS)
#define X(TYPE) (TYPE x)
#define XY(TYPE) (TYPE x, TYPE y)
#define ONE(NAME) BOTH(NAME, X, (x))
#define TWO(NAME) BOTH(NAME, XY, (x, y))

ONE(exp) ONE(exp2) ONE(expm1) ONE(log) ONE(log2) ONE(log10) ONE(log1p) ONE(cbrt) ONE(erf) ONE(erfc)
ONE(sin) ONE(cos) ONE(tan) ONE(asin) ONE(acos) ONE(atan) ONE(sinh) ONE(cosh) ONE(tanh)
ONE(lgamma) ONE(tgamma) TWO(pow) TWO(atan2) TWO(hypot)
