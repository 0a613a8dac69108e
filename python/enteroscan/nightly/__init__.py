"""The night job: every night the day's reports, all detectors, and only what is new."""
