"""Small journals by hand, one of each style, without a slip."""

from __future__ import annotations

PAPER = """\
# Bolt Journal

Newest first.

## 2026-03-02: Fused attention

### Hypothesis
One fused kernel will reduce the training time.

### Methodology
Three runs each.

### Results
| Metric | Before | After | Change |
| :--- | :--- | :--- | :--- |
| step time | 400 ms | 300 ms | -25% |
| Final Loss | 2.6811 | 2.6811 | 0% |

### Conclusion
The hypothesis is confirmed.

## 2026-03-01: Larger batches

### Hypothesis
More at once.

### Methodology
One run.

### Results
Nothing changed.

### Conclusion
Refuted.

## YYYY-MM-DD: [Title of Entry]

### Hypothesis
A statement.
"""

FINDINGS = """\
# Findings & Architectural Log

- **Empirical benchmarks:** measurements
- **Architectural decisions:** the why
- **Failed experiments:** lessons
- **Statistical truths:** observations

## 2026-03-01: Loops are slow
Kind: failed experiment
"""

EVIDENCE = """\
# Bolt Journal

### 2026-03-01: Template entry

- **Discovery:** A loop.
- **Strategy:** One kernel.
- **Evidence:** Numbers.
    - **Before:** averaged **850 tokens/sec**.
    - **After:** averages **1,250 tokens/sec**, a **47% improvement** in throughput.
"""

WORKLOG = """\
# Project Worklog

New entries are added to the top of the file.

## Log Entry Template

```markdown
---
### **YYYY-MM-DD HH:MM**

**Objective:**
*   (State the goal.)

**Artifacts:**
*   **Commit:** `[Optional]`
---
```

---

### **2026-03-02 11:45**

**Objective:**
*   A layer.

**Actions & Command(s):**
1.  `pytest`

**Observations & Results:**
*   It passed.

**Analysis & Decisions:**
*   Kept.

**Artifacts:**
*   **Commit:** `98bdccae3f0a71d2455b9ef6c4a1d8e07b1c2f93`
---
### **2026-03-02 10:30**

**Objective:**
*   Another layer.

**Actions & Command(s):**
1.  `pytest`

**Observations & Results:**
*   It failed.

**Analysis & Decisions:**
*   Mended.

**Artifacts:**
*   **Commit:** `0b7de4f1a89c23365dd1f0a4be97c5528e6f4a17`
---
"""

LOGBOOK = """\
# Logbook

## Entry 1 — Baseline (2026-02-16 20:45)

**Goal:** A start.

**Findings:**
- ~17x faster (60s→3.5s per step) with B=4 T=256

---

## Entry 2 — Scaling (2026-02-16 22:50)

**Goal:** More.

**Results (50 training steps, B=4, T=256):**

| Model | Params | ms/step | tok/s | Total Time |
|---|---|---|---|---|
| small | 25.3M | 3126 | 328 | 156s |
| large | 50.5M | **1600** | **640** | **80s** |
"""

EXPERIMENT = """\
# Experiment Log

## 2026-02-13 - Baseline

### Goal
Reliable runs.

### Experiment 1 - Resume
- Hypothesis: it fails
- Action: looked
- Outcome: mended
- Result: better

### Experiment 2 - Temperature
- Hypothesis: it is lost
- Action: threaded through
- Outcome: controlled
- Result: better

## 2026-02-14 - Decode

### Hypothesis
More steps help.

### Action
40 steps.

### Outcome
No uplift.

## Ongoing Template

Copy this:

```markdown
## YYYY-MM-DD - <experiment name>

### Goal
<what we want to improve>
```
"""

CHANGELOG = """\
# Changelog

| Feature | v0.1 | v0.2 |
|---|---|---|
| Layers | 1 | 4 |
| Context window | 8 | 64 |

## [Unreleased]

## [0.2.0] - 2026-02-17
- 4-layer transformer (up from 1 layer)
- 64-token context window (up from 8)

## [0.1.0] - 2026-02-16
- Best val loss 2.3716 (ppl 10.7)
"""

LEARNING = """\
## 2026-01-02 - Loops
**Learning:** they cost
**Action:** one kernel

## 2026-01-05 - Copies
**Learning:** they cost, too
**Action:** views
"""

STYLES = {
    "paper": PAPER,
    "findings": FINDINGS,
    "evidence": EVIDENCE,
    "worklog": WORKLOG,
    "logbook": LOGBOOK,
    "experiment": EXPERIMENT,
    "changelog": CHANGELOG,
    "learning": LEARNING,
}
