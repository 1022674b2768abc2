"""For runs of this repository; the suites need nothing from here."""

collect_ignore = ["build", "dist"]
