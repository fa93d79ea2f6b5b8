"""Each alarm is made to ring, by its definition."""

import json
import re

import pytest
from evaluate import Evaluated
from stack import ROOT

RESOURCES = Evaluated().resources()
ALARMS = {name: entry["Properties"] for name, entry in RESOURCES.items() if entry["Type"] == "AWS::CloudWatch::Alarm"}
FILTERS = {name: entry["Properties"] for name, entry in RESOURCES.items() if entry["Type"] == "AWS::Logs::MetricFilter"}
COMPARED = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}
# What AWS has by these names, and the dimension that a series has.
OF_AWS = {
    "AWS/SQS": ("QueueName", {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesReceived"}),
    "AWS/Lambda": ("FunctionName", {"Errors", "Throttles", "Duration", "AsyncEventsDropped", "DestinationDeliveryFailures"}),
    "AWS/DynamoDB": ("TableName", {"ReadThrottleEvents", "WriteThrottleEvents"}),
    "AWS/Events": ("RuleName", {"FailedInvocations", "InvocationsFailedToBeSentToDlq"}),
    "AWS/ApiGateway": ("ApiId", {"5xx"}),
    "AWS/SES": ("Installation", {"Bounce", "Complaint"}),
}


def metrics(alarm):
    """Namespace, name, dimensions and statistic of everything that an alarm looks at."""
    if "Metrics" in alarm:
        stats = [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]
        return [(one["Metric"]["Namespace"], one["Metric"]["MetricName"], one["Metric"]["Dimensions"], one["Stat"]) for one in stats]
    return [(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions", []), alarm["Statistic"])]


def rings(alarm, periods):
    """Whether an alarm rings. For each of the last periods a list of values, none where nothing was reported."""
    periods = periods[-alarm["EvaluationPeriods"]:]
    statistic = metrics(alarm)[0][3]

    def breaches(values):
        if not values:
            return alarm["TreatMissingData"] == "breaching"
        value = max(values) if statistic == "Maximum" else sum(values)
        return COMPARED[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))

    return len(periods) == alarm["EvaluationPeriods"] and all(map(breaches, periods))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_rings_above_its_limit_and_at_nothing_else(name):
    alarm = ALARMS[name]
    always = alarm["EvaluationPeriods"]
    if alarm["ComparisonOperator"] == "LessThanThreshold":
        # The heartbeat: silence rings.
        assert rings(alarm, [[]] * always) and not rings(alarm, [[1]] * always)
        return
    limit = float(alarm["Threshold"])
    beyond = limit + (0 if alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold" else 1)
    assert rings(alarm, [[beyond]] * always)
    assert not rings(alarm, [[beyond - 1]] * always)
    assert not rings(alarm, [[]] * always)


def test_what_the_alarms_look_at_exists():
    sent = {(one["MetricNamespace"], one["MetricName"])
            for entry in FILTERS.values() for one in entry["MetricTransformations"]}
    for name, alarm in ALARMS.items():
        for namespace, metric, dimensions, _ in metrics(alarm):
            if namespace == "Rollcall/rollcall":
                assert (namespace, metric) in sent and not dimensions, name
            elif namespace == "Rollcall":
                assert dimensions == [{"Name": "Stack", "Value": "rollcall"}], name
            else:
                dimension, known = OF_AWS[namespace]
                assert metric in known and [one["Name"] for one in dimensions] == [dimension], name


def test_a_filter_reads_no_name_with_a_dot_and_counts_lines():
    for name, entry in FILTERS.items():
        (one,) = entry["MetricTransformations"]
        assert one["MetricValue"] == "1", name
        assert re.fullmatch(r'\{ \$\.fields\.message = "[a-z ]+\*?" \}', entry["FilterPattern"]), name


def test_a_message_of_a_filter_is_one_that_the_functions_log():
    source = "\n".join(path.read_text() for folder in ("functions", "shared") for path in (ROOT / folder).rglob("*.rs"))
    for name, entry in FILTERS.items():
        message = re.search(r'"([^"]+)"', entry["FilterPattern"]).group(1)
        assert re.search(rf'tracing::\w+!\([^;]*"{message.rstrip("*")}', source), name


def test_each_alarm_names_a_section_of_the_runbook():
    sections = {line[3:].strip().lower() for line in (ROOT / "infra" / "RUNBOOK.md").read_text().splitlines() if line.startswith("## ")}
    for name, alarm in ALARMS.items():
        section = alarm["AlarmDescription"].rsplit("runbook, ", 1)[1].rstrip(".")
        assert section in sections, (name, section)


def test_every_queue_table_and_function_is_watched():
    """By the alarm that the on-call engineer needs for it."""
    looked = {(metric, json.dumps(dimensions)) for alarm in ALARMS.values() for _, metric, dimensions, _ in metrics(alarm)}
    has = lambda metric, resource: any(metric == one and resource in of for one, of in looked)  # noqa: E731
    for function in ("Splitter", "Worker", "Finalizer", "Console", "Webhook"):
        for metric in ("Errors", "Throttles", "Duration"):
            assert has(metric, f'"{function}"'), (function, metric)
    for table in ("ContactsTable", "DirectoryTable", "ImportsTable"):
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            assert has(metric, table), (table, metric)
    for queue, metric in (("ParkedQueue", "ApproximateNumberOfMessagesVisible"), ("ChunkQueue", "ApproximateAgeOfOldestMessage"),
                          ("FinalizeQueue", "ApproximateAgeOfOldestMessage"), ("DeadChunkQueue", "NumberOfMessagesReceived"),
                          ("FailedEventQueue", "NumberOfMessagesReceived")):
        assert has(metric, queue), queue


def test_a_duration_alarm_is_at_nine_tenths_of_the_limit():
    for pace in ("standard", "quick"):
        made = Evaluated(Pace=pace).resources()
        for function in ("Splitter", "Worker", "Finalizer", "Console", "Webhook"):
            limit = made[f"{function}DurationAlarm"]["Properties"]["Threshold"]
            assert limit == 900 * made[function]["Properties"]["Timeout"], (pace, function)


def test_three_failures_of_a_file_are_an_alarm():
    """An event that fails is tried three times within ten minutes, and then it is in the queue of failed events."""
    alarm = ALARMS["SplitterErrorsAlarm"]
    assert rings(alarm, [[1, 1, 1]]) and not rings(alarm, [[1, 1]]) and alarm["Period"] >= 600
    assert rings(ALARMS["FailedEventAlarm"], [[1]])
