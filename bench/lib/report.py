"""Collects figures and prints them: a table for people, one JSON object a line for tools (DESIGN §10)."""

import json
import statistics


class Report:
    def __init__(self):
        self.rows = []

    def add(self, bench, metric, unit, subject, values):
        """Adds one figure: the median of `values` with its spread."""
        self.rows.append({
            "bench": bench, "metric": metric, "unit": unit, "subject": subject,
            "value": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values),
        })
        row = self.rows[-1]
        print(f"  {metric:34} {subject:22} {row['value']:>12.4g} {unit:8}"
              f" ({row['min']:.4g} … {row['max']:.4g}, {row['runs']} runs)", flush=True)

    def value(self, metric, subject):
        for row in self.rows:
            if row["metric"] == metric and row["subject"] == subject:
                return row["value"]
        return None

    def ratio(self, metric, subject, peer, reach):
        """Prints subject / peer beside what SPECIFICATION.md promises of it (`reach`: the highest ratio promised)."""
        ours, theirs = self.value(metric, subject), self.value(metric, peer)
        if ours is None or not theirs:
            return
        ratio = ours / theirs
        verdict = "reached" if ratio <= reach else "NOT reached"
        print(f"  → {metric}: {subject} is {ratio:.2f} × {peer}; promised ≤ {reach:g} × : {verdict}", flush=True)

    def at_least(self, metric, subject, peer, reach):
        """Prints subject / peer beside the least ratio that is promised."""
        ours, theirs = self.value(metric, subject), self.value(metric, peer)
        if ours is None or not theirs:
            return
        verdict = "reached" if ours / theirs >= reach else "NOT reached"
        print(f"  → {metric}: {subject} is {ours / theirs:.2f} × {peer}; promised ≥ {reach:g} × : {verdict}", flush=True)

    def bound(self, metric, subject, at_least=None, at_most=None):
        """Prints a figure beside what SPECIFICATION.md promises of it."""
        value = self.value(metric, subject)
        if value is None:
            return
        held = value >= at_least if at_most is None else value <= at_most
        promise = f"≥ {at_least:g}" if at_most is None else f"≤ {at_most:g}"
        print(f"  → {metric}: {subject} has {value:.3g}; promised {promise} : {'reached' if held else 'NOT reached'}", flush=True)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            for row in self.rows:
                file.write(json.dumps(row) + "\n")
