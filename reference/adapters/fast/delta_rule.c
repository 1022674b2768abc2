/* One step of the gated delta rule. A row of the state changes by itself, so four at a time are read from
 * memory once and written once. float32 throughout; q, k [B, Hq, K], v [B, Hv, V], gates [B, Hv]. */

#include <stdint.h>

struct token {
    const float *q, *k;
    float decay, beta, scale;
};

static void four_rows(struct token t, const float *from, float *to, const float *v, float *out, int64_t columns)
{
    const float *f0 = from, *f1 = f0 + columns, *f2 = f1 + columns, *f3 = f2 + columns;
    float *t0 = to, *t1 = t0 + columns, *t2 = t1 + columns, *t3 = t2 + columns;
    float d0 = 0, d1 = 0, d2 = 0, d3 = 0, o0 = 0, o1 = 0, o2 = 0, o3 = 0;
#pragma omp simd reduction(+ : d0, d1, d2, d3)
    for (int64_t j = 0; j < columns; j++) {
        float k = t.k[j];
        d0 += f0[j] * k;
        d1 += f1[j] * k;
        d2 += f2[j] * k;
        d3 += f3[j] * k;
    }
    float e0 = t.beta * (v[0] - t.decay * d0), e1 = t.beta * (v[1] - t.decay * d1);
    float e2 = t.beta * (v[2] - t.decay * d2), e3 = t.beta * (v[3] - t.decay * d3);
#pragma omp simd reduction(+ : o0, o1, o2, o3)
    for (int64_t j = 0; j < columns; j++) {
        float k = t.k[j], q = t.q[j];
        float s0 = t.decay * f0[j] + e0 * k, s1 = t.decay * f1[j] + e1 * k;
        float s2 = t.decay * f2[j] + e2 * k, s3 = t.decay * f3[j] + e3 * k;
        t0[j] = s0;
        t1[j] = s1;
        t2[j] = s2;
        t3[j] = s3;
        o0 += s0 * q;
        o1 += s1 * q;
        o2 += s2 * q;
        o3 += s3 * q;
    }
    out[0] = t.scale * o0;
    out[1] = t.scale * o1;
    out[2] = t.scale * o2;
    out[3] = t.scale * o3;
}

static void one_row(struct token t, const float *from, float *to, const float *v, float *out, int64_t columns)
{
    float d = 0, o = 0;
#pragma omp simd reduction(+ : d)
    for (int64_t j = 0; j < columns; j++)
        d += from[j] * t.k[j];
    float e = t.beta * (v[0] - t.decay * d);
#pragma omp simd reduction(+ : o)
    for (int64_t j = 0; j < columns; j++) {
        float s = t.decay * from[j] + e * t.k[j];
        to[j] = s;
        o += s * t.q[j];
    }
    out[0] = t.scale * o;
}

void gated_delta_step(const float *q, const float *k, const float *v, const float *decay, const float *beta,
                      const float *start, float *after, float *out, int64_t sequences, int64_t heads,
                      int64_t query_heads, int64_t rows, int64_t columns, float scale)
{
    for (int64_t head = 0; head < sequences * heads; head++) {
        int64_t read = head / (heads / query_heads) * columns;
        struct token t = {q + read, k + read, decay[head], beta[head], scale};
        int64_t row = head * rows, end = row + rows;
        for (; row + 4 <= end; row += 4)
            four_rows(t, start + row * columns, after + row * columns, v + row, out + row, columns);
        for (; row < end; row++)
            one_row(t, start + row * columns, after + row * columns, v + row, out + row, columns);
    }
}
