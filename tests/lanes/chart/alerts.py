"""promtool over the alert rules: each fires under the fault that it is for, alone and not at once, and is silent without."""

import os
import pathlib
import subprocess

import yaml

from rendering import CHART, LEAST, by_kind, template
from report import check

RULES = CHART / "rules" / "alerts.yaml"
CASES = pathlib.Path(__file__).with_suffix(".yaml")
FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'


def promtool(*arguments):
    ended = subprocess.run([os.environ["PROMTOOL"], *arguments], capture_output=True, text=True, check=False)
    return ended.returncode == 0, ended.stdout + ended.stderr


def unit_test(series, expectations):
    """One test of promtool: at each time, which alerts fire and no others."""
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": str(values)} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": FIRING,
                "eval_time": time,
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in names],
            }
            for time, names in expectations.items()
        ],
    }


def tested(name, test):
    file = pathlib.Path(os.environ["WORK"]) / "alert-test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}))
    good, said = promtool("test", "rules", str(file))
    check(name, good, said)


def run():
    good, said = promtool("check", "rules", str(RULES))
    check("promtool takes the alert rules", good, said)
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    cases = yaml.safe_load(CASES.read_text())
    names = sorted(rule["alert"] for rule in rules)
    check("each alert has a fault that fires it", names == sorted(f"FhirMcp{name}" for name in cases["faults"]), names)
    healthy = cases["healthy"]
    tested("all alerts are silent while all is well", unit_test(healthy, {time: [] for time in ("10m", "60m", "120m", "239m")}))
    for name, case in cases["faults"].items():
        expectations = {case["not_yet"]: [], case["at"]: [f"FhirMcp{name}"]}
        for series in filter(None, (case["series"], case.get("or"))):
            tested(f"FhirMcp{name} fires under its fault, alone, and not at once", unit_test(healthy | series, expectations))
    shipped(rules)


def shipped(rules):
    """The PrometheusRule of the chart is the same rules, with the runbook where the operator says."""
    base = "https://docs.example.org/operations.html"
    values = LEAST | {"prometheusRule.enabled": "true", "prometheusRule.runbookBase": base, "prometheusRule.disabled[0]": "FhirMcpPanics"}
    _, objects, said = template(values)
    made = [rule for one in by_kind(objects, "PrometheusRule") for group in one["spec"]["groups"] for rule in group["rules"]]
    wanted = [rule for rule in rules if rule["alert"] != "FhirMcpPanics"]
    for rule in wanted:
        rule["annotations"]["runbook_url"] = rule["annotations"]["runbook_url"].replace("docs/operations.md", base)
    check("the PrometheusRule is these rules, without those that are left out", made == wanted and len(made) > 20, said)
