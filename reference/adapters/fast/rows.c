/* RMSNorm of rows, each row while it lies in the cache; float32 inside. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint16_t bfloat16;

static inline float widened(bfloat16 x)
{
    uint32_t bits = (uint32_t)x << 16;
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

/* Round to nearest, ties to even; a NaN stays one whatever its payload. */
static inline bfloat16 narrowed(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0 : (bfloat16)rounded;
}

static void rms_norm_row(const float *x, const float *weight, float *out, int64_t columns, float eps)
{
    float squares = 0.0f;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < columns; i++)
        squares += x[i] * x[i];
    float factor = 1.0f / sqrtf(squares / (float)columns + eps);
#pragma omp simd
    for (int64_t i = 0; i < columns; i++)
        out[i] = x[i] * factor * weight[i];
}

static void widen_row(const bfloat16 *x, float *wide, int64_t columns)
{
#pragma omp simd
    for (int64_t i = 0; i < columns; i++)
        wide[i] = widened(x[i]);
}

static void narrow_row(const float *wide, bfloat16 *out, int64_t columns)
{
#pragma omp simd
    for (int64_t i = 0; i < columns; i++)
        out[i] = narrowed(wide[i]);
}

int rms_norm_float32(const float *x, const float *weight, float *out, int64_t rows, int64_t columns, float eps)
{
    for (int64_t row = 0; row < rows; row++)
        rms_norm_row(x + row * columns, weight, out + row * columns, columns, eps);
    return 0;
}

int rms_norm_bfloat16(const bfloat16 *x, const float *weight, bfloat16 *out, int64_t rows, int64_t columns, float eps)
{
    float *wide = malloc((size_t)columns * sizeof *wide);
    if (!wide)
        return 1;
    for (int64_t row = 0; row < rows; row++) {
        widen_row(x + row * columns, wide, columns);
        rms_norm_row(wide, weight, wide, columns, eps);
        narrow_row(wide, out + row * columns, columns);
    }
    free(wide);
    return 0;
}
