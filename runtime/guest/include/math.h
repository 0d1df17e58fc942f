/* The generated code's names for floating point operations that are single instructions of SSE4.1 or builtins of gcc. */
#define isnan(x) __builtin_isnan(x)
#define fabs(x) __builtin_fabs(x)
#define fabsf(x) __builtin_fabsf(x)
#define sqrt(x) __builtin_sqrt(x)
#define sqrtf(x) __builtin_sqrtf(x)

double floor(double x);
double ceil(double x);
double trunc(double x);
double nearbyint(double x);
float floorf(float x);
float ceilf(float x);
float truncf(float x);
float nearbyintf(float x);
